"""Sums per recording give the same scores as the frames they stand for."""

from __future__ import annotations

import time
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from bayes_a2m.errors import InputError
from bayes_a2m.metrics import frames as scores
from bayes_a2m.metrics.cumulative import classwise_ks, classwise_kuiper, ks_error, kuiper_error
from bayes_a2m.metrics.decomposition import brier_parts
from bayes_a2m.metrics.kernels import adaptive_ece_of_blocks
from bayes_a2m.metrics.smooth import smooth_ece
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import resample_weights

EXACT = {
    "accuracy": scores.accuracy,
    "macro_f1": scores.macro_f1,
    "nll": scores.nll,
    "brier": scores.brier,
    "ece": scores.ece,
    "classwise_ece": scores.mean_classwise_ece,
}
BINNED = {
    "aurc": scores.aurc,
    "error_auroc": scores.error_auroc,
    "adaptive_ece": scores.adaptive_ece,
    "smooth_ece": smooth_ece,
}
MORE_EXACT = {
    "mce": scores.mce,
    "top_label_ece": scores.top_label_ece,
    "brier_reliability": lambda p, y: brier_parts(p, y).summed().reliability,
    "brier_resolution": lambda p, y: brier_parts(p, y).summed().resolution,
    "brier_uncertainty": lambda p, y: brier_parts(p, y).summed().uncertainty,
}
MORE_BINNED = {
    "ks": ks_error,
    "kuiper": kuiper_error,
    "excess_aurc": scores.excess_aurc,
    "error_fpr95": scores.error_fpr95,
}
CLASS_EXACT = {
    "classwise_brier": lambda p, y: brier_parts(p, y).brier,
    "brier_reliability": lambda p, y: brier_parts(p, y).reliability,
    "brier_resolution": lambda p, y: brier_parts(p, y).resolution,
    "brier_uncertainty": lambda p, y: brier_parts(p, y).uncertainty,
}
CLASS_BINNED = {"classwise_ks": classwise_ks, "classwise_kuiper": classwise_kuiper}


def recording(generator, frames=200, classes=4, sharpness=3.0):
    """One recording whose probabilities are too sure."""
    logits = generator.normal(size=(frames, classes)) * sharpness
    p, truth = np.exp(logits), np.exp(logits / 2)
    p, truth = p / p.sum(1, keepdims=True), truth / truth.sum(1, keepdims=True)
    labels = (truth.cumsum(1) < generator.random((frames, 1))).sum(1).clip(0, classes - 1)
    return p, labels


@pytest.fixture(scope="module")
def recordings():
    generator = np.random.default_rng(5)
    sizes = [120, 1, 300, 77, 200, 5]
    return [recording(generator, frames=n) for n in sizes]


@pytest.fixture(scope="module")
def counts(recordings):
    return FrameStatistics.stack([FrameStatistics.of(p, y) for p, y in recordings])


def joined(recordings, times):
    """The frames of a resample: every recording as often as it was drawn."""
    drawn = [r for r, n in zip(recordings, times, strict=True) for _ in range(n)]
    return np.concatenate([p for p, _ in drawn]), np.concatenate([y for _, y in drawn])


def same(one, other):
    for f in fields(FrameStatistics):
        # histograms are kept in 32 bits
        np.testing.assert_allclose(
            getattr(one, f.name), getattr(other, f.name), rtol=1e-6, atol=1e-9
        )


WEIGHTS = [[1, 1, 1, 1, 1, 1], [0, 3, 0, 2, 1, 0], [0, 0, 6, 0, 0, 0], [2, 0, 0, 1, 1, 2]]


