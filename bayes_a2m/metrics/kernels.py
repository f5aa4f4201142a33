"""The arithmetic of the scores, on sums over frames: leading axes (resamples, classes) are free.

The public scores (:mod:`bayes_a2m.metrics.frames`) and the sufficient statistics
(:mod:`bayes_a2m.metrics.sufficient_statistics`) both come down to these functions, so they cannot
differ. The conventions are those that :mod:`bayes_a2m.metrics.frames` states.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints

BINS = 15
"""Bins of a calibration error where nothing else is said."""

CLIP = 1e-12
"""The least probability that the NLL takes the logarithm of."""

_SNAP = 1e-6
"""A value this little above an edge counts as on it: 3 of 15 votes in 32 bits exceed 0.2."""


def ratio(part: Floats, whole: Floats) -> Floats:
    """Quotient ``part / whole`` after broadcasting; nan where the whole is not positive."""
    part, whole = np.broadcast_arrays(part, whole)
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def bin_of(values: Floats, bins: int = BINS) -> NDArray[np.intp]:
    """Bin of every value in 0 to 1, by the convention of :mod:`bayes_a2m.metrics.frames`.

    Raises
    ------
    InputError
        If there are no bins.

    >>> bin_of(np.array([0.0, 0.2, 0.21, 1.0]), bins=5)
    array([0, 0, 1, 4])
    """
    if bins < 1:
        raise InputError(f"a calibration error needs at least 1 bin, not {bins}")
    # i / bins, not linspace: the quotient is the float nearest to the edge that people write
    edges = np.arange(1, bins) / bins
    return np.searchsorted(edges, values - _SNAP, side="left")


def ece_of_bins(confidence: Floats, right: Floats, total: Floats) -> Floats:
    """Calibration error from sums within bins.

    ``sum over bins of |confidence - right| / total``, which is the usual ``sum of n_b / n *
    |confidence_b - accuracy_b|`` without the division by ``n_b``.

    Parameters
    ----------
    confidence, right
        Sums of probability and of what came true, shape ``(..., bin)``.
    total
        Frames, shape ``(...)``.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    return ratio(np.abs(confidence - right).sum(axis=-1), total)


def macro_f1_of(hits: Floats, truth: Floats, predicted: Floats) -> Floats:
    """Mean over the classes that occur of ``2 hits / (truth + predicted)``.

    Parameters
    ----------
    hits, truth, predicted
        Frames rightly predicted as the class, truly of it, and predicted as it, shape
        ``(..., class)``.

    Returns
    -------
    ndarray, shape (...)
        nan where no class occurs.
    """
    occurs = truth + predicted > 0
    f1 = np.where(occurs, ratio(2 * hits, truth + predicted), 0.0)
    return ratio(f1.sum(axis=-1), occurs.sum(axis=-1).astype(np.float64))


