"""How good, and how honest, frame probabilities are.

The task: for every frame a law over the classes is given, and one class is true. Is the
likeliest class the true one (accuracy, F1), how much probability did the truth get (NLL,
Brier), is a stated 0.8 right eight times in ten (ECE), and do low confidences point at the
errors (AURC, AUROC)?

The conventions, which differ from tool to tool and move the numbers:

- **Frames are pooled** over recordings: a long recording counts more than a short one.
- **Bins** are equal in width and closed on the right, ``(lo, hi]``; the first is closed on the
  left, too, so a confidence of exactly 1.0 is in the last bin and one of exactly 0.0 in the
  first. (torchmetrics 1.9 gives 1.0 a bin of its own; scikit-learn closes bins on the left.)
  A value within 1e-6 above an edge counts as on it: votes of 3 in 15 are the edge 0.2, in
  32-bit floats as in 64.
- **ECE** weighs bins by their frames and takes absolute gaps (L1); no debiasing.
- **NLL** is in nats; probabilities are raised to at least 1e-12, which caps a frame at 27.6.
- **Brier** is summed over the classes, so it runs from 0 to 2, twice the binary score.
- **The class called** is the likeliest; of equals, the lowest class.
- **Macro F1** is the mean over the classes that occur in the labels or are called at least
  once; a class that does neither says nothing. scikit-learn's default is the same.
- **Ties in confidence**, in AURC and AUROC, are in no order: each gets the expected value.

Every score takes either a posterior with the labels of its recordings, or an array
``(frames, class)`` with the labels of its frames: see :func:`frames`. Intervals for all of them
come from :mod:`bayes_a2m.calibration.counts` and :mod:`bayes_a2m.calibration.bootstrap`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError

NAMES = (
    "accuracy",
    "macro_f1",
    "nll",
    "brier",
    "ece",
    "adaptive_ece",
    "classwise_ece",
    "smooth_ece",
    "aurc",
    "error_auroc",
    "note_onset_f1_50ms",
    "note_onset_f1_100ms",
    "note_onset_offset_f1",
    "note_ece",
)
"""What the scores are called wherever they are written, in this order."""

PER_CLASS_NAMES = (
    "precision",
    "recall",
    "false_positives",
    "false_negatives",
    "classwise_ece",
    "trust",
)
"""What the scores of one class are called."""

BINS = 15
"""Bins of a calibration error where nothing else is said."""

CLIP = 1e-12
"""The least probability that :func:`nll` takes the logarithm of."""

_SUM_TOLERANCE = 1e-3
_SNAP = 1e-6

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@runtime_checkable
class FrameProbabilities(Protocol):
    """What the scores read of a :class:`~bayes_a2m.prediction.FramePosterior`."""

    @property
    def lengths(self) -> Any:
        """Frames of every recording, shape ``(recording,)``."""

    def mean(self) -> Any:
        """Posterior predictive probabilities, shape ``(recording, frame, class)``."""


Probabilities: TypeAlias = FrameProbabilities | ArrayLike
Labels: TypeAlias = ArrayLike | Sequence[ArrayLike]


# --- what goes in -------------------------------------------------------------------------


def validate(probabilities: Floats, labels: NDArray[Any], *, allow_empty: bool = False) -> None:
    """Check the probabilities and labels of frames.

    Parameters
    ----------
    probabilities
        Shape ``(frames, class)``.
    labels
        True class of every frame, shape ``(frames,)``, integers.
    allow_empty
        Whether no frames at all are fine.

    Raises
    ------
    InputError
        If the shapes do not fit, a label is no class, or a row is no law: not finite, outside
        0 to 1, or with a sum more than 1e-3 from one.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] < 1:
        raise InputError(
            f"probabilities must have shape (frames, class), not {probabilities.shape}"
        )
    if labels.ndim != 1:
        raise InputError(f"labels must have shape (frames,), not {labels.shape}")
    if labels.shape[0] != probabilities.shape[0]:
        raise InputError(
            f"{labels.shape[0]} labels for {probabilities.shape[0]} frames of probabilities: "
            "give one label a frame"
        )
    if labels.shape[0] == 0:
        if allow_empty:
            return
        raise InputError("there are no frames to score")
    if labels.dtype.kind not in "iu":
        raise InputError(f"labels must be integers (class numbers), not {labels.dtype}")
    classes = probabilities.shape[1]
    if labels.min() < 0 or labels.max() >= classes:
        wrong = int(labels.min()) if labels.min() < 0 else int(labels.max())
        raise InputError(f"label {wrong} is no class: the probabilities have 0 to {classes - 1}")
    if not np.isfinite(probabilities).all():
        frame = int(np.flatnonzero(~np.isfinite(probabilities).all(axis=1))[0])
        raise InputError(f"probabilities are not finite, first at frame {frame}")
    low, high = float(probabilities.min()), float(probabilities.max())
    if low < -_SUM_TOLERANCE or high > 1 + _SUM_TOLERANCE:
        raise InputError(
            f"probabilities must lie in 0 to 1, not {low:.4g} to {high:.4g}: "
            "are these logits or log-probabilities?"
        )
    totals = probabilities.sum(axis=1)
    worst = int(np.argmax(np.abs(totals - 1)))
    if abs(totals[worst] - 1) > _SUM_TOLERANCE:
        raise InputError(
            f"probabilities of a frame must sum to one, not {totals[worst]:.4g} (frame {worst})"
        )


