"""Intervals from resampling recordings.

Frames of one recording resemble each other: the same voice, room, and label timing. To draw
frames with replacement (a row bootstrap) pretends that each is news, and gives intervals several
times too narrow. Here whole recordings are drawn (a cluster bootstrap: Davison and Hinkley,
"Bootstrap methods and their application", 1997, section 3.8), and the interval is the 2.5th to
the 97.5th percentile of the score over the resamples.

A resample is a row of weights, and a score is a function of weights, such as
:meth:`FrameStatistics.metrics_of`. Draw the weights once and use them for every score: then what
is compared was resampled alike.

One caution. A calibration error takes absolute values, so noise only ever adds to it, and a
resample is noisier than the sample. Where probabilities are very nearly calibrated the interval
therefore lies high, and ``value`` can be below ``low``: what it then says is "no larger than".

>>> generator = np.random.default_rng(0)
>>> hits, frames = np.array([9.0, 5.0, 7.0, 3.0]), np.array([10.0, 10.0, 10.0, 10.0])
>>> weights = resample_weights(4, 1000, generator)
>>> intervals(lambda w: {"accuracy": w @ hits / (w @ frames)}, weights)["accuracy"]
Interval(value=0.6, low=0.4, high=0.8)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats

LEVEL = 0.95
"""Share of the resamples within an interval."""

Statistic: TypeAlias = Callable[[Floats], Mapping[str, Floats]]
"""Scores of every row of weights: ``(S, R)`` to name -> ``(S,)`` or ``(S, class)``."""


@dataclass(frozen=True)
class Interval:
    """A score of all recordings, and the range that holds 95 % of its resamples.

    Attributes
    ----------
    value
        The score with every recording counted once; None where it is undefined.
    low, high
        Bounds of the interval; None where the value is undefined, where there are fewer than two
        recordings, or where no resample is defined.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


def resample_weights(
    recordings: int, resamples: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw resamples of recordings: how often each is drawn, R times with replacement.

    Parameters
    ----------
    recordings
        Number of recordings R, at least one.
    resamples
        Number of resamples S, at least one.
    generator
        Source of the draws.

    Returns
    -------
    ndarray, shape (S, R)
        Rows sum to R.

    Raises
    ------
    InputError
        If there are no recordings or no resamples.

    >>> resample_weights(5, 1000, np.random.default_rng(0)).shape
    (1000, 5)
    """
    if recordings < 1 or resamples < 1:
        raise InputError(
            f"a bootstrap needs recordings and resamples, not {recordings} and {resamples}"
        )
    return generator.multinomial(recordings, np.full(recordings, 1 / recordings), size=resamples)


def intervals(statistic: Statistic, weights: NDArray[np.int64]) -> dict[str, Interval]:
    """Compute the interval of every score.

    Resamples in which a score is undefined (no error in any recording drawn, say) are left out
    of its percentiles.

    Parameters
    ----------
    statistic
        Function from weights ``(S, R)`` to name -> scores ``(S,)``.
    weights
        Resamples from :func:`resample_weights`, shape ``(S, R)``.

    Raises
    ------
    InputError
        If the weights are no table, or the statistic gives another shape.
    """
    return {
        name: _interval(values, weights.shape[1])
        for name, values in _evaluate(statistic, weights, 1).items()
    }


def intervals_by_class(
    statistic: Statistic, weights: NDArray[np.int64]
) -> list[dict[str, Interval]]:
    """Compute the interval of every score of every class.

    Parameters
    ----------
    statistic
        Function from weights ``(S, R)`` to name -> scores ``(S, class)``.
    weights
        Resamples from :func:`resample_weights`, shape ``(S, R)``.

    Returns
    -------
    list
        For each class a dictionary from name to interval.

    Raises
    ------
    InputError
        If the weights are no table, or the statistic gives another shape.
    """
    scores = _evaluate(statistic, weights, 2)
    classes = min((values.shape[1] for values in scores.values()), default=0)
    return [
        {name: _interval(values[:, k], weights.shape[1]) for name, values in scores.items()}
        for k in range(classes)
    ]


def of_distinct_rows(statistic: Statistic, weights: Floats) -> dict[str, Floats]:
    """Compute the scores of every row of weights, each row that there is several times only once.

    R recordings have no more than C(2R - 1, R) different resamples: 35 of 4, where a thousand are
    drawn.

    Parameters
    ----------
    statistic
        Function from weights ``(S, R)`` to name -> scores ``(S,)`` or ``(S, class)``.
    weights
        Shape ``(S, R)``.

    >>> weights = np.array([[1.0, 1.0], [2.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> shapes = []
    >>> def second(w):
    ...     shapes.append(w.shape)
    ...     return {"second": w[:, 1]}
    >>> of_distinct_rows(second, weights)["second"], shapes
    (array([1., 0., 1., 1.]), [(2, 2)])
    """
    distinct, which = np.unique(weights, axis=0, return_inverse=True)
    if len(distinct) > len(weights) / 2:  # little is saved by sorting
        return dict(statistic(weights))
    scores = statistic(distinct)
    for name, values in scores.items():
        if values.shape[:1] != distinct.shape[:1]:
            raise InputError(
                f"{name}: a statistic must give one score a row of weights, not {values.shape}"
            )
    return {name: values[which.reshape(-1)] for name, values in scores.items()}


def _evaluate(
    statistic: Statistic, weights: NDArray[np.int64], dimensions: int
) -> dict[str, Floats]:
    """The scores with weight one in row 0, then those of the resamples."""
    if weights.ndim != 2:
        raise InputError(f"weights must have shape (resample, recording), not {weights.shape}")
    # one call for all rows: a statistic may be a matrix product, which is cheaper by far in one
    once = np.ones((1, weights.shape[1]))
    scores = of_distinct_rows(statistic, np.concatenate([once, weights]))
    for name, values in scores.items():
        if values.ndim != dimensions or values.shape[0] != weights.shape[0] + 1:
            raise InputError(
                f"{name}: a statistic must give one score a row of weights, not {values.shape}"
            )
    return scores


def _interval(values: Floats, recordings: int) -> Interval:
    """The interval of one score: its value in row 0, then those of the resamples."""
    if not np.isfinite(values[0]):
        return Interval(None)
    value = float(values[0])
    defined = values[1:][np.isfinite(values[1:])]
    if recordings < 2 or defined.size == 0:
        return Interval(value)
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
