"""The difference of one score between two sides, with what recordings and seeds leave open.

The essay of :mod:`bayes_a2m.comparison.compare` says how it is computed and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.metric import Better
from bayes_a2m.resampling.bootstrap import LEVEL


@dataclass(frozen=True)
class Difference:
    """The difference of one score: one side less the other.

    Attributes
    ----------
    one, other
        The score of either side with every recording counted once, the mean over its models;
        None where it is undefined.
    difference
        ``one - other``.
    low, high
        95 % interval of the difference; None where there are fewer than two recordings, or all of
        them differ alike, which happens to few and says nothing of others.
    probability_better
        How probable it is that the difference lies on the good side of zero.
    better
        Whether the score's higher or lower values are the better ones.
    error_recordings, error_seeds
        Standard errors from either source: what more recordings, or more seeds, would narrow.
    """

    one: float | None
    other: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    probability_better: float | None = None
    better: Better = "higher"
    error_recordings: float | None = None
    error_seeds: float | None = None

    @property
    def decided(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def same(self) -> bool:
        """Whether both sides are one and the same: no difference, in any resample or seed."""
        return self.difference == 0 and self.low == 0 and self.high == 0


def difference(
    one: ArrayLike,
    other: ArrayLike,
    *,
    recordings: int,
    better: Better,
    largest: float = inf,
    paired: bool | None = None,
) -> Difference:
    """The difference of two sides from their scores in the same resamples.

    Parameters
    ----------
    one, other
        The score of every model of a side, shapes ``(A, 1 + S)`` and ``(B, 1 + S)``: in column 0
        with every recording counted once, then in S resamples of the recordings, the same for
        all models; nan where undefined.
    recordings
        Number of recordings that bear on the score.
    better
        Whether higher or lower values are the better ones.
    largest
        The largest value the score can have, the smallest being 0; the interval is cut to what
        a difference of two such scores can be.
    paired
        Whether the models of both sides go together in pairs, in order; left out: where there
        are equally many, and at least two.

    Raises
    ------
    InputError
        If the shapes do not go together.

    >>> found = difference([[0.5, 0.5, 0.75]], [[0.25] * 3], recordings=2, better="higher")
    >>> found.difference, found.error_recordings  # resamples spread by 0.125, times sqrt(2 / 1)
    (0.25, 0.1767766)
    """
    a, b = (np.atleast_2d(np.asarray(side, dtype=np.float64)) for side in (one, other))
    if a.shape[1] != b.shape[1] or (paired and a.shape[0] != b.shape[0]):
        raise InputError(f"scores of shapes {a.shape} and {b.shape} cannot be compared")
    if paired is None:
        paired = a.shape[0] == b.shape[0] >= 2
    gap = _less(a.mean(axis=0), b.mean(axis=0))
    known = Difference(_number(a[:, 0].mean()), _number(b[:, 0].mean()), _number(gap[0]))
    known = replace(known, better=better)
    drawn = gap[1:][np.isfinite(gap[1:])]
    if known.difference is None or recordings < 2 or drawn.size < 2:
        return known
    # a resample of R has the spread of R, not of R - 1: of a mean, this makes it exact
    of_recordings = float(drawn.var()) * recordings / (recordings - 1)
    of_seeds = _seed_variances(a[:, 0], b[:, 0], paired)
    errors = float(np.sqrt(of_recordings)), float(np.sqrt(sum(v for v, _ in of_seeds)))
    known = replace(known, error_recordings=errors[0], error_seeds=errors[1])
    # recordings that all differ alike are few: that says nothing of how others would differ
    value = float(gap[0])
    if value and np.ptp(drawn) <= 1e-12 * abs(value):
        return known
    distribution = _Distribution(value, [(of_recordings, recordings - 1), *of_seeds])
    return replace(
        known,
        low=max(distribution.quantile((1 - LEVEL) / 2), -largest),
        high=min(distribution.quantile((1 + LEVEL) / 2), largest),
        probability_better=(
            distribution.above_zero if better == "higher" else 1 - distribution.above_zero
        ),
    )


def _less(one: Floats, other: Floats) -> Floats:
    """``one - other``; what only rounding makes different is the same."""
    gap = one - other
    small = 1e-12 * np.maximum(np.abs(one), np.abs(other))
    return np.where(np.abs(gap) <= small, 0.0, gap)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _seed_variances(one: Floats, other: Floats, paired: bool) -> list[tuple[float, int]]:
    """Variance of the difference from seeds, in independent parts, each with its freedom."""
    parts = [_less(one, other)] if paired else [one, other]
    return [(float(p.var(ddof=1)) / p.size, p.size - 1) for p in parts if p.size >= 2]


class _Distribution:
    """A t distribution around a difference; its degrees of freedom are Satterthwaite's."""

    def __init__(self, value: float, parts: Sequence[tuple[float, int]]) -> None:
        self.value = value
        variance = sum(v for v, _ in parts)
        self.error = float(np.sqrt(variance))
        # shares, since squares of tiny variances would vanish
        shares = [(v / variance, freedom) for v, freedom in parts] if variance > 0 else []
        self.freedom = 1 / sum(s**2 / freedom for s, freedom in shares) if shares else 1.0

    def quantile(self, probability: float) -> float:
        from scipy.special import stdtrit

        if self.error == 0:
            return self.value
        return self.value + self.error * float(stdtrit(self.freedom, probability))

    @property
    def above_zero(self) -> float:
        """Probability of a difference above zero; one half where all is exactly zero."""
        from scipy.special import stdtr

        if self.error == 0:
            return 0.5 if self.value == 0 else float(self.value > 0)
        return float(stdtr(self.freedom, self.value / self.error))
