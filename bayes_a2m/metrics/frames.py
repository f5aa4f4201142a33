"""Scores of frame probabilities: how often they are right, and how far they can be believed.

The task: for every frame a distribution over the classes is given, and one class is true. Is the
likeliest class the true one (accuracy, F1), how much probability did the truth get (NLL,
Brier), is a confidence of 0.8 right eight times in ten (ECE), and do low confidences point at the
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
- **The predicted class** is the likeliest; of equals, the lowest class.
- **Macro F1** is the mean over the classes that occur in the labels or are predicted at
  least once; a class of which neither is true is left out. scikit-learn's default is the same.
- **Ties in confidence**, in AURC, AUROC and bins of equal mass, are in no order: each gets the
  expected value.

Every score takes either a posterior with the labels of its recordings, or an array
``(frames, class)`` with the labels of its frames: see
:func:`~bayes_a2m.metrics.inputs.frames`. Intervals for all of them come from
:mod:`bayes_a2m.metrics.sufficient_statistics` and :mod:`bayes_a2m.resampling.bootstrap`.
"""

from __future__ import annotations

import numpy as np

from bayes_a2m.metrics.inputs import Floats, Ints, Labels, Probabilities, frames
from bayes_a2m.metrics.kernels import (
    BINS,
    adaptive_ece_of_blocks,
    aurc_of_blocks,
    brier_of,
    class_bins,
    confusion_of,
    ece_of_bins,
    error_auroc_of_blocks,
    error_fpr95_of_blocks,
    excess_aurc_of_blocks,
    macro_f1_of,
    mce_of_bins,
    nll_of,
    predicted_bins,
    predicted_of,
    sums_of,
    top_bins,
)
from bayes_a2m.metrics.metric import metrics_of

NAMES = tuple(metric.name for metric in metrics_of("frames", "notes"))
"""What the scores are called wherever they are written, in this order."""

PER_CLASS_NAMES = tuple(metric.name for metric in metrics_of("class"))
"""What the scores of one class are called."""

MORE_NAMES = tuple(metric.name for metric in metrics_of("calibration"))
"""Further scores of frames, in this order."""

MORE_PER_CLASS_NAMES = tuple(metric.name for metric in metrics_of("class_calibration"))
"""Further scores of one class, in this order."""


def accuracy(posterior: Probabilities, labels: Labels) -> float:
    """Share of frames whose likeliest class is the true one.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], [0, 1, 1, 1])
    0.75
    """
    _, _, right = predicted_of(*frames(posterior, labels))
    return float(right.mean())


def macro_f1(posterior: Probabilities, labels: Labels) -> float:
    """F1 averaged over the classes that occur in the labels or in the predictions.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

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
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> nll([[0.5, 0.5], [0.25, 0.75]], [0, 0])  # (ln 2 + ln 4) / 2
    1.03972
    """
    return float(nll_of(*frames(posterior, labels)).mean())


def brier(posterior: Probabilities, labels: Labels) -> float:
    """Mean squared distance of the probabilities from the truth, summed over classes: 0 to 2.

    Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78, 1950: the original form, twice the binary score in use today.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> brier([[0.8, 0.2], [0.0, 1.0]], [0, 0])  # (0.04 + 0.04 + 1 + 1) / 2
    1.04
    """
    return float(brier_of(*frames(posterior, labels)).mean())


