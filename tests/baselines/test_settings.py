"""Settings: those out of bounds are named, those that are fixed are not chosen anew."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bayes_a2m.baselines.baseline import Baseline
from bayes_a2m.baselines.frame_features import CONTEXTS, PENALTIES
from bayes_a2m.baselines.knn import KNN, NEIGHBOURS
from bayes_a2m.baselines.lpc import LPC
from bayes_a2m.baselines.pyin import PYIN
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.models import make_posterior
from bayes_a2m.models.construction import posterior_class
from tests.baselines.small import QUICK, SPECTRUM, fitted


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (KNN, "k", 0),
        (KNN, "smoothing", 0.0),
        (KNN, "stored", 9),
        (KNN, "weights", "nearest"),
        (KNN, "stride", 0.0),
        (LPC, "order", 0),
        (LPC, "preemphasis", 1.0),
        (LPC, "window", 32),
        (LPC, "octave", "fifth"),
        (LPC, "rows", 99),
        (PYIN, "threshold", 0.5),
        (PYIN, "penalty", 0.0),
        (PYIN, "context", -1),
    ],
)
def test_a_value_out_of_bounds_is_named(kind: type[Baseline], name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"^posterior\.{name}: ") as told:
        kind(**{name: value})
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["knn", "lpc", "pyin", "swift_f0", "basic_pitch", "crepe"])
def test_the_experiment_that_ships_makes_the_baseline(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.network is None
    try:
        model = make_posterior(experiment)
    except InputError as error:
        if "is not installed: pip install" not in str(error):
            raise
        pytest.skip(str(error))
    assert type(model) is posterior_class(name)
    assert model.name == name
    assert model.experiment == experiment


def considered(model: Baseline) -> list[dict[str, float]]:
    """Choices in the log, in order."""
    rows = [line.rpartition(",")[0] for line in model.record.log.splitlines()[1:]]
    return [{k: float(v) for k, v in (one.split("=") for one in row.split())} for row in rows]


def test_what_is_fixed_is_not_chosen(tiny_data: Dataset) -> None:
    model = fitted(KNN(features=SPECTRUM, stored=300, context=0, smoothing=2.0), tiny_data)
    assert considered(model) == [{"context": 0, "k": k, "smoothing": 2} for k in NEIGHBOURS]
    assert model.setting("smoothing") == 2.0
    assert model.setting("k") == model.chosen["k"]


def test_what_is_left_open_is_tried_in_every_combination(tiny_data: Dataset) -> None:
    model = fitted(LPC(rows=300), tiny_data)
    wanted = [{"context": c, "penalty": p} for c, p in itertools.product(CONTEXTS, PENALTIES)]
    assert considered(model) == wanted


def test_more_neighbours_than_frames_are_all_of_them(tiny_data: Dataset) -> None:
    fit, _ = tiny_data.split("train").with_tuning_part(0.2)
    model = fitted(
        KNN(features=SPECTRUM, stored=10, k=500, weights="uniform", context=0, smoothing=1.0),
        tiny_data,
    )
    # at least a frame of each recording is kept, and all have a vote
    assert len(model.memory.labels) == len(fit)
    assert considered(model) == [{"context": 0, "k": len(fit), "smoothing": 1}]
    counts = np.bincount(model.memory.labels, minlength=4)
    law = (counts + model.memory.prior) / (len(fit) + 1)
    found = np.exp(model.predict_recording(tiny_data.split("validation")[0])[0, 0])
    np.testing.assert_allclose(found, np.broadcast_to(law, found.shape), atol=1e-6)


def test_other_frames_are_drawn_for_another_seed(tiny_data: Dataset) -> None:
    one, other = (fitted(LPC(rows=200, seed=seed, **QUICK), tiny_data) for seed in (0, 1))
    assert one.model.rows == other.model.rows
    assert not np.array_equal(one.model.mean, other.model.mean)
