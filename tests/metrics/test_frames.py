"""Values worked by hand, scikit-learn's, and what must hold of any probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from bayes_a2m import calibration
from bayes_a2m.errors import InputError
from bayes_a2m.metrics import frames as scores
from bayes_a2m.metrics.inputs import frames
from bayes_a2m.metrics.kernels import bin_of

ALL = (
    scores.accuracy,
    scores.macro_f1,
    scores.nll,
    scores.brier,
    scores.ece,
    scores.classwise_ece,
    scores.mean_classwise_ece,
    scores.aurc,
    scores.error_auroc,
    scores.confusion,
)


def binary(confidence, right):
    """Two-class frames that call class 1 with these confidences, rightly where told."""
    confidence = np.asarray(confidence, dtype=float)
    return np.stack([1 - confidence, confidence], axis=1), np.asarray(right, dtype=int)


def simulated(frames=600, classes=4, seed=0, sharpness=2.0):
    """Probabilities of which some are wrong, and labels that follow a flatter distribution."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(frames, classes)) * sharpness
    p, truth = np.exp(logits), np.exp(logits / 2)
    p, truth = p / p.sum(1, keepdims=True), truth / truth.sum(1, keepdims=True)
    labels = (truth.cumsum(1) < generator.random((frames, 1))).sum(1).clip(0, classes - 1)
    return p, labels


@dataclass
class Posterior:
    """As much of a FramePosterior as the scores read."""

    probabilities: np.ndarray
    lengths: np.ndarray

    def mean(self):
        return self.probabilities


# --- by hand ----------------------------------------------------------------------------------


def test_names_are_the_contract():
    assert scores.NAMES == (
        "accuracy", "macro_f1", "nll", "brier", "ece", "adaptive_ece", "classwise_ece",
        "smooth_ece", "aurc", "error_auroc", "note_onset_f1_50ms", "note_onset_f1_100ms",
        "note_onset_offset_f1", "note_ece",
    )  # fmt: skip
    assert scores.PER_CLASS_NAMES == (
        "precision", "recall", "false_positives", "false_negatives", "classwise_ece", "trust",
    )  # fmt: skip


def test_textbook_ece_in_five_bins():
    # The nine samples by which tutorials work ECE out: 0.10444
    first = [0.78, 0.36, 0.08, 0.58, 0.49, 0.85, 0.30, 0.63, 0.17]
    p = np.stack([first, 1 - np.array(first)], axis=1)
    labels = [0, 1, 0, 0, 0, 0, 1, 1, 1]
    by_hand = (
        2 / 9 * abs((0.58 + 0.51) / 2 - 1 / 2)  # (0.4, 0.6]
        + 4 / 9 * abs((0.78 + 0.64 + 0.70 + 0.63) / 4 - 3 / 4)  # (0.6, 0.8]
        + 3 / 9 * abs((0.92 + 0.85 + 0.83) / 3 - 2 / 3)  # (0.8, 1.0]
    )
    assert by_hand == pytest.approx(0.104444, abs=1e-6)
    assert scores.ece(p, labels, bins=5) == pytest.approx(by_hand)


def test_confidence_of_one_shares_the_last_bin():
    # In one bin |1.95 - 1| / 2; torchmetrics 1.9 puts 1.0 in a bin of its own and says 0.525.
    assert scores.ece(*binary([1.0, 0.95], [0, 1])) == pytest.approx(0.475)


def test_a_sure_and_right_model_has_no_calibration_error():
    p = np.eye(4)[[0, 1, 2, 3, 3]]
    assert scores.ece(p, [0, 1, 2, 3, 3]) == 0
    assert scores.ece(p, [1, 0, 3, 2, 2]) == 1
    assert (scores.classwise_ece(p, [0, 1, 2, 3, 3]) == 0).all()


def test_default_is_fifteen_bins():
    # 0.61 and 0.66 share (9/15, 10/15]; of 20 bins they would not: gaps 0.61 and 0.34.
    p, labels = binary([0.61, 0.66], [0, 1])
    assert scores.ece(p, labels) == pytest.approx(0.27 / 2)
    assert scores.ece(p, labels, bins=20) == pytest.approx((0.61 + 0.34) / 2)


