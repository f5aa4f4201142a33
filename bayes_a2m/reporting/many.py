"""The classes that a figure shows of many: a piano has 88, and a page has room for ten."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.metrics.inputs import Floats, Ints

MOST = 12
"""Classes that a figure shows one by one; of more, it shows :data:`SHOWN`."""

SHOWN = 10
"""Classes that are shown of more than :data:`MOST`."""


def shown_of(weights: ArrayLike) -> Ints:
    """Choose the classes to show: all of a few, of many the ten of the largest weights, in order.

    Parameters
    ----------
    weights
        What makes a class matter, shape ``(class,)``; nan is the least.

    >>> shown_of([3, 1, 2]).tolist(), shown_of([0.0] * 5 + list(range(15))).tolist()
    ([0, 1, 2], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    """
    values = np.nan_to_num(np.asarray(weights, dtype=np.float64), nan=-1.0)
    if values.size <= MOST:
        return np.arange(values.size)
    return np.sort(np.argsort(-values, kind="stable")[:SHOWN])


def most_confused(table: ArrayLike) -> Ints:
    """Choose the classes of a confusion matrix that have most to do with its errors.

    A class counts the frames of it that are predicted as another, and those of others that are
    predicted as it; where these are equal, the more frequent one comes first.
    """
    counts = np.asarray(table, dtype=np.float64)
    errors = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    frames = counts.sum(axis=1)
    return shown_of(errors + frames / (frames.sum() + 1.0))


def with_others(table: ArrayLike, shown: Ints) -> Floats:
    """Put all classes that are not shown together into one last row and column.

    >>> with_others([[5, 1, 0], [0, 4, 2], [0, 3, 6]], np.array([0])).tolist()
    [[5.0, 1.0], [0.0, 15.0]]
    """
    counts = np.asarray(table, dtype=np.float64)
    if shown.size == counts.shape[0]:
        return counts
    member = np.zeros((shown.size + 1, counts.shape[0]))
    member[np.arange(shown.size), shown] = 1
    member[-1, np.setdiff1d(np.arange(counts.shape[0]), shown)] = 1
    pooled: Floats = member @ counts @ member.T
    return pooled


def told(names: Sequence[str], shown: Ints, why: str) -> str:
    """Say in a caption that not all classes are shown; nothing where they are.

    >>> told(["a"] * 49, np.arange(10), "with most errors")
    ' Shown are the 10 of 49 classes with most errors.'
    """
    if len(shown) == len(names):
        return ""
    return f" Shown are the {len(shown)} of {len(names)} classes {why}."
