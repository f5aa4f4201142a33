"""Training examples: pieces of recordings, as features and labels."""

from __future__ import annotations

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


def pieces(frames: int, length: int) -> list[tuple[int, int]]:
    """Cut a recording into examples; a rest of under a quarter stays with the one before.

    >>> pieces(1400, 666)
    [(0, 666), (666, 1400)]
    """
    starts = list(range(0, frames, length))
    if len(starts) > 1 and frames - starts[-1] < length / 4:
        starts.pop()
    return list(zip(starts, [*starts[1:], frames], strict=True))
