"""Studentised intervals of a ratio of sums over recordings (the bootstrap-t).

The percentile interval of :mod:`bayes_a2m.resampling.bootstrap` is too short where recordings are
few and their sums are skewed: a class that is wrong in two recordings of twenty is rarely drawn
more often than that. The bootstrap-t (Efron, "The jackknife, the bootstrap and other resampling
plans", 1982, section 10.10; Davison and Hinkley, "Bootstrap methods and their application", 1997,
section 5.2.1) resamples the *studentised* difference instead, whose distribution hardly depends on
how much recordings vary, so its coverage errs by order ``1 / R`` rather than ``1 / sqrt(R)``.

For a ratio ``theta = sum(d) / sum(n)`` of sums by recording, the standard error is that of the
linearised ratio (Cochran, "Sampling techniques", 1977, section 6.4)::

    se = sqrt(R / (R - 1) * sum((d - theta n)^2)) / sum(n)

and the interval is ``theta - t_high se`` to ``theta - t_low se``, where the t are quantiles of
``(theta* - theta) / se*`` over the resamples.

>>> generator = np.random.default_rng(0)
>>> wrong, frames = generator.poisson(5, size=40), np.full(40, 50)
>>> interval = studentised_ratio(wrong, frames, generator=generator)
>>> interval.low < 0.1 < interval.high
True
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.resampling.bootstrap import LEVEL, Interval, resample_weights

FEWEST = 3
"""Recordings below which there is no interval: a standard error of two says nothing."""


def studentised_ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    generator: np.random.Generator,
    resamples: int = 2000,
    level: float = LEVEL,
) -> Interval:
    """The bootstrap-t interval of a ratio of sums.

    Parameters
    ----------
    numerators, denominators
        The sums of every recording, shape ``(R,)``; recordings whose denominator is zero say
        nothing and are left out.
    generator
        Draws the resamples of recordings.
    resamples
        Their number.
    level
        The share of intervals that should hold the truth.

    Returns
    -------
    Interval
        Without bounds where fewer than three recordings say something. Where all recordings agree
        to the last digit, both bounds are the value.

    Raises
    ------
    InputError
        If there are other numbers of numerators than of denominators, or a denominator is
        negative.
    """
    d = np.asarray(numerators, dtype=np.float64)
    n = np.asarray(denominators, dtype=np.float64)
    if d.ndim != 1 or d.shape != n.shape or (n < 0).any():
        raise InputError("a ratio needs one numerator and one denominator above zero a recording")
    d, n = d[n > 0], n[n > 0]
    if not len(n):
        return Interval(None)
    value = float(d.sum() / n.sum())
    if len(n) < FEWEST:
        return Interval(value)
    se = float(_standard_error(np.ones((1, len(n))), d, n)[0])
    if se <= 1e-12:
        return Interval(value, value, value)
    weights = resample_weights(len(n), resamples, generator).astype(np.float64)
    drawn = (weights @ d) / (weights @ n)
    errors = _standard_error(weights, d, n)
    # a resample of one recording alone has no spread; it says that the interval has no end
    t = np.where(errors > 1e-12, (drawn - value) / np.maximum(errors, 1e-12), 0.0)
    low, high = np.quantile(t, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, value - float(high) * se, value - float(low) * se)


def _standard_error(weights: Floats, d: Floats, n: Floats) -> Floats:
    """The linearised standard error of the ratio, for every row of weights."""
    recordings = len(n)
    frames = weights @ n
    theta = (weights @ d) / frames
    # sum of w (d - theta n)^2, expanded, so that no (S, R) table of residuals is needed
    squares = weights @ d**2 - 2 * theta * (weights @ (d * n)) + theta**2 * (weights @ n**2)
    error: Floats = np.sqrt(np.maximum(squares, 0) * recordings / (recordings - 1)) / frames
    return error