def test_bins_are_closed_on_the_right_and_the_first_on_the_left():
    edges = np.arange(16) / 15
    assert bin_of(edges).tolist() == [0, *range(15)]
    assert bin_of(edges[:-1] + 1e-4).tolist() == list(range(15))
    assert bin_of(np.array([0.0, 1e-9, 1.0])).tolist() == [0, 0, 14]


def test_edges_are_the_same_in_32_bits():
    votes = np.arange(16) / 15
    single = votes.astype(np.float32).astype(np.float64)
    assert (single != votes).any()
    assert bin_of(single).tolist() == bin_of(votes).tolist()


def test_classwise_ece_by_hand():
    p = [[0.7, 0.2, 0.1], [0.7, 0.3, 0.0], [0.1, 0.5, 0.4], [0.1, 0.5, 0.4]]
    labels = [0, 1, 1, 2]
    # five bins. class 0: (0.6, 0.8] 1.4 stated 1 true, [0, 0.2] 0.2 stated 0 true
    # class 1: [0, 0.2] 0.2 / 0, (0.2, 0.4] 0.3 / 1, (0.4, 0.6] 1.0 / 1
    # class 2: [0, 0.2] 0.1 / 0, (0.2, 0.4] 0.8 / 1
    expected = [(0.4 + 0.2) / 4, (0.2 + 0.7 + 0.0) / 4, (0.1 + 0.2) / 4]
    assert scores.classwise_ece(p, labels, bins=5) == pytest.approx(expected)
    assert scores.mean_classwise_ece(p, labels, bins=5) == pytest.approx(np.mean(expected))


def test_nll_is_natural_and_clipped():
    assert scores.nll([[1 / math.e, 1 - 1 / math.e]], [0]) == pytest.approx(1.0)
    assert scores.nll([[0.0, 1.0]], [0]) == pytest.approx(12 * math.log(10))


def test_brier_runs_from_zero_to_two():
    assert scores.brier([[0.0, 1.0, 0.0]], [1]) == 0
    assert scores.brier([[0.0, 1.0, 0.0]], [0]) == 2
    assert scores.brier([[1 / 3, 1 / 3, 1 / 3]], [2]) == pytest.approx(2 / 3)


def test_macro_f1_leaves_out_classes_that_do_not_occur():
    p = np.eye(4)[[0, 0, 1]]
    # class 0: 2 * 1 / (1 + 2); class 1: 2 * 1 / (2 + 1); classes 2 and 3 do not occur
    assert scores.macro_f1(p, [0, 1, 1]) == pytest.approx(2 / 3)
    # class 2 occurs in the labels alone, class 1 in the calls alone: both score 0
    assert scores.macro_f1(p, [0, 0, 2]) == pytest.approx((1 + 0 + 0) / 3)


def test_aurc_by_hand():
    # surest first: right, wrong, right, wrong
    p, labels = binary([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0])
    assert scores.aurc(p, labels) == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)


def test_aurc_of_ties_is_the_mean_over_their_orders():
    # one sure right frame, then a right and a wrong one that tie: orders RRW and RWR
    p, labels = binary([0.9, 0.7, 0.7], [1, 1, 0])
    orders = [(0 + 0 + 1 / 3) / 3, (0 + 1 / 2 + 1 / 3) / 3]
    assert scores.aurc(p, labels) == pytest.approx(np.mean(orders))
    # where all tie, every coverage has the overall risk
    p, labels = binary([0.8] * 10, [1] * 7 + [0] * 3)
    assert scores.aurc(p, labels) == pytest.approx(0.3)


def test_error_auroc_by_hand():
    p, labels = binary([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0])
    assert scores.error_auroc(p, labels) == pytest.approx(3 / 4)
    p, labels = binary([0.9, 0.7, 0.7], [1, 1, 0])
    assert scores.error_auroc(p, labels) == pytest.approx((1 + 0.5) / 2)


@pytest.mark.parametrize("right", [[1, 1, 1], [0, 0, 0]])
def test_error_auroc_is_undefined_without_errors_or_without_hits(right):
    assert math.isnan(scores.error_auroc(*binary([0.9, 0.8, 0.7], right)))


def test_confusion_has_the_truth_in_rows():
    table = scores.confusion([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]], [0, 1, 1])
    assert table.tolist() == [[1, 0], [1, 1]]
    assert table.dtype.kind == "i"


def test_the_lowest_of_equal_classes_is_called():
    assert scores.confusion([[0.2, 0.4, 0.4]], [2]).tolist() == [[0] * 3, [0] * 3, [0, 1, 0]]


