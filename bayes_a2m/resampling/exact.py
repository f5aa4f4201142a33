"""Exact intervals of shares: what resampling cannot see where nothing has gone wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.resampling.bootstrap import LEVEL


def clopper_pearson(
    right: ArrayLike, count: ArrayLike, *, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Compute the exact interval of a share (Clopper and Pearson, Biometrika 26, 1934).

    Of 45 notes that are all right, every resample has a share of 1, an interval without width; this
    one goes down to 0.92. Trials that err together are fewer than they seem: pass the effective
    number.

    Parameters
    ----------
    right, count
        How many came true, of how many; need not be whole numbers.
    level
        The probability that the interval holds the share, at least.

    Returns
    -------
    low, high : ndarray
        Bounds, in the shape of the counts; nan where there are none.

    >>> low, high = clopper_pearson([45, 0, 3], [45, 45, 10])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.921, 0.0, 0.067], [1.0, 0.079, 0.652])
    """
    from scipy.special import betaincinv

    hits, trials = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (right, count)))
    tail = (1 - level) / 2
    known = trials > 0
    low = np.where(known, 0.0, np.nan)
    high = np.where(known, 1.0, np.nan)
    some, missed = known & (hits > 0), known & (hits < trials)
    low[some] = betaincinv(hits[some], trials[some] - hits[some] + 1, tail)
    high[missed] = betaincinv(hits[missed] + 1, trials[missed] - hits[missed], 1 - tail)
    return low, high
