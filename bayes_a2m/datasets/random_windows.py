"""Training examples of long recordings that are cut elsewhere in every epoch.

A recording that is longer than a window is cut into examples, and cut at the same places in every
epoch, a network hears the same beginnings and ends again and again. Here every example but those
that are a whole recording moves by up to half its length, so that each is as long as it was, their
number stays, and where they begin follows from the seed, the epoch and the example's number alone:
a training that was interrupted hears what an unbroken one would.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayes_a2m.datasets.example import Example, RecordingExamples

STREAM = 7
"""Number of this stream of random numbers; order, augmentation and draws have others."""


class RandomWindows(Sequence[Example]):
    """Training examples of one epoch, each cut near its usual place.

    Parameters
    ----------
    recordings
        Examples of every recording.
    seed
        Seed of the places.

    Attributes
    ----------
    epoch
        The epoch whose examples these are; to be set before each.
    """

    def __init__(self, recordings: Sequence[RecordingExamples], seed: int) -> None:
        self.recordings, self.seed, self.epoch = recordings, seed, 0
        self._places = [
            (number, piece) for number, own in enumerate(recordings) for piece in range(len(own))
        ]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Example:  # type: ignore[override]  # no slices
        number, piece = self._places[index]
        own = self.recordings[number]
        start, stop = own.spans[piece]
        size = stop - start
        generator = np.random.default_rng([self.seed, STREAM, self.epoch, index % len(self)])
        moved = start + int(generator.integers(-(size // 2), size // 2, endpoint=True))
        # clipped, not drawn again: frames at the ends are as often heard as others, or nearly so
        first = min(max(moved, 0), own.frames - size)
        return own.cut(first, first + size)