# --- against scikit-learn -----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_scikit_learn(seed):
    p, labels = simulated(seed=seed)
    called = p.argmax(1)
    assert scores.accuracy(p, labels) == pytest.approx(metrics.accuracy_score(labels, called))
    assert scores.macro_f1(p, labels) == pytest.approx(
        metrics.f1_score(labels, called, average="macro")
    )
    assert scores.nll(p, labels) == pytest.approx(metrics.log_loss(labels, p, labels=range(4)))
    assert scores.error_auroc(p, labels) == pytest.approx(
        metrics.roc_auc_score(called != labels, 1 - p.max(1))
    )
    assert (scores.confusion(p, labels) == metrics.confusion_matrix(labels, called)).all()
    one = p[:, :2] / p[:, :2].sum(1, keepdims=True)
    truth = labels % 2
    assert scores.brier(one, truth) == pytest.approx(2 * metrics.brier_score_loss(truth, one[:, 1]))


def test_error_auroc_of_many_ties_agrees_with_scikit_learn():
    p, labels = simulated()
    p = np.round(p * 10) + 0.1
    p /= p.sum(1, keepdims=True)
    assert np.unique(p.max(1)).size < 40
    assert scores.error_auroc(p, labels) == pytest.approx(
        metrics.roc_auc_score(p.argmax(1) != labels, -p.max(1))
    )


def test_macro_f1_agrees_with_scikit_learn_where_classes_are_missing():
    p, labels = simulated(frames=6, classes=9, seed=3)
    called = p.argmax(1)
    assert np.union1d(labels, called).size < 9
    assert scores.macro_f1(p, labels) == pytest.approx(
        metrics.f1_score(labels, called, average="macro", zero_division=0)
    )


# --- what must hold -------------------------------------------------------------------------


def plain_ece(confidence, right, bins):
    """ECE by its definition, one bin at a time."""
    total = 0.0
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        inside = (confidence > low + 1e-6) & (confidence <= high + 1e-6)
        if b == 0:
            inside |= confidence <= 1e-6
        if inside.any():
            gap = abs(confidence[inside].mean() - right[inside].mean())
            total += inside.mean() * gap
    return total


def plain_aurc(confidence, right):
    """AURC without ties, by its definition."""
    wrong = ~right[np.argsort(-confidence)]
    return (np.cumsum(wrong) / np.arange(1, wrong.size + 1)).mean()


distributions = st.builds(
    simulated,
    frames=st.integers(1, 80),
    classes=st.integers(2, 6),
    seed=st.integers(0, 10_000),
    sharpness=st.sampled_from([0.1, 1.0, 4.0, 20.0]),
)


@settings(max_examples=60, deadline=None)
@given(distributions, st.integers(1, 30))
def test_scores_keep_to_their_definitions(frames, bins):
    p, labels = frames
    confidence, right = p.max(1), p.argmax(1) == labels
    assert scores.ece(p, labels, bins=bins) == pytest.approx(plain_ece(confidence, right, bins))
    by_class = [plain_ece(p[:, k], labels == k, bins) for k in range(p.shape[1])]
    assert scores.classwise_ece(p, labels, bins=bins) == pytest.approx(by_class)
    if np.unique(confidence).size == confidence.size:
        assert scores.aurc(p, labels) == pytest.approx(plain_aurc(confidence, right))


