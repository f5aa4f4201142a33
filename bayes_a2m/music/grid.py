"""Seconds and frames: every conversion between them lives here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

_SNAP = 1e-6
"""Fraction of a frame within which a time counts as standing on the grid: without it
``floor(i * hop / sr * sr / hop)`` loses frames to rounding."""


@dataclass(frozen=True)
class FrameGrid:
    """Where the frames stand: frame ``i`` at ``i * hop / sample_rate`` seconds.

    That is where a centred CQT or STFT centres it. The label of a frame is the class
    sounding at that instant.

    >>> grid = FrameGrid()
    >>> grid.frames_in(4.0), round(grid.seconds(100), 3)
    (666, 0.6)
    >>> grid.span(0.0061, 0.0179)
    (1, 2)
    """

    sample_rate: int = 16000
    hop: int = 96

    def __post_init__(self) -> None:
        if self.sample_rate <= 0 or self.hop <= 0:
            raise InputError(
                f"sample rate and hop must be positive, not {self.sample_rate} and {self.hop}"
            )

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop

    @property
    def hop_seconds(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop / self.sample_rate

    def seconds(self, frame: float) -> float:
        """The instant of a frame."""
        return frame * self.hop / self.sample_rate

    def times(self, frames: int) -> NDArray[np.float64]:
        """The instants of the first ``frames`` frames, in seconds."""
        return np.arange(frames, dtype=np.float64) * self.hop / self.sample_rate

    def frame(self, seconds: float) -> int:
        """The frame at or just before an instant: ``floor(seconds * sr / hop)``."""
        return math.floor(seconds * self.sample_rate / self.hop + _SNAP)

    def span(self, start: float, end: float) -> tuple[int, int]:
        """First frame of a note, and the first after it."""
        return self.frame(start), self.frame(end)

    def samples_in(self, seconds: float) -> int:
        """Samples in a stretch of sound at this grid's rate: the nearest, of halves the upper.

        As :func:`bayes_a2m.audio.io.resample` has it, so that labels count the frames that the
        sound has.
        """
        return math.floor(seconds * self.sample_rate + 0.5 + _SNAP)

    def frames_in(self, seconds: float) -> int:
        """Whole frames in a stretch of sound: 666 in 4 s (``librosa`` counts one more)."""
        return self.frames_of(self.samples_in(seconds))

    def frames_of(self, samples: int) -> int:
        """Whole frames in so many samples; at least one where there is any sound."""
        return max(samples // self.hop, min(samples, 1))

    def count(self, seconds: float) -> int:
        """How many frames a duration is, to the nearest."""
        return round(seconds * self.sample_rate / self.hop)
