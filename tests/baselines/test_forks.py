"""A whole tracker, of three tuning forks: all that is asked of a posterior, it does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import pytest
from numpy.typing import NDArray

from bayes_a2m import registry
from bayes_a2m.baselines.frames import blocks
from bayes_a2m.baselines.tracker import PitchActivations, Tracker
from bayes_a2m.datasets import Dataset
from tests.baselines.contract import BaselineContract
from tests.baselines.small import fitted

HERTZ = 440.0 * 2.0 ** ((np.array([60.0, 64.0, 67.0]) - 69) / 12)


class Forks(Tracker):
    """How much C4, E4 and G4 resound, every 10 ms."""

    name = "lpc"  # of a registered kind: experiments name their posterior
    rate = 8000

    @cached_property
    def backend(self) -> NDArray[np.complex128]:
        """The forks, ``(sample, fork)``."""
        waves = np.exp(2j * np.pi * np.outer(np.arange(800), HERTZ / self.rate))
        return np.hanning(800)[:, None] * waves / 200

    def track(self, samples: NDArray[np.float64]) -> PitchActivations:
        """Loudness of each, 1 for a sine of full scale."""
        frames = 1 + len(samples) // 80
        cut = np.concatenate(list(blocks(samples, 800, 80, frames)))
        strength = np.minimum(np.abs(cut @ self.backend), 1.0)
        return PitchActivations(np.arange(frames) * 0.01, HERTZ[None, :], strength)


@pytest.fixture(scope="module")
def model(tiny_data: Dataset) -> Iterator[Forks]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._registered, ("posteriors", Forks.name), Forks)
        yield fitted(Forks(penalty=1e-4), tiny_data)


class TestForks(BaselineContract):
    # the three trackers differ from this one in their backends alone, which test_peers.py runs
    covers = "swift_f0 basic_pitch crepe"
