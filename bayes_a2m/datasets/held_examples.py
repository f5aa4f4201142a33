"""Training examples of one recording whose features are held in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import Features
from bayes_a2m.datasets.degrade import sound_of
from bayes_a2m.datasets.example import Example, RecordingExamples


@dataclass(frozen=True, eq=False)
class HeldExamples(RecordingExamples):
    """The examples of one recording, views of what is in memory.

    Attributes
    ----------
    features
        The decibels of the whole recording, shape ``(frames, bin)``.
    labels
        The class of every frame, shape ``(frames,)``.
    spans
        The first frame of each example, and the one after its last.
    condition
        The condition that the recording was made in.
    settings
        The settings of the features.
    samples
        Its sound, where examples are to be heard in other conditions; else None.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    spans: tuple[tuple[int, int], ...]
    condition: str
    settings: Features
    samples: NDArray[np.float32] | None = None

    def cut(self, start: int, stop: int) -> Example:
        """Make the example of the frames from ``start`` up to, not including, ``stop``."""
        sound = None
        if self.samples is not None:
            sound = sound_of(self.samples, self.settings, start, stop)
        features, labels = self.features[start:stop], self.labels[start:stop]
        return Example(features, labels, sound, self.condition)