@pytest.mark.parametrize("row", range(4))
def test_weighted_sums_score_as_the_resampled_frames_do(recordings, counts, row):
    p, labels = joined(recordings, WEIGHTS[row])
    got = counts.metrics_of(WEIGHTS)
    assert set(got) == set(EXACT) | set(BINNED)
    assert set(got) <= set(scores.NAMES)
    for name, exact in EXACT.items():
        assert got[name].shape == (4,)
        assert got[name][row] == pytest.approx(exact(p, labels), abs=1e-12), name
    for name, exact in BINNED.items():
        assert got[name].shape == (4,)
        # hundreds of frames only: one that lies beyond a bin's edge is a thousandth or more
        assert got[name][row] == pytest.approx(exact(p, labels), abs=1e-3 + 2 / len(p)), name


@pytest.mark.parametrize("row", range(4))
def test_further_weighted_sums_score_as_the_resampled_frames_do(recordings, counts, row):
    p, labels = joined(recordings, WEIGHTS[row])
    got = counts.more_metrics_of(WEIGHTS)
    assert tuple(got) == scores.MORE_NAMES
    assert set(got) == set(MORE_EXACT) | set(MORE_BINNED)
    for name, exact in MORE_EXACT.items():
        assert got[name].shape == (4,)
        assert got[name][row] == pytest.approx(exact(p, labels), abs=1e-12), name
    for name, exact in MORE_BINNED.items():
        tolerance = 1e-2 if name == "error_fpr95" else 1e-3 + 2 / len(p)
        assert got[name][row] == pytest.approx(exact(p, labels), abs=tolerance), name


@pytest.mark.parametrize("row", range(4))
def test_further_scores_of_classes(recordings, counts, row):
    p, labels = joined(recordings, WEIGHTS[row])
    got = counts.more_per_class_of(WEIGHTS)
    assert tuple(got) == scores.MORE_PER_CLASS_NAMES
    for name, exact in CLASS_EXACT.items():
        assert got[name].shape == (4, 4)
        assert got[name][row] == pytest.approx(exact(p, labels), abs=1e-12), name
    for name, exact in CLASS_BINNED.items():
        assert got[name][row] == pytest.approx(exact(p, labels), abs=1e-3 + 3 / len(p)), name
    for k in range(4):
        called = p.argmax(1) == k
        assert got["trust_ece"][row, k] == pytest.approx(scores.ece(p[called], labels[called]))
        two = np.stack([1 - p[:, k], p[:, k]], axis=1)
        # one against the rest, in bins of equally many frames
        count, gap = np.ones(len(p)), (two[:, 1] - (labels == k))[np.argsort(two[:, 1])]
        want = adaptive_ece_of_blocks(count, gap)
        assert got["classwise_adaptive_ece"][row, k] == pytest.approx(want, abs=1e-2)


@pytest.mark.parametrize("row", range(4))
def test_per_class_scores_agree_with_scikit_learn(recordings, counts, row):
    p, labels = joined(recordings, WEIGHTS[row])
    got = counts.per_class_of(WEIGHTS)
    assert set(got) <= set(scores.PER_CLASS_NAMES)
    precision, recall, _, _ = sk.precision_recall_fscore_support(labels, p.argmax(1))
    table = sk.multilabel_confusion_matrix(labels, p.argmax(1))
    assert got["precision"][row] == pytest.approx(precision)
    assert got["recall"][row] == pytest.approx(recall)
    assert got["false_positives"][row] == pytest.approx(table[:, 0, 1])
    assert got["false_negatives"][row] == pytest.approx(table[:, 1, 0])
    assert got["classwise_ece"][row] == pytest.approx(scores.classwise_ece(p, labels))


