"""Bands around curves, from resampled curves.

A band is **pointwise** where at each point 95 % of the resamples lie within it, and
**simultaneous** where 95 % of the resampled curves lie within it everywhere. A reader who looks
along a curve for the point where something happens needs the second. Here it is the sup-t band
of Montiel Olea and Plagborg-Møller (2019, "Simultaneous confidence bands: theory,
implementation, and an application to SVARs", Journal of Applied Econometrics 34), with c from the
bootstrap:

    value(x) +- c se(x),   c = 95 % quantile over resamples of max_x |curve*(x) - value(x)| / se(x)

with ``se(x)`` the standard deviation of the resampled curves at x.

Where next to nothing varies, ``se(x)`` is itself a guess: at the far end of a distribution it
rests on one or two recordings, and true curves leave such a band there far more often than 5 % of
the time. ``floor`` takes ``se(x)`` for at least this share of the largest: 0 is the band of the
paper, fit for curves of which every point rests on many recordings; 1 is a band of one width, as
that of Kolmogorov for a distribution function.

Where no resample differs at all (``se(x)`` is 0), and no floor is given, the point is left out of
the maximum and its band has no width. This does not say that the curve is known there: it says
that resampling these recordings cannot tell. A bin in which every frame of every recording was
right is such a point.

Curves may be undefined at points (nan): a bin that is empty in a resample. Such values are left
out of the point's standard error and of the maximum. The curves must come from resampled
recordings (:func:`~bayes_a2m.resampling.bootstrap.resample_weights`), not frames.

>>> curves = np.array([[0.0, 0.1], [0.2, 0.1], [0.1, 0.0], [0.1, 0.2]])
>>> one = band(curves, np.array([0.1, 0.1]))
>>> one.low, one.high
(array([0., 0.]), array([0.2, 0.2]))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.resampling.bootstrap import LEVEL

_ROUNDING = 1e-12
"""Standard errors below this share of the curve's size are taken for rounding."""


@dataclass(frozen=True, eq=False)
class Band:
    """A curve and the band around it.

    Attributes
    ----------
    value
        The curve, ``(X,)``.
    low, high
        The bounds, ``(X,)``; nan where the curve is undefined, or defined in fewer than two
        resamples.
    """

    value: Floats
    low: Floats
    high: Floats

    def __post_init__(self) -> None:
        if self.value.ndim != 1 or not self.value.shape == self.low.shape == self.high.shape:
            raise InputError("a band must have a value, a low and a high for every place")


def band(
    curves: ArrayLike,
    value: ArrayLike,
    *,
    level: float = LEVEL,
    simultaneous: bool = True,
    floor: float = 0.0,
) -> Band:
    """Compute the band around a curve.

    Parameters
    ----------
    curves
        The curve in every resample of the recordings, shape ``(S, X)``; nan where undefined.
    value
        The curve of the recordings themselves, shape ``(X,)``; nan where undefined.
    level
        Share of the resampled curves that lie in the band: wholly, or at each point.
    simultaneous
        Whether to make the sup-t band; otherwise the band of percentiles at each point.
    floor
        Share of the largest standard error that none is below, 0 to 1; of no effect on
        percentiles.

    Returns
    -------
    Band
        Not cut to any range: what is a probability is for the caller to clip.

    Raises
    ------
    InputError
        If the shapes do not fit, there are no resamples, or level or floor are out of range.
    """
    resampled, curve = np.asarray(curves, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if resampled.ndim != 2 or curve.ndim != 1 or resampled.shape[1] != curve.size:
        raise InputError(
            f"a band needs curves (resample, place) and a value for every place, not "
            f"{resampled.shape} and {curve.shape}"
        )
    if not resampled.shape[0]:
        raise InputError("a band needs resampled curves; there are none")
    if not 0 < level < 1:
        raise InputError(f"the level of a band must lie between 0 and 1, not {level}")
    if not 0 <= floor <= 1:
        raise InputError(f"the floor of a band must lie in 0 to 1, not {floor}")
    defined = np.isfinite(resampled) & np.isfinite(curve)
    known = defined.sum(axis=0) >= 2
    low, high = np.full(curve.shape, np.nan), np.full(curve.shape, np.nan)
    if known.any():
        makes = _sup_t if simultaneous else _percentiles
        bounds = makes(resampled[:, known], curve[known], defined[:, known], level, floor)
        low[known], high[known] = bounds
    return Band(curve, low, high)


def _sup_t(
    curves: Floats, value: Floats, defined: NDArray[np.bool_], level: float, floor: float
) -> tuple[Floats, Floats]:
    """Bounds of the sup-t band, ``(X,)`` each."""
    error = _standard_errors(curves, defined)
    size = float(np.abs(value).max())
    error[error <= _ROUNDING * size] = 0.0
    error = np.maximum(error, floor * error.max())
    varies = error > 0
    # where nothing varies the quotient is 0 / 0: those points have no width, and no say
    away = np.where(defined, np.abs(curves - value), 0.0)[:, varies] / error[varies]
    largest = away[defined[:, varies].any(axis=1)].max(axis=1, initial=0.0)
    # "higher": at least this share of the curves lies wholly within, also of few resamples
    times = float(np.quantile(largest, level, method="higher")) if largest.size else 0.0
    return value - times * error, value + times * error


def _percentiles(
    curves: Floats, _value: Floats, defined: NDArray[np.bool_], level: float, _floor: float
) -> tuple[Floats, Floats]:
    """Bounds of the pointwise band, ``(X,)`` each."""
    shares = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(np.where(defined, curves, np.nan), shares, axis=0)
    return low, high


def _standard_errors(curves: Floats, defined: NDArray[np.bool_]) -> Floats:
    """Standard deviation over the resamples in which each point is defined, ``(X,)``."""
    spread: Floats = np.nanstd(np.where(defined, curves, np.nan), axis=0, ddof=1)
    return spread
