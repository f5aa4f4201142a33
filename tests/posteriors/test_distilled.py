"""A distilled network: one draw, teachers of other seeds, or those that are given."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.posteriors.distilled import Distilled
from bayes_a2m.posteriors.network_posterior import FitContext
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.training_data import TrainingData
from tests import tiny
from tests.posteriors.contract import PosteriorContract


def plan(*settings: str) -> Distilled:
    return Distilled.of_experiment(
        load_experiment("distilled", (*tiny.SMALL, "posterior.jobs=1", *settings))
    )


@pytest.fixture(scope="module")
def model(tiny_point: Point, tiny_data: Dataset) -> Distilled:
    parts = tiny_data.split("train").with_tuning_part(0.2)
    return plan("training.epochs=16").fit(*parts, start=tiny_point)


class TestDistilled(PosteriorContract):
    covers = "distilled"

    def test_it_answers_much_as_its_teacher(
        self, model: Distilled, tiny_point: Point, tiny_data: Dataset
    ) -> None:
        assert model.network is not tiny_point.network
        data = tiny_data.split("validation")
        taught, other = (each.predict(data).mean() for each in (tiny_point, model))
        assert 0 < np.abs(taught - other).mean() < 0.1


def test_without_teachers_it_trains_its_own(tiny_data: Dataset) -> None:
    student = plan("posterior.members=2", "training.epochs=1")
    parts = tiny_data.split("train").with_tuning_part(0.2)
    training_data = TrainingData.of(*parts, student.experiment)
    record = student.fit_examples(training_data, FitContext())
    assert record.log.count("\n") == 1 + 3
    assert student.passes(student.experiment) == pytest.approx(3 + 2 / 3)
    assert student.passes(student.experiment, started=True) == pytest.approx(1 + 2 / 3)
    # the student begins where none of them does
    teachers = student._ensemble()
    assert student.seed not in {teachers.experiment.seed * 1000 + i for i in range(2)}
