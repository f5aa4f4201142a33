"""Statistics of a recording as a signal: its level, noise floor, bandwidth and clipping.

>>> tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(32000) / 16000).astype(np.float32)
>>> round(SignalStatistics.of(tone, 16000).level_db, 1)
-9.0
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

BLOCK_SECONDS = 0.05
"""Length of the blocks whose levels are taken."""

QUIETEST_DB = -120.0
"""The level of digital silence."""

CLIPPED = 0.98
"""A sample within this share of the largest one may be clipped, where its neighbour is, too."""


@dataclass(frozen=True)
class SignalStatistics:
    """The conditions of one recording, as numbers.

    Attributes
    ----------
    level_db
        The level of its loud parts: the 95th percentile of the RMS of 50 ms blocks, dB relative
        to full scale.
    floor_db
        The level of its quiet parts, the 5th percentile: the noise floor where there are pauses.
    bandwidth_hz
        The frequency below which 99 % of its energy lies.
    clipped
        The share of samples that lie in runs at the largest value.
    """

    level_db: float
    floor_db: float
    bandwidth_hz: float
    clipped: float

    @classmethod
    def of(cls, samples: NDArray[np.float32], sample_rate: int) -> SignalStatistics:
        """Measure mono samples ``(samples,)`` at their rate.

        Raises
        ------
        InputError
            If there is no sample.
        """
        x = np.asarray(samples, dtype=np.float64)
        if not x.size:
            raise InputError("a signal without samples has no level")
        block = max(1, min(x.size, round(BLOCK_SECONDS * sample_rate)))
        blocks = x[: x.size // block * block].reshape(-1, block)
        power = np.maximum(np.square(blocks).mean(axis=1), 10.0 ** (QUIETEST_DB / 10))
        levels = 10 * np.log10(power)
        peak = np.abs(x).max()
        at_peak = np.abs(x) >= CLIPPED * peak
        runs = at_peak[1:] & at_peak[:-1] & (np.sign(x[1:]) == np.sign(x[:-1]))
        return cls(
            float(np.percentile(levels, 95)),
            float(np.percentile(levels, 5)),
            _bandwidth(x, sample_rate),
            float(runs.mean()) if peak > 0 and runs.size else 0.0,
        )

    def to_dict(self) -> dict[str, float]:
        """The numbers by name."""
        return asdict(self)


NAMES = tuple(field.name for field in fields(SignalStatistics))
"""The names of the statistics."""


def _bandwidth(x: NDArray[np.float64], sample_rate: int) -> float:
    """The frequency below which 99 % of the energy lies; that of silence is zero."""
    power = np.square(np.abs(np.fft.rfft(x)))
    total = power.sum()
    if total <= 0:
        return 0.0
    place = int(np.searchsorted(np.cumsum(power), 0.99 * total))
    return float(place * sample_rate / x.size)
