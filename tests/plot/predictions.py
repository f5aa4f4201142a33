"""Predictions with known labels for figures, in no time: no model is trained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import bayes_a2m as a2m

FRAMES = 200


def predicted(
    recordings: int = 8, *, pitches: tuple[int, ...] = (60, 64, 67), draws: int = 3, seed: int = 0
) -> tuple[a2m.FramePosterior, list[NDArray[np.int64]]]:
    """Predictions that are mostly right, less so near the changes of their labels."""
    generator = np.random.default_rng(seed)
    classes = len(pitches) + 1
    labels = []
    arrays = []
    for _ in range(recordings):
        truth = np.repeat(generator.integers(0, classes, FRAMES // 20), 20)
        heard = np.roll(truth, int(generator.integers(-3, 4)))
        logits = generator.normal(0, 1.0, (draws, FRAMES, classes))
        logits[:, np.arange(FRAMES), heard] += 3.5
        probs = np.exp(logits)
        arrays.append(probs / probs.sum(axis=-1, keepdims=True))
        labels.append(truth.astype(np.int64))
    vocabulary = a2m.Vocabulary(pitches)
    return a2m.FramePosterior.from_probs(arrays, vocabulary=vocabulary), labels