@pytest.mark.parametrize("sharpness", [0.3, 2.0, 8.0, 40.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_histograms_are_fine_enough(sharpness, dtype):
    # 40 puts most confidences within 1e-9 of one, where bins equal in probability see a tie
    p, labels = recording(np.random.default_rng(2), frames=5000, sharpness=sharpness)
    p = p.astype(dtype)
    got = FrameStatistics.of(p, labels).metrics_of([[1]])
    for name, exact in BINNED.items():
        # distributions that are all alike fill few fine bins, and where edges fall is noise
        tolerance = 6e-3 if name == "adaptive_ece" and sharpness < 1 else 1e-3
        assert got[name][0] == pytest.approx(exact(p, labels), abs=tolerance), name
    more = FrameStatistics.of(p, labels).more_metrics_of([[1]])
    for name, exact in MORE_BINNED.items():
        tolerance = 1e-2 if name == "error_fpr95" else 6e-3 if sharpness < 1 else 1e-3
        assert more[name][0] == pytest.approx(exact(p, labels), abs=tolerance), name


def test_histograms_resolve_confidences_near_one():
    # errors are exactly the less sure, all above 0.999: a coarse histogram would say 0.5
    confidence = np.array([1 - 1e-8] * 50 + [1 - 1e-4] * 50)
    p = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.repeat([0, 1], 50)
    assert FrameStatistics.of(p, labels).metrics_of([[1]])["error_auroc"][0] == 1.0


def test_sums_by_hand():
    one = FrameStatistics.of([[1.0, 0.0], [0.35, 0.65], [0.8, 0.2]], [0, 0, 0])
    assert one.frames.tolist() == [3]
    assert one.confusion.tolist() == [[[2, 1], [0, 0]]]
    assert one.nll == pytest.approx([-np.log(0.35) - np.log(0.8)])
    assert one.squares == pytest.approx(np.array([[0.65**2 + 0.2**2] * 2]))
    # 1.0 in bin 14; 0.65 in (9/15, 10/15]; 0.8 is the edge 12/15, so in bin 11
    assert np.flatnonzero(one.top_count[0]).tolist() == [9, 11, 14]
    assert one.top_confidence[0, [9, 11, 14]] == pytest.approx([0.65, 0.8, 1.0])
    assert one.top_right[0, [9, 11, 14]].tolist() == [0, 1, 1]
    # class 1: 0.0 in bin 0, 0.2 is the edge 3/15, so in bin 2, 0.65 in bin 9
    assert np.flatnonzero(one.class_count[0, 1]).tolist() == [0, 2, 9]
    assert one.class_probability[0, 1, [0, 2, 9]] == pytest.approx([0.0, 0.2, 0.65])
    assert one.class_label[0, 1].sum() == 0
    assert one.class_label[0, 0].sum() == 3
    assert one.right.sum() == 2
    assert one.wrong.sum() == 1
    assert one.right[0, -1] == 1  # the confidence of exactly one


def test_shapes(counts):
    R, K = 6, 4
    assert len(counts) == R
    assert counts.frames.shape == counts.nll.shape == (R,)
    assert counts.squares.shape == (R, K)
    assert counts.confusion.shape == (R, K, K)
    assert counts.top_count.shape == (R, 15)
    assert counts.class_count.shape == (R, K, 15)
    assert counts.predicted_right.shape == (R, K, 15)
    assert counts.right.shape == counts.wrong.shape == counts.confidence.shape == (R, 1024)
    assert counts.class_gaps.shape == (R, K, 256)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60), st.data())
def test_sums_add_up_wherever_a_recording_is_cut(seed, frames, data):
    p, labels = recording(np.random.default_rng(seed), frames=frames)
    cut = data.draw(st.integers(0, frames))
    whole = FrameStatistics.of(p, labels)
    parts = FrameStatistics.stack(
        [FrameStatistics.of(p[:cut], labels[:cut]), FrameStatistics.of(p[cut:], labels[cut:])]
    )
    for f in fields(FrameStatistics):
        np.testing.assert_allclose(
            getattr(parts, f.name).sum(axis=0), getattr(whole, f.name)[0], rtol=1e-5, atol=1e-9
        )
    once, both = whole.metrics_of([[1]]), parts.metrics_of([[1, 1]])
    for name, values in once.items():
        np.testing.assert_allclose(both[name], values, atol=1e-6, err_msg=name)


def test_the_order_of_recordings_moves_with_the_weights(recordings, counts):
    order = [3, 0, 5, 1, 4, 2]
    moved = FrameStatistics.stack([FrameStatistics.of(*recordings[i]) for i in order])
    same(moved, counts.select(order))
    weights = np.asarray(WEIGHTS)
    for name, values in moved.metrics_of(weights[:, order]).items():
        np.testing.assert_allclose(values, counts.metrics_of(weights)[name], atol=1e-6)