def ece(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """Expected calibration error of the predicted class.

    ``sum over bins of n_b / n * |mean confidence_b - accuracy_b|`` (Guo et al., "On calibration
    of modern neural networks", 2017, https://arxiv.org/abs/1706.04599, eq. 3), with equal-width
    bins ``(lo, hi]``.

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

    >>> ece([[0.0, 1.0], [0.05, 0.95]], [0, 1])  # one bin: |(1 + 0.95) / 2 - 1 / 2|
    0.475
    """
    _, confidence, right = predicted_of(*frames(posterior, labels))
    count, confidence_sum, hits = top_bins(confidence, right, bins)
    return float(ece_of_bins(confidence_sum, hits, count.sum()))


def classwise_ece(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> Floats:
    """Calibration error of every class against the rest, over all frames, shape ``(class,)``.

    Each class's probability in every frame is binned, also where another class is predicted
    (Kull et al., "Beyond temperature scaling", 2019, https://arxiv.org/abs/1910.12656, section 2).

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

    >>> classwise_ece([[0.9, 0.1], [0.9, 0.1]], [0, 1])  # 0.9, of which 1 in 2; 0.1, the same
    array([0.4, 0.4])
    """
    count, probability_sum, true = class_bins(*frames(posterior, labels), bins)
    return ece_of_bins(probability_sum, true, count.sum(axis=-1))


def mean_classwise_ece(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """Mean of :func:`classwise_ece` over the classes, each weighing the same.

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

    >>> mean_classwise_ece([[0.9, 0.1], [0.9, 0.1]], [0, 1])
    0.4
    """
    return float(classwise_ece(posterior, labels, bins=bins).mean())


def adaptive_ece(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """Calibration error of the predicted class, over bins of equally many frames.

    Equal-width bins put most frames of a good model into the last one and look at them once;
    equal-mass bins look closest where the frames are (Nguyen and O'Connor, "Posterior
    calibration and exploratory analysis", 2015, https://arxiv.org/abs/1508.05154). Frames of
    equal confidence are in no order, and are parted in proportion.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.
    bins
        How many bins.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them, or there are no bins.

    >>> p = [[0.6, 0.4], [0.7, 0.3], [0.8, 0.2], [0.9, 0.1]]
    >>> adaptive_ece(p, [1, 0, 0, 0], bins=2)  # (|1.3 - 1| + |1.7 - 2|) / 4
    0.15
    """
    right, wrong = _blocks(posterior, labels)
    p, _ = frames(posterior, labels)
    confidence = np.unique(p.max(axis=1))
    count = right + wrong
    return float(adaptive_ece_of_blocks(count, confidence * count - right, bins))


def mce(posterior: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """Largest calibration error of the predicted class in any bin that has a frame.

    Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", 2015. A bin
    with few frames often decides it: look at its interval.

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

    >>> mce([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]], [0, 0, 1])  # gaps 0.1 and 0.6
    0.6
    """
    _, confidence, right = predicted_of(*frames(posterior, labels))
    return float(mce_of_bins(*top_bins(confidence, right, bins)))


def top_label_ece(posterior: Probabilities, labels: Labels) -> float:
    """Calibration error given the predicted class as well as its probability.

    Gaps are taken within every bin of every predicted class (Gupta and Ramdas, "Top-label
    calibration and multiclass-to-binary reductions", 2022, https://arxiv.org/abs/2107.08353):
    too sure of E4 and not sure enough of G4 do not cancel, as they do in :func:`ece`.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> p = [[0.7, 0.3], [0.7, 0.3], [0.3, 0.7], [0.3, 0.7]]  # 0 is right 2 in 2, 1 is 1 in 2
    >>> top_label_ece(p, [0, 0, 1, 0]), ece(p, [0, 0, 1, 0])
    (0.25, 0.05)
    """
    p, flat = frames(posterior, labels)
    count, confidence_sum, hits = predicted_bins(*predicted_of(p, flat), p.shape[1])
    return float(np.abs(confidence_sum - hits).sum() / count.sum())


def excess_aurc(posterior: Probabilities, labels: Labels) -> float:
    """Excess AURC: :func:`aurc` minus that of a perfect order of the same frames.

    Geifman et al., "Bias-reduced uncertainty estimation", 2019,
    https://arxiv.org/abs/1805.08206.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> excess_aurc([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 0, 0])  # 5/18 - 1/9
    0.16666
    """
    return float(excess_aurc_of_blocks(*_blocks(posterior, labels)))


def error_fpr95(posterior: Probabilities, labels: Labels) -> float:
    """False positive rate of the doubt at a recall of 95 % of the errors: lower is better.

    Frames are flagged from the least sure up until 95 % of the wrong ones are flagged; the score
    is the share of right frames flagged with them. It is nan where every frame is right or every
    one wrong.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> error_fpr95([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 0, 0])  # 0.7 is flagged, 0.9 is not
    0.5
    """
    return float(error_fpr95_of_blocks(*_blocks(posterior, labels)))


def aurc(posterior: Probabilities, labels: Labels) -> float:
    """Area under the risk-coverage curve: lower is better.

    Frames are accepted from the surest down; the mean, over the coverages 1/n, 2/n ... 1, of the
    share of accepted frames that are wrong (Geifman et al., "Bias-reduced uncertainty
    estimation", 2019, https://arxiv.org/abs/1805.08206). Ties are in no order: see
    :func:`~bayes_a2m.metrics.kernels.aurc_of_blocks`.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> aurc([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 0, 0])  # (0/1 + 1/2 + 1/3) / 3
    0.27777
    """
    return float(aurc_of_blocks(*_blocks(posterior, labels)))


def error_auroc(posterior: Probabilities, labels: Labels) -> float:
    """Area under the ROC curve of doubt (one minus the confidence) as a detector of errors.

    It is the chance that a wrong frame is less sure than a right one, ties counting half; 0.5 is
    chance, 1 is perfect, and it is nan where every frame is right or every one wrong.

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> error_auroc([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 0, 0])
    0.5
    """
    return float(error_auroc_of_blocks(*_blocks(posterior, labels)))


def confusion(posterior: Probabilities, labels: Labels) -> Ints:
    """Confusion matrix: frames by true class (row) and predicted class (column).

    Parameters
    ----------
    posterior, labels
        Probabilities and true classes, as :func:`~bayes_a2m.metrics.inputs.frames` accepts them.

    Returns
    -------
    ndarray of int, shape (class, class)

    Raises
    ------
    InputError
        If :func:`~bayes_a2m.metrics.inputs.frames` refuses them.

    >>> confusion([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1])
    array([[1, 0],
           [1, 1]])
    """
    probabilities, flat = frames(posterior, labels)
    predicted, _, _ = predicted_of(probabilities, flat)
    return confusion_of(predicted, flat, probabilities.shape[1]).astype(np.int64)


def _blocks(posterior: Probabilities, labels: Labels) -> tuple[Floats, Floats]:
    """Right and wrong frames of every confidence that occurs, ascending."""
    _, confidence, right = predicted_of(*frames(posterior, labels))
    values, block = np.unique(confidence, return_inverse=True)
    return sums_of(block, right, values.size), sums_of(block, ~right, values.size)
