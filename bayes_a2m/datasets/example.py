"""Training examples: pieces of recordings, as features and labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bayes_a2m.audio.features import Features


@dataclass(frozen=True)
class Sound:
    """Sound that an example was made of, for those that are to be heard in other conditions.

    Attributes
    ----------
    samples
        Mono samples ``(n,)`` at the features' rate, with a margin before and after.
    features
        Settings of the features.
    start
        First frame of the example, counted from the first sample here.
    """

    samples: NDArray[np.float32]
    features: Features
    start: int


@dataclass(frozen=True)
class Example:
    """Recording, or a window of one: features in dB ``(frame, bin)``, labels ``(frame,)``.

    It keeps its sound only where training puts it through recording conditions. Its condition is
    that which the recording was made, and labelled, in.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    sound: Sound | None = None
    condition: str = ""


class RecordingExamples(Sequence[Example]):
    """The examples of one recording, which can also be cut elsewhere.

    Attributes
    ----------
    spans
        The first frame of each example, and the one after its last.
    """

    spans: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, index: int) -> Example:  # type: ignore[override]  # no slices
        return self.cut(*self.spans[index])

    @property
    def frames(self) -> int:
        """Number of frames of the recording."""
        return self.spans[-1][1] if self.spans else 0

    @abstractmethod
    def cut(self, start: int, stop: int) -> Example:
        """Make the example of the frames from ``start`` up to, not including, ``stop``."""


def pieces(frames: int, length: int) -> list[tuple[int, int]]:
    """Cut a recording into examples; a rest of under a quarter stays with the one before.

    >>> pieces(1400, 666)
    [(0, 666), (666, 1400)]
    """
    starts = list(range(0, frames, length))
    if len(starts) > 1 and frames - starts[-1] < length / 4:
        starts.pop()
    return list(zip(starts, [*starts[1:], frames], strict=True))