def aurc_of_blocks(right: Floats, wrong: Floats) -> Floats:
    """Area under the risk-coverage curve from counts by confidence.

    Accepting frames from the surest down, with ``a`` accepted, ``E`` of them wrong, and a block
    of ``m`` equally sure frames next, of which ``e`` are wrong, the expected risk after ``j`` of
    them is ``(E + j e / m) / (a + j)``. Summed over the block that is
    ``e + (E - a e / m) (H(a + m) - H(a))``, where H is the harmonic number, for which the
    digamma function stands, so that weights need not be whole.

    Parameters
    ----------
    right, wrong
        Frames of every confidence, shape ``(..., block)``, confidence ascending.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    from scipy.special import digamma

    # from the surest down: blocks stand in ascending order of confidence
    e = wrong[..., ::-1]
    m = e + right[..., ::-1]
    accepted = np.cumsum(m, axis=-1)
    before = np.concatenate([np.zeros_like(accepted[..., :1]), accepted[..., :-1]], axis=-1)
    errors_before = np.cumsum(e, axis=-1) - e
    density = np.divide(e, m, out=np.zeros_like(e), where=m > 0)
    harmonic = np.diff(digamma(accepted + 1), axis=-1, prepend=digamma(1.0))
    area = (e + (errors_before - before * density) * harmonic).sum(axis=-1)
    return ratio(area, m.sum(axis=-1))


def error_auroc_of_blocks(right: Floats, wrong: Floats) -> Floats:
    """Chance that a wrong frame is less sure than a right one, ties counting half.

    Parameters
    ----------
    right, wrong
        Frames of every confidence, shape ``(..., block)``, confidence ascending.

    Returns
    -------
    ndarray, shape (...)
        nan where no frame is wrong, or none is right.
    """
    surer = right.sum(axis=-1, keepdims=True) - np.cumsum(right, axis=-1)
    won = (wrong * (surer + right / 2)).sum(axis=-1)
    return ratio(won, wrong.sum(axis=-1) * right.sum(axis=-1))


def excess_aurc_of_blocks(right: Floats, wrong: Floats) -> Floats:
    """Excess AURC: that of the given order minus that of the best, every error after every hit.

    Parameters
    ----------
    right, wrong
        Frames of every confidence, shape ``(..., block)``, confidence ascending.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    hits, errors = right.sum(axis=-1), wrong.sum(axis=-1)
    none = np.zeros_like(hits)
    best = aurc_of_blocks(np.stack([none, hits], axis=-1), np.stack([errors, none], axis=-1))
    return aurc_of_blocks(right, wrong) - best


def error_fpr95_of_blocks(right: Floats, wrong: Floats) -> Floats:
    """Share of right frames that are flagged where the flag finds 95 % of the wrong ones.

    The flag is raised from the least sure frame up, a block of equally sure ones at a time.

    Parameters
    ----------
    right, wrong
        Frames of every confidence, shape ``(..., block)``, confidence ascending.

    Returns
    -------
    ndarray, shape (...)
        nan where no frame is wrong, or none is right.
    """
    detected = np.cumsum(wrong, axis=-1)
    enough = detected >= 0.95 * detected[..., -1:] - 1e-9
    first = enough.argmax(axis=-1)[..., None]
    flagged = np.take_along_axis(np.cumsum(right, axis=-1), first, axis=-1)[..., 0]
    share = ratio(flagged, right.sum(axis=-1))
    return np.where(detected[..., -1] > 0, share, np.nan)


def adaptive_ece_of_blocks(count: Floats, gap: Floats, bins: int = BINS) -> Floats:
    """Calibration error over bins of equally many frames.

    Frames of equal value are in no order, so a block that an edge falls into is parted in
    proportion: the gap up to an edge is read off the cumulative gaps by straight lines.

    Parameters
    ----------
    count, gap
        Frames of every value, and their sum of probability less what came true, shape
        ``(..., block)``, value ascending.
    bins
        How many bins.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    if bins < 1:
        raise InputError(f"a calibration error needs at least 1 bin, not {bins}")
    reached, curve = np.cumsum(count, axis=-1), np.cumsum(gap, axis=-1)
    total = reached[..., -1]
    at = [np.zeros_like(total)]
    for edge in range(1, bins):
        wanted = total * edge / bins
        block = (reached >= wanted[..., None]).argmax(axis=-1)[..., None]
        past, width, step, height = (
            np.take_along_axis(sums, block, axis=-1)[..., 0]
            for sums in (reached, count, gap, curve)
        )
        at.append(height - step * np.nan_to_num(ratio(past - wanted, width)))
    # the curve between two edges is the gap of that bin: an edge inside a block shares it out
    gaps = np.diff(np.stack([*at, curve[..., -1]], axis=-1), axis=-1)
    return ece_of_bins(gaps, np.zeros(()), total)


def mce_of_bins(count: Floats, confidence: Floats, right: Floats) -> Floats:
    """Largest gap of any bin that has a frame: ``max |confidence - right| / count``.

    Parameters
    ----------
    count, confidence, right
        Frames, sums of probability and of what came true, shape ``(..., bin)``.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    gaps = ratio(np.abs(confidence - right), count)
    worst: Floats = np.nan_to_num(gaps, nan=-np.inf).max(axis=-1)
    return np.where(np.isfinite(worst), worst, np.nan)


