"""Training examples: pieces of recordings, as features and labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Example:
    """Recording, or a window of one: features in dB ``(frame, bin)``, labels ``(frame,)``."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]


def pieces(frames: int, length: int) -> list[tuple[int, int]]:
    """Cut a recording into examples; a rest of under a quarter stays with the one before.

    >>> pieces(1400, 666)
    [(0, 666), (666, 1400)]
    """
    starts = list(range(0, frames, length))
    if len(starts) > 1 and frames - starts[-1] < length / 4:
        starts.pop()
    return list(zip(starts, [*starts[1:], frames], strict=True))