def frames(
    posterior: Probabilities, labels: Labels, *, allow_empty: bool = False
) -> tuple[Floats, Ints]:
    """Flat, validated probabilities and labels; padding is left out.

    Parameters
    ----------
    posterior
        An object with ``mean()``, shape ``(recording, frame, class)``, and ``lengths``, shape
        ``(recording,)``; or an array ``(frames, class)``.
    labels
        For a posterior a list of arrays ``(frames,)``, one a recording; for an array either one
        array ``(frames,)`` or such a list, whose frames are joined.
    allow_empty
        Whether no frames at all are fine.

    Returns
    -------
    probabilities : ndarray, shape (frames, class)
        64-bit; rounding outside 0 to 1 is clipped off.
    labels : ndarray, shape (frames,)

    Raises
    ------
    InputError
        Where :func:`validate` does, or if labels and recordings do not go together.

    >>> frames([[0.9, 0.1], [0.2, 0.8]], [0, 1])[1]
    array([0, 1])
    """
    if isinstance(posterior, FrameProbabilities):
        probabilities, flat = _unpadded(posterior, labels)
    else:
        probabilities, flat = _array(posterior, "probabilities"), _joined(labels)
    if flat.size == 0:
        flat = flat.astype(np.int64)
    validate(probabilities, flat, allow_empty=allow_empty)
    return np.clip(probabilities, 0.0, 1.0), flat.astype(np.int64)


def _array(values: Any, what: str) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be one array of numbers, its rows alike") from None


def _joined(labels: Labels) -> NDArray[Any]:
    """One array of labels from one or from a list of them."""
    if isinstance(labels, list | tuple) and labels and all(np.ndim(one) == 1 for one in labels):
        return np.concatenate([np.asarray(one) for one in labels])
    return np.asarray(labels)


def _unpadded(posterior: FrameProbabilities, labels: Labels) -> tuple[Floats, NDArray[Any]]:
    """Frames of all recordings of a posterior, one after the other, and their labels."""
    padded = _array(posterior.mean(), "the posterior's mean")
    lengths = [int(n) for n in np.asarray(posterior.lengths)]
    if padded.ndim != 3 or padded.shape[0] != len(lengths):
        raise InputError(
            f"a posterior's mean must have shape (recording, frame, class) and a length for "
            f"every recording, not {padded.shape} and {len(lengths)} lengths"
        )
    if not isinstance(labels, Sequence) or any(np.ndim(one) != 1 for one in labels):
        raise InputError("labels of a posterior must be a list of 1-D arrays, one a recording")
    if len(labels) != len(lengths):
        raise InputError(f"labels of {len(labels)} recordings for {len(lengths)} predicted ones")
    for i, (one, length) in enumerate(zip(labels, lengths, strict=True)):
        if np.shape(one)[0] != length or length > padded.shape[1]:
            raise InputError(
                f"recording number {i} has {np.shape(one)[0]} labels, a length of {length} and "
                f"{padded.shape[1]} frames of probabilities: they must agree"
            )
    inside = np.arange(padded.shape[1]) < np.asarray(lengths, dtype=np.int64)[:, None]
    return padded[inside], _joined(list(labels))


