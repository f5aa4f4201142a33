"""Recordings whose frames are correlated, and whose calibration is known.

The label of frame t is drawn from the frame's own true distribution p_t, so p_t is calibrated
exactly; but the uniform number it is drawn with is that of a Markov chain (a Gaussian AR(1)
process) plus an effect of the recording, so that labels persist, errors come in runs, and some
recordings are luckier than others. Given a constant distribution the labels are a function of a
Markov chain. The distributions themselves wander within a recording and are harder in some
recordings than in others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, softmax

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Simulated:
    """Recordings: true and predicted distributions ``(frames, class)``, labels ``(frames,)``."""

    true: list[Floats]
    probs: list[Floats]
    labels: list[NDArray[np.int64]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of every recording."""
        return np.array([len(one) for one in self.labels])

    def mean(self) -> Floats:
        """The predicted distributions, padded with nonsense that must not matter."""
        padded = np.full((len(self.probs), int(self.lengths.max()), self.probs[0].shape[1]), 0.5)
        for i, one in enumerate(self.probs):
            padded[i, : len(one)] = one
        return padded


def simulate(
    recordings: int,
    frames: int,
    generator: np.random.Generator,
    *,
    classes: int = 4,
    sharpness: float = 2.0,
    persistence: float = 0.98,
    effect: float = 0.3,
    overconfidence: float = 1.0,
) -> Simulated:
    """Draw recordings.

    Parameters
    ----------
    recordings, frames
        How many, and how many frames each (half to all of this number, drawn).
    sharpness
        Standard deviation of the true logits; larger is surer.
    persistence
        Correlation from one frame to the next, of distributions and of the numbers that labels are
        drawn with.
    effect
        Share of the variance of those numbers that is the recording's own (0 to 1).
    overconfidence
        The predicted distribution is the true one to this power; 1 is calibrated.
    """
    true, probs, labels = [], [], []
    for _ in range(recordings):
        length = int(generator.integers(frames // 2, frames + 1))
        hardness = np.exp(0.4 * generator.standard_normal())
        logits = sharpness / hardness * _ar1(length, classes, persistence, generator)
        distribution = softmax(logits, axis=1)
        noise = _ar1(length, 1, persistence, generator)[:, 0]
        own = generator.standard_normal()
        uniform = ndtr(np.sqrt(effect) * own + np.sqrt(1 - effect) * noise)
        order = generator.permutation(classes)  # no class is always the lucky one
        cumulative = np.cumsum(distribution[:, order], axis=1)
        place = (uniform[:, None] > cumulative).sum(axis=1).clip(max=classes - 1)
        true.append(distribution)
        probs.append(softmax(overconfidence * logits, axis=1))
        labels.append(order[place].astype(np.int64))
    return Simulated(true, probs, labels)


def _ar1(length: int, columns: int, persistence: float, generator: np.random.Generator) -> Floats:
    """Stationary, of unit variance, ``(length, columns)``."""
    noise = generator.standard_normal((length, columns)) * np.sqrt(1 - persistence**2)
    noise[0] /= np.sqrt(1 - persistence**2)
    filtered: Floats = lfilter([1.0], [1.0, -persistence], noise, axis=0)
    return filtered
