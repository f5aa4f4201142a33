"""Training examples that lie in the store of features, and are read when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import FeatureExtractor, Features
from bayes_a2m.audio.store import FeatureStore
from bayes_a2m.datasets.degrade import sound_of
from bayes_a2m.datasets.example import Example, RecordingExamples
from bayes_a2m.datasets.recording import Recording


@dataclass(frozen=True, eq=False)
class StoredExamples(RecordingExamples):
    """The examples of one recording; only its labels are in memory.

    No file stays open: as many recordings as there are would be too many for the system.

    Attributes
    ----------
    recording
        The recording.
    store, settings
        Where its features lie, and their settings.
    labels
        The class of every frame, shape ``(frames,)``.
    spans
        The first frame of each example, and the one after its last.
    with_sound
        Whether examples are to be heard in other conditions, and so have their sound, too.
    """

    recording: Recording
    store: FeatureStore
    settings: Features
    labels: NDArray[np.int64]
    spans: tuple[tuple[int, int], ...]
    with_sound: bool = False

    def cut(self, start: int, stop: int) -> Example:
        """Make the example of the frames from ``start`` up to, not including, ``stop``."""
        features = self.store.features(self.recording.hash, self.settings, self._made)
        sound = None
        if self.with_sound:
            samples = self.recording.audio(self.settings.sample_rate)
            sound = sound_of(samples, self.settings, start, stop)
        condition = self.recording.condition
        return Example(features[start:stop], self.labels[start:stop], sound, condition)

    def _made(self) -> NDArray[np.float32]:
        """The features anew: they had to make room since the training began."""
        samples = self.recording.audio(self.settings.sample_rate)
        return FeatureExtractor(self.settings)(samples)


class Joined(Sequence[Example]):
    """The examples of several recordings, one after the other, read when they are asked for.

    >>> examples = Joined([["a", "b"], [], ["c"]])
    >>> len(examples), [examples[i] for i in range(3)], examples[-1]
    (3, ['a', 'b', 'c'], 'c')
    """

    def __init__(self, recordings: Sequence[Sequence[Example]]) -> None:
        self._recordings = recordings
        self._ends = np.array(list(accumulate(len(r) for r in recordings)), dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> Example:  # type: ignore[override]  # no slices
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        number = int(np.searchsorted(self._ends, place, side="right"))
        own = self._recordings[number]
        return own[place - int(self._ends[number]) + len(own)]