def test_selecting_is_weighting_by_zero_or_one(counts):
    mask = np.array([True, False, True, True, False, False])
    chosen = counts.select(mask)
    assert len(chosen) == 3
    same(chosen, counts.select([0, 2, 3]))
    for name, values in chosen.metrics_of(np.ones((1, 3))).items():
        assert values == pytest.approx(counts.metrics_of(mask[None])[name]), name


def test_stacking_stacks(counts):
    same(FrameStatistics.stack([counts.select([0, 1]), counts.select([2, 3, 4, 5])]), counts)


def test_nothing_scores_nan(counts):
    empty = FrameStatistics.of(np.zeros((0, 4)), [])
    assert len(empty) == 1
    for scored in (
        empty.metrics_of([[1]]),
        empty.per_class_of([[1]]),
        empty.more_metrics_of([[1]]),
        empty.more_per_class_of([[1]]),
        counts.metrics_of(np.zeros((2, 6))),
        counts.select([]).metrics_of(np.zeros((1, 0))),
    ):
        for name, values in scored.items():
            if name in ("false_positives", "false_negatives"):
                assert (values == 0).all()
            else:
                assert np.isnan(values).all(), name


def test_a_recording_without_frames_changes_nothing(counts):
    empty = FrameStatistics.of(np.zeros((0, 4)), np.zeros(0, int))
    both = FrameStatistics.stack([counts, empty])
    for name, values in both.metrics_of(np.ones((1, 7))).items():
        assert values == pytest.approx(counts.metrics_of(np.ones((1, 6)))[name]), name


def test_no_errors_leave_only_the_auroc_undefined():
    got = FrameStatistics.of([[0.9, 0.1], [0.2, 0.8]], [0, 1]).metrics_of([[1]])
    assert np.isnan(got.pop("error_auroc")[0])
    assert got["aurc"][0] == 0
    assert all(np.isfinite(v).all() for v in got.values())


def test_a_thousand_resamples_take_well_under_a_second():
    generator = np.random.default_rng(0)
    few = [FrameStatistics.of(*recording(generator, frames=666)) for _ in range(15)]
    counts = FrameStatistics.stack(few * 17)
    weights = resample_weights(255, 1000, generator)
    counts.metrics_of(weights[:2])  # the import is not what is measured
    start = time.process_time()  # threads add up: an upper bound on what a user waits
    counts.metrics_of(weights)
    counts.more_metrics_of(weights)
    counts.per_class_of(weights)
    counts.more_per_class_of(weights)
    assert time.process_time() - start < 3


@pytest.mark.parametrize("weights", [[1, 1, 1, 1, 1, 1], np.ones((2, 5)), np.ones((2, 6, 1))])
def test_weights_of_another_shape_are_refused(counts, weights):
    with pytest.raises(InputError, match=r"shape \(resample, 6 recordings\)"):
        counts.metrics_of(weights)


def test_what_cannot_be_stacked_is_refused(counts):
    with pytest.raises(InputError, match="no recordings"):
        FrameStatistics.stack([])
    with pytest.raises(InputError, match="different classes"):
        FrameStatistics.stack([counts, FrameStatistics.of([[0.5, 0.5]], [0])])


def test_bad_frames_are_refused():
    with pytest.raises(InputError, match="label 2 is no class"):
        FrameStatistics.of([[0.5, 0.5]], [2])


def test_files_keep_the_names_of_the_first_version(counts: FrameStatistics) -> None:
    stored = counts.stored_names()
    assert stored["predicted_count"] == "called_count"
    assert stored["predicted_confidence"] == "called_confidence"
    assert stored["predicted_right"] == "called_right"
    assert stored["nll"] == "nll"
    assert len(set(stored.values())) == len(fields(FrameStatistics))
