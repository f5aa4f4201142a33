"""Baselines of small settings, on the recordings of tones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.baselines.baseline import UNCHANGED, Baseline
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.datasets import Dataset
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.fitted import Fitted
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen

SPECTRUM = CQTFeatures(bins=84, bins_per_octave=12)

QUICK = {"context": 0, "penalty": 1e-4}
"""Nothing for the tuning part to choose."""


def fitted(model: Posterior, data: Dataset) -> Posterior:
    """On the train split, with its tuning part."""
    return model.fit(*data.split("train").with_tuning_part(0.2))


def speak(model: Baseline, vocabulary: Vocabulary) -> None:
    """Give a model a vocabulary, fitted or not, and nothing to learn."""
    if model.fitted is None:
        plain = Decoder.from_labels([np.zeros(1, dtype=np.int64)], len(vocabulary))
        model.fitted = Fitted(vocabulary, UNCHANGED, plain, Calibrator(), Seen(), TrainingRecord())
    model.fitted = replace(model.fitted, vocabulary=vocabulary)


def harmonics(hertz: float, seconds: float, rate: int) -> NDArray[np.float64]:
    """A tone of five harmonics."""
    time = np.arange(round(seconds * rate)) / rate
    return sum(0.2 / h * np.sin(2 * np.pi * h * hertz * time) for h in range(1, 6))
