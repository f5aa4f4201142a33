"""Baselines of small settings, on the recordings of tones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.datasets import Dataset
from bayes_a2m.posteriors.posterior import Posterior

SPECTRUM = CQTFeatures(bins=84, bins_per_octave=12)

QUICK = {"context": 0, "penalty": 1e-4}
"""Nothing for the tuning part to choose."""


def fitted(model: Posterior, data: Dataset) -> Posterior:
    """On the train split, with its tuning part."""
    return model.fit(*data.split("train").with_tuning_part(0.2))


def harmonics(hertz: float, seconds: float, rate: int) -> NDArray[np.float64]:
    """A tone of five harmonics."""
    time = np.arange(round(seconds * rate)) / rate
    return sum(0.2 / h * np.sin(2 * np.pi * h * hertz * time) for h in range(1, 6))
