"""Decomposition of the Brier score into reliability, resolution and uncertainty.

For a class against the rest, with frames in bins of the class's probability, ``p_b`` and ``o_b``
the mean probability and the share truly of the class in bin b, ``o`` the share overall (Murphy,
"A new vector partition of the probability score", 1973):

    reliability = sum n_b / n (p_b - o_b)^2     what calibration could take away
    resolution  = sum n_b / n (o_b - o)^2       what telling frames apart has gained
    uncertainty = o (1 - o)                     what there was to know

The score is ``reliability - resolution + uncertainty`` if all probabilities of a bin are equal;
where they are not, what they vary within bins is left over (Stephenson, Coelho and Jolliffe,
"Two extra components in the Brier score decomposition", 2008). It is called ``within`` here, so
that the four parts add up to the score exactly. Parts of several classes add up, as the score of
:func:`~bayes_a2m.metrics.frames.brier` is the sum over classes.

Reliability from finite bins is too large by chance: it squares noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_a2m.metrics.inputs import Floats, Labels, Probabilities, frames
from bayes_a2m.metrics.kernels import BINS, class_bins, ratio


@dataclass(frozen=True)
class BrierParts:
    """Brier scores and their parts: ``reliability - resolution + uncertainty + within``.

    Attributes
    ----------
    brier
        The score, shape ``(...)``.
    reliability, resolution, uncertainty, within
        Its parts, of the same shape.
    """

    brier: Floats
    reliability: Floats
    resolution: Floats
    uncertainty: Floats
    within: Floats

    def summed(self) -> BrierParts:
        """Sum scores and parts over the last axis, the classes."""
        return BrierParts(*(np.asarray(part.sum(axis=-1)) for part in vars(self).values()))


def brier_parts(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> BrierParts:
    """Decompose the Brier score of every class, shapes ``(class,)``.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.
    bins
        Bins of equal width in 0 to 1.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them, or there are no bins.

    >>> parts = brier_parts([[0.75, 0.25]] * 4, [0, 0, 1, 1]).summed()
    >>> float(parts.brier), float(parts.reliability), float(parts.resolution)
    (0.625, 0.125, 0.0)
    """
    p, y = frames(posterior, labels)
    truth = y[:, None] == np.arange(p.shape[1])
    squares = np.square(p - truth).sum(axis=0)
    count, probability, true = class_bins(p, y, bins)
    return parts_of_bins(count, probability, true, squares)


def parts_of_bins(count: Floats, probability: Floats, true: Floats, squares: Floats) -> BrierParts:
    """Decompose Brier scores from sums within bins.

    Parameters
    ----------
    count, probability, true
        Frames, sum of the class's probability, and frames truly of the class, ``(..., bin)``.
    squares
        Sum of ``(p - y)^2`` over all frames, ``(...)``.
    """
    total = count.sum(axis=-1)
    share = ratio(true.sum(axis=-1), total)
    empty = count == 0
    mean_probability = np.where(empty, 0.0, ratio(probability, count))
    mean_true = np.where(empty, 0.0, ratio(true, count))
    weight = ratio(count, total[..., None])
    reliability = (weight * np.square(mean_probability - mean_true)).sum(axis=-1)
    resolution = (weight * np.square(mean_true - share[..., None])).sum(axis=-1)
    uncertainty = share * (1 - share)
    brier = ratio(squares, total)
    within = brier - (reliability - resolution + uncertainty)
    return BrierParts(brier, reliability, resolution, uncertainty, within)
