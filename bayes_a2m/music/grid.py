"""Grid of frames: every conversion between seconds, samples and frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

HIGHEST = 1_000_000
"""Samples a second, or from one frame to the next, that are taken for meant."""

_SNAP = 1e-6
"""Fraction of a frame within which a time counts as standing on the grid: without it
``floor(i * hop / sr * sr / hop)`` loses frames to rounding."""


@dataclass(frozen=True)
class FrameGrid:
    """Times of the frames: frame ``i`` stands at ``i * hop / sample_rate`` seconds.

    A centred CQT or STFT centres it there. The label of a frame is the class
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
        if self.sample_rate > HIGHEST or self.hop > HIGHEST:
            raise InputError(
                f"sample rate and hop must be at most {HIGHEST}, "
                f"not {self.sample_rate} and {self.hop}"
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
        """Compute the instant of a frame."""
        return frame * self.hop / self.sample_rate

    def times(self, frames: int) -> NDArray[np.float64]:
        """Compute the instants of the first ``frames`` frames, in seconds."""
        return np.arange(frames, dtype=np.float64) * self.hop / self.sample_rate

    def frame(self, seconds: float) -> int:
        """Compute the frame at or just before an instant, ``floor(seconds * sr / hop)``."""
        return math.floor(seconds * self.sample_rate / self.hop + _SNAP)

    def span(self, start: float, end: float) -> tuple[int, int]:
        """Compute the first frame of a note, and the first after it."""
        return self.frame(start), self.frame(end)

    def samples_in(self, seconds: float) -> int:
        """Compute the samples in a stretch of sound: the nearest number, of halves the upper.

        :func:`bayes_a2m.audio.io.resample` rounds in the same way, so that labels count the frames
        that the sound has.
        """
        return math.floor(seconds * self.sample_rate + 0.5 + _SNAP)

    def frames_in(self, seconds: float) -> int:
        """Count whole frames in a stretch of sound: 666 in 4 s (``librosa`` counts one more)."""
        return self.frames_of(self.samples_in(seconds))

    def frames_of(self, samples: int) -> int:
        """Count whole frames in so many samples; at least one where there is any sound."""
        return max(samples // self.hop, min(samples, 1))

    def count(self, seconds: float) -> int:
        """Round a duration in seconds to a number of frames."""
        return round(seconds * self.sample_rate / self.hop)