def predicted_bins(
    predicted: NDArray[np.intp], confidence: Floats, right: NDArray[np.bool_], classes: int
) -> tuple[Floats, ...]:
    """Sums over the frames that each class is predicted in, by bins of its probability.

    Returns
    -------
    count, confidence, right : ndarray, shape (class, bin)
        Frames, sum of confidence, and frames rightly predicted.
    """
    index = predicted * BINS + bin_of(confidence)
    size, shape = classes * BINS, (classes, BINS)
    count = np.bincount(index, minlength=size).astype(np.float64)
    confidence_sum, hits = sums_of(index, confidence, size), sums_of(index, right, size)
    return count.reshape(shape), confidence_sum.reshape(shape), hits.reshape(shape)


def confusion_of(predicted: NDArray[np.intp], labels: Ints, classes: int) -> Floats:
    """Frames by truth (row) and by the predicted class (column), shape ``(class, class)``."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.float64)


def nll_of(probabilities: Floats, labels: Ints) -> Floats:
    """Negative log-likelihood ``-ln p(truth)`` of every frame in nats, shape ``(frames,)``."""
    truth = probabilities[np.arange(labels.shape[0]), labels]
    return -np.log(np.maximum(truth, CLIP))


def brier_of(probabilities: Floats, labels: Ints) -> Floats:
    """Squared distance from the truth of every frame, shape ``(frames,)``."""
    gaps = probabilities.copy()
    gaps[np.arange(labels.shape[0]), labels] -= 1.0
    squares: Floats = np.square(gaps).sum(axis=1)
    return squares


def class_bins(probabilities: Floats, labels: Ints, bins: int = BINS) -> tuple[Floats, ...]:
    """Sums of every class against the rest, by bins of its probability over all frames.

    Returns
    -------
    count, probability, true : ndarray, shape (class, bin)
        Frames, sum of the class's probability, and frames truly of the class.
    """
    classes = probabilities.shape[1]
    index = (bin_of(probabilities, bins) + bins * np.arange(classes)).ravel()
    shape = (classes, bins)
    is_class = (labels[:, None] == np.arange(classes)).ravel()
    count = np.bincount(index, minlength=classes * bins).astype(np.float64)
    probability = sums_of(index, probabilities.ravel(), classes * bins)
    true = sums_of(index, is_class, classes * bins)
    return count.reshape(shape), probability.reshape(shape), true.reshape(shape)


def top_bins(confidence: Floats, right: NDArray[np.bool_], bins: int = BINS) -> tuple[Floats, ...]:
    """Sums over all frames, whichever class is predicted, by bins of its probability.

    Returns
    -------
    count, confidence, right : ndarray, shape (bin,)
        Frames, sum of confidence, and frames rightly predicted.
    """
    index = bin_of(confidence, bins)
    return (
        np.bincount(index, minlength=bins).astype(np.float64),
        sums_of(index, confidence, bins),
        sums_of(index, right, bins),
    )


def sums_of(index: NDArray[np.intp], values: NDArray[Any], bins: int) -> Floats:
    """Sum of the values in every bin, shape ``(bin,)``."""
    return np.bincount(index, values.astype(np.float64), minlength=bins).astype(np.float64)


def predicted_of(
    probabilities: Floats, labels: Ints
) -> tuple[NDArray[np.intp], Floats, NDArray[np.bool_]]:
    """The predicted class of every frame, its probability, and whether it is right.

    All three have shape ``(frames,)``.
    """
    predicted = np.argmax(probabilities, axis=1)
    return predicted, probabilities[np.arange(labels.shape[0]), predicted], predicted == labels
