"""Random wander of what no singer can hold quite still."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter


def wander(
    generator: np.random.Generator, size: int, rate: float, deviation: float, seconds: float
) -> NDArray[np.float64]:
    """Draw an Ornstein–Uhlenbeck path, stationary from its first value.

    Parameters
    ----------
    generator
        Where every draw comes from.
    size, rate
        Number of values, and how many there are a second.
    deviation, seconds
        Standard deviation, and time constant: the autocorrelation is ``exp(-t / seconds)``.
    """
    keep = float(np.exp(-1 / (seconds * rate)))
    steps = generator.normal(0, np.sqrt(1 - keep**2), size)
    path, _ = lfilter([1.0], [1.0, -keep], steps, zi=[keep * generator.normal()])
    scaled: NDArray[np.float64] = deviation * path
    return scaled