# --- the arithmetic, shared with counts.py: leading axes are free -----------------------------


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, nan where the whole is 0."""
    part, whole = np.broadcast_arrays(part, whole)
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def bin_of(values: Floats, bins: int = BINS) -> NDArray[np.intp]:
    """The bin of every value in 0 to 1, by the convention of this module; shape as ``values``.

    >>> bin_of(np.array([0.0, 0.2, 0.21, 1.0]), bins=5)
    array([0, 0, 1, 4])
    """
    if bins < 1:
        raise InputError(f"a calibration error needs at least 1 bin, not {bins}")
    # i / bins, not linspace: the quotient is the float nearest to the edge that people write
    edges = np.arange(1, bins) / bins
    return np.searchsorted(edges, values - _SNAP, side="left")


def ece_of_bins(stated: Floats, right: Floats, total: Floats) -> Floats:
    """Calibration error from sums within bins.

    ``sum over bins of |stated - right| / total``, which is the usual ``sum of n_b / n *
    |confidence_b - accuracy_b|`` without the division by ``n_b``.

    Parameters
    ----------
    stated, right
        Sums of probability and of what came true, shape ``(..., bin)``.
    total
        Frames, shape ``(...)``.

    Returns
    -------
    ndarray, shape (...)
        nan where there are no frames.
    """
    return ratio(np.abs(stated - right).sum(axis=-1), total)


def macro_f1_of(hits: Floats, truth: Floats, called: Floats) -> Floats:
    """Mean over the classes that occur of ``2 hits / (truth + called)``.

    Parameters
    ----------
    hits, truth, called
        Frames rightly called the class, truly of it, and called it, shape ``(..., class)``.

    Returns
    -------
    ndarray, shape (...)
        nan where no class occurs.
    """
    occurs = truth + called > 0
    f1 = np.where(occurs, ratio(2 * hits, truth + called), 0.0)
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


def confusion_of(called: NDArray[np.intp], labels: Ints, classes: int) -> Floats:
    """Frames by truth (row) and by the class called (column), shape ``(class, class)``."""
    counts = np.bincount(labels * classes + called, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.float64)


def nll_of(probabilities: Floats, labels: Ints) -> Floats:
    """``-ln p(truth)`` of every frame, shape ``(frames,)``."""
    truth = probabilities[np.arange(labels.shape[0]), labels]
    return -np.log(np.maximum(truth, CLIP))


def brier_of(probabilities: Floats, labels: Ints) -> Floats:
    """Squared distance from the truth of every frame, shape ``(frames,)``."""
    gaps = probabilities.copy()
    gaps[np.arange(labels.shape[0]), labels] -= 1.0
    squares: Floats = np.square(gaps).sum(axis=1)
    return squares


def class_bins(probabilities: Floats, labels: Ints, bins: int = BINS) -> tuple[Floats, ...]:
    """Every class against the rest, by bins of its probability over all frames.

    Returns
    -------
    count, stated, true : ndarray, shape (class, bin)
        Frames, sum of the class's probability, and frames truly of the class.
    """
    classes = probabilities.shape[1]
    place = (bin_of(probabilities, bins) + bins * np.arange(classes)).ravel()
    shape = (classes, bins)
    is_class = (labels[:, None] == np.arange(classes)).ravel()
    count = np.bincount(place, minlength=classes * bins).astype(np.float64)
    stated = _sums(place, probabilities.ravel(), classes * bins)
    true = _sums(place, is_class, classes * bins)
    return count.reshape(shape), stated.reshape(shape), true.reshape(shape)


def top_bins(confidence: Floats, right: NDArray[np.bool_], bins: int = BINS) -> tuple[Floats, ...]:
    """The class called, by bins of its probability.

    Returns
    -------
    count, stated, right : ndarray, shape (bin,)
        Frames, sum of confidence, and frames rightly called.
    """
    place = bin_of(confidence, bins)
    return (
        np.bincount(place, minlength=bins).astype(np.float64),
        _sums(place, confidence, bins),
        _sums(place, right, bins),
    )


def _sums(place: NDArray[np.intp], values: NDArray[Any], bins: int) -> Floats:
    """Sum of the values of every bin, ``(bin,)``."""
    return np.bincount(place, values.astype(np.float64), minlength=bins).astype(np.float64)


def called_of(
    probabilities: Floats, labels: Ints
) -> tuple[NDArray[np.intp], Floats, NDArray[np.bool_]]:
    """The class called in every frame, its probability, and whether it is right; ``(frames,)``."""
    called = np.argmax(probabilities, axis=1)
    return called, probabilities[np.arange(labels.shape[0]), called], called == labels


# --- the scores -------------------------------------------------------------------------------


def accuracy(posterior: Probabilities, labels: Labels) -> float:
    """Share of frames whose likeliest class is the true one.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.

    Raises
    ------
    InputError
        Where :func:`frames` does.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], [0, 1, 1, 1])
    0.75
    """
    _, _, right = called_of(*frames(posterior, labels))
    return float(right.mean())


def macro_f1(posterior: Probabilities, labels: Labels) -> float:
    """F1 of the class called, averaged over the classes that occur in the labels or the calls.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.

    Raises
    ------
    InputError
        Where :func:`frames` does.

    >>> macro_f1([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.6, 0.4, 0.0]], [0, 1, 1])
    0.66666
    """
    table = confusion(posterior, labels).astype(np.float64)
    return float(macro_f1_of(np.diag(table), table.sum(axis=1), table.sum(axis=0)))


def nll(posterior: Probabilities, labels: Labels) -> float:
    """Mean negative log-likelihood of the truth, in nats; probabilities are clipped at 1e-12.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.

    Raises
    ------
    InputError
        Where :func:`frames` does.

    >>> nll([[0.5, 0.5], [0.25, 0.75]], [0, 0])  # (ln 2 + ln 4) / 2
    1.03972
    """
    return float(nll_of(*frames(posterior, labels)).mean())


def brier(posterior: Probabilities, labels: Labels) -> float:
    """Mean squared distance between the law and the truth, summed over classes: 0 to 2.

    Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78, 1950: the original form, twice the binary score in use today.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.

    Raises
    ------
    InputError
        Where :func:`frames` does.

    >>> brier([[0.8, 0.2], [0.0, 1.0]], [0, 0])  # (0.04 + 0.04 + 1 + 1) / 2
    1.04
    """
    return float(brier_of(*frames(posterior, labels)).mean())


def ece(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """Expected calibration error of the class called.

    ``sum over bins of n_b / n * |mean confidence_b - accuracy_b|`` (Guo et al., "On calibration
    of modern neural networks", 2017, https://arxiv.org/abs/1706.04599, eq. 3), with equal-width
    bins ``(lo, hi]``.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.
    bins
        Bins of equal width in 0 to 1.

    Raises
    ------
    InputError
        Where :func:`frames` does, or if there are no bins.

    >>> ece([[0.0, 1.0], [0.05, 0.95]], [0, 1])  # one bin: |(1 + 0.95) / 2 - 1 / 2|
    0.475
    """
    _, confidence, right = called_of(*frames(posterior, labels))
    count, stated, hits = top_bins(confidence, right, bins)
    return float(ece_of_bins(stated, hits, count.sum()))


def classwise_ece(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> Floats:
    """Calibration error of every class against the rest, over all frames, shape ``(class,)``.

    Each class's probability in every frame is binned, also where another class is called (Kull
    et al., "Beyond temperature scaling", 2019, https://arxiv.org/abs/1910.12656, section 2).

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.
    bins
        Bins of equal width in 0 to 1.

    Raises
    ------
    InputError
        Where :func:`frames` does, or if there are no bins.

    >>> classwise_ece([[0.9, 0.1], [0.9, 0.1]], [0, 1])  # 0.9 stated, 1 in 2 true; 0.1, 1 in 2
    array([0.4, 0.4])
    """
    count, stated, true = class_bins(*frames(posterior, labels), bins)
    return ece_of_bins(stated, true, count.sum(axis=-1))


def mean_classwise_ece(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """:func:`classwise_ece` averaged over all classes, each weighing the same.

    >>> mean_classwise_ece([[0.9, 0.1], [0.9, 0.1]], [0, 1])
    0.4
    """
    return float(classwise_ece(posterior, labels, bins=bins).mean())


def aurc(posterior: Probabilities, labels: Labels) -> float:
    """Area under the risk-coverage curve: lower is better.

    Frames are accepted from the surest down; the mean, over the coverages 1/n, 2/n ... 1, of the
    share of accepted frames that are wrong (Geifman et al., "Bias-reduced uncertainty
    estimation", 2019, https://arxiv.org/abs/1805.08206). Ties are in no order: see
    :func:`aurc_of_blocks`.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.

    Raises
    ------
    InputError
        Where :func:`frames` does.

    >>> aurc([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 0, 0])  # (0/1 + 1/2 + 1/3) / 3
    0.27777
    """
    return float(aurc_of_blocks(*_blocks(posterior, labels)))


def error_auroc(posterior: Probabilities, labels: Labels) -> float:
    """How well doubt (one less the confidence) finds the errors: the area under its ROC curve.

    The chance that a wrong frame is less sure than a right one, ties counting half; 0.5 is
    chance, 1 is perfect. nan where every frame is right or every one wrong.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.

    Raises
    ------
    InputError
        Where :func:`frames` does.

    >>> error_auroc([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 0, 0])
    0.5
    """
    return float(error_auroc_of_blocks(*_blocks(posterior, labels)))


def confusion(posterior: Probabilities, labels: Labels) -> Ints:
    """Frames by truth (row) and by the class called (column), shape ``(class, class)``.

    Parameters
    ----------
    posterior, labels
        As :func:`frames` takes them.

    Raises
    ------
    InputError
        Where :func:`frames` does.

    >>> confusion([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1])
    array([[1, 0],
           [1, 1]])
    """
    probabilities, flat = frames(posterior, labels)
    called, _, _ = called_of(probabilities, flat)
    return confusion_of(called, flat, probabilities.shape[1]).astype(np.int64)


def _blocks(posterior: Probabilities, labels: Labels) -> tuple[Floats, Floats]:
    """Right and wrong frames of every confidence that occurs, ascending."""
    _, confidence, right = called_of(*frames(posterior, labels))
    values, block = np.unique(confidence, return_inverse=True)
    return _sums(block, right, values.size), _sums(block, ~right, values.size)
