"""A network with latent label times: what it predicts, keeps and refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.posteriors.latent_times import LatentTimes
from bayes_a2m.posteriors.point import Point
from tests import tiny
from tests.posteriors.contract import PosteriorContract


def plan(*settings: str) -> LatentTimes:
    return LatentTimes.of_experiment(load_experiment("latent_times", (*tiny.SMALL, *settings)))


@pytest.fixture(scope="module")
def model(tiny_data: Dataset) -> LatentTimes:
    return plan("training.epochs=20").fit(*tiny_data.split("train").with_tuning_part(0.2))


class TestLatentTimes(PosteriorContract):
    covers = "latent_times"

    def test_it_knows_the_times_of_every_condition(self, model: LatentTimes) -> None:
        times = model.label_times
        assert list(times) == ["noisy", "studio"]
        assert sum(each.lag for each in times.values()) == pytest.approx(0, abs=1e-4)
        assert all(each.scatter != 3.0 for each in times.values())

    def test_labels_are_less_sure_of_their_time_than_the_network(
        self, model: LatentTimes, tiny_data: Dataset
    ) -> None:
        recording = tiny_data.split("validation")[0]
        features = model.frontend.normalizer(model.frontend.features(recording))
        with torch.inference_mode():
            sharp = model.network(torch.from_numpy(features)[None])[0].exp().numpy()
        blurred = np.exp(model.predict_recording(recording, 1)[0, 0])
        kernel = model._times.kernel().numpy()
        reach = len(kernel) // 2
        padded = np.pad(sharp, ((reach, reach), (0, 0)), mode="edge")
        by_hand = [np.convolve(padded[:, k], kernel, "valid") for k in range(4)]
        np.testing.assert_allclose(blurred, np.stack(by_hand, axis=1), atol=1e-5)


def test_what_does_not_go_with_it_is_refused(tiny_point: Point, tiny_data: Dataset) -> None:
    parts = tiny_data.split("train").with_tuning_part(0.2)
    with pytest.raises(InputError, match="leave --from out"):
        plan().fit(*parts, start=tiny_point)
    with pytest.raises(InputError, match="a loss of its own"):
        plan("training.label_smoothing=0.1").fit(*parts)
    with pytest.raises(InputError, match="not fitted"):
        _ = plan().label_times