@settings(max_examples=40, deadline=None)
@given(distributions, st.randoms(use_true_random=False))
def test_the_order_of_frames_does_not_matter(frames, random):
    p, labels = frames
    order = list(range(labels.size))
    random.shuffle(order)
    for score in ALL:
        assert score(p[order], labels[order]) == pytest.approx(score(p, labels), nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(distributions)
def test_scores_stay_in_their_range(frames):
    p, labels = frames
    assert 0 <= scores.brier(p, labels) <= 2
    for score in (scores.accuracy, scores.macro_f1, scores.ece, scores.aurc):
        assert 0 <= score(p, labels) <= 1
    # what is claimed over all frames can be off no less than over bins
    gap = abs(p.max(1).mean() - scores.accuracy(p, labels))
    assert scores.ece(p, labels, bins=1) == pytest.approx(gap)
    assert scores.ece(p, labels) >= gap - 1e-12


def test_labels_drawn_from_the_law_have_little_calibration_error():
    generator = np.random.default_rng(1)
    p = generator.dirichlet(np.ones(4), size=40_000)
    labels = (p.cumsum(1) < generator.random((40_000, 1))).sum(1)
    assert scores.ece(p, labels) < 0.015
    assert scores.mean_classwise_ece(p, labels) < 0.01
    sharpened = p**3 / (p**3).sum(1, keepdims=True)
    assert scores.ece(sharpened, labels) > 0.1
    # a proper score is the better for the distribution itself
    assert scores.nll(p, labels) < scores.nll(sharpened, labels)
    assert scores.brier(p, labels) < scores.brier(sharpened, labels)


# --- what goes in ---------------------------------------------------------------------------


def test_a_posterior_scores_as_its_frames_do_and_padding_does_not_count():
    p, labels = simulated(frames=14)
    padded = np.full((3, 8, 4), np.nan)
    padded[0, :8], padded[1, :1], padded[2, :5] = p[:8], p[8:9], p[9:]
    posterior = Posterior(padded, np.array([8, 1, 5]))
    parts = [labels[:8], labels[8:9], labels[9:]]
    for score in ALL:
        assert score(posterior, parts) == pytest.approx(score(p, labels))
    assert scores.ece(p, parts) == scores.ece(p, labels)
    assert calibration.ece(p.tolist(), labels.tolist()) == scores.ece(p, labels)


def test_rounding_outside_zero_to_one_is_clipped():
    p, _ = frames([[1.0000001, -0.0000001]], [0])
    assert p.tolist() == [[1.0, 0.0]]
    assert scores.ece([[1.0000001, -0.0000001]], [0]) == 0


def test_single_precision_is_fine():
    p, labels = simulated(frames=300)
    assert scores.nll(p.astype(np.float32), labels) == pytest.approx(scores.nll(p, labels))


EVEN = [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("probabilities", "labels", "said"),
    [
        ([0.5, 0.5], [0], r"shape \(frames, class\)"),
        (np.full((1, 2, 2), 0.5), [0, 1], r"shape \(frames, class\)"),
        ([[0.5, 0.5], [1.0]], [0, 1], "one array of numbers"),
        (EVEN, [[0], [1, 1]], "3 labels for 2 frames"),
        (EVEN, np.zeros((2, 1), int), r"shape \(frames,\)"),
        (EVEN, [0], "1 labels for 2 frames"),
        (EVEN, [0, 2], "label 2 is no class"),
        (EVEN, [-1, 0], "label -1 is no class"),
        (EVEN, [0.0, 1.0], "must be integers"),
        ([[0.5, 0.5], [np.nan, 0.5]], [0, 1], "not finite, first at frame 1"),
        ([[np.inf, 0.5]], [0], "not finite"),
        ([[-0.7, -0.7]], [0], "log-probabilities"),
        ([[2.0, -1.0]], [0], "logits"),
        ([[0.5, 0.5], [0.5, 0.498]], [0, 1], r"sum to one, not 0.998 \(frame 1\)"),
        (np.zeros((0, 2)), np.zeros(0, int), "no frames"),
    ],
)
def test_bad_input_is_named(probabilities, labels, said):
    for score in ALL:
        with pytest.raises(InputError, match=said):
            score(probabilities, labels)


def test_a_sum_within_a_thousandth_is_accepted():
    assert scores.accuracy([[0.5005, 0.4999]], [0]) == 1


@pytest.mark.parametrize(
    ("lengths", "labels", "said"),
    [
        ([2, 1], [[0, 0]], "labels of 1 recordings for 2"),
        ([2, 1], [[0, 0], [0, 0]], "recording number 1 has 2 labels, a length of 1"),
        ([2, 3], [[0, 0], [0, 0, 0]], "recording number 1 has 3 labels"),
        ([2, 1], [0, 0, 0], "a list of 1-D arrays"),
        ([2, 1], np.zeros((2, 2), int), "a list of 1-D arrays"),
        ([2], [[0, 0]], "a length for every recording"),
    ],
)
def test_labels_that_do_not_fit_the_posterior_are_named(lengths, labels, said):
    posterior = Posterior(np.full((2, 2, 2), 0.5), np.array(lengths))
    with pytest.raises(InputError, match=said):
        scores.accuracy(posterior, labels)


def test_bins_must_be_some():
    with pytest.raises(InputError, match="at least 1 bin"):
        scores.ece(EVEN, [0, 1], bins=0)
