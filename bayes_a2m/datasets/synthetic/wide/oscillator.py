"""The loop of the sum of harmonics, compiled by numba when first used.

Import this module only inside functions: numba takes a second to import.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def sum_harmonics(  # pragma: no cover - compiled
    phase: NDArray[np.float64], amplitudes: NDArray[np.complex128], hop: int
) -> NDArray[np.float64]:
    """Add ``Re(a_k exp(2πjkφ))`` over harmonics k, their amplitudes interpolated.

    Parameters
    ----------
    phase
        Phase φ of the fundamental, turns, shape ``(samples,)``.
    amplitudes
        Complex amplitudes of harmonics 1, 2, ..., every ``hop`` samples,
        shape ``(tick, harmonic)``; zero above the band.
    hop
        Samples between two ticks.

    Returns
    -------
    ndarray
        Shape ``(samples,)``.
    """
    ticks, harmonics = amplitudes.shape
    counts = np.zeros(ticks, np.int64)
    for tick in range(ticks):
        for k in range(harmonics):
            if amplitudes[tick, k] != 0:
                counts[tick] = k + 1
    out = np.zeros(len(phase))
    for n in range(len(phase)):
        tick = min(n // hop, ticks - 1)
        following = min(tick + 1, ticks - 1)
        part = (n - tick * hop) / hop
        angle = 2 * np.pi * (phase[n] % 1.0)
        turn = complex(np.cos(angle), np.sin(angle))
        power = turn
        total = 0.0
        for k in range(max(counts[tick], counts[following])):
            a = amplitudes[tick, k] + part * (amplitudes[following, k] - amplitudes[tick, k])
            total += (a * power).real
            power *= turn
        out[n] = total
    return out
