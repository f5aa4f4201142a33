"""Labels and what is heard, with lags that are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.music import FrameGrid

GRID = FrameGrid()
FRAMES = 666


def melody(generator: np.random.Generator, frames: int = FRAMES) -> NDArray[np.int64]:
    """Classes of every frame: notes of 0.25 to 0.6 s with rests between them."""
    labels = np.zeros(frames, dtype=np.int64)
    now = int(generator.integers(20, 60))
    while now < frames - 60:
        length = int(generator.integers(40, 100))
        labels[now : now + length] = generator.integers(1, 4)
        now += length + int(generator.integers(35, 70))
    return labels


def moved(
    labels: NDArray[np.int64], lag: float, generator: np.random.Generator, scatter: float = 0.0
) -> NDArray[np.int64]:
    """The labels that belong to a sound whose changes come ``lag`` seconds after them."""
    sound = np.zeros_like(labels)
    edges = np.flatnonzero(np.diff(labels)) + 1
    steps = lag + scatter * generator.standard_normal(edges.size)
    places = np.clip(edges + np.round(steps * GRID.frame_rate).astype(int), 0, labels.size)
    bounds = [0, *np.maximum.accumulate(places), labels.size]
    kinds = [labels[0], *labels[edges]]
    for start, end, kind in zip(bounds[:-1], bounds[1:], kinds, strict=True):
        sound[start:end] = kind
    return sound


def log_probs(
    sound: NDArray[np.int64], generator: np.random.Generator, right: float = 0.9
) -> NDArray[np.float64]:
    """A listener that gives the class that sounds about this probability, ``(frames, 4)``."""
    logits = generator.normal(0, 1.0, (sound.size, 4))
    logits[np.arange(sound.size), sound] += np.log(right / (1 - right) * 3)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
