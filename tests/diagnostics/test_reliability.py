"""Reliability diagrams: sums by hand, bands that hold, an isotonic curve from scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from bayes_a2m.diagnostics.reliability import (
    class_reliability,
    predicted_reliability,
    reliability_of,
    top_reliability,
)
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.kernels import bin_of, top_bins
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from tests.calibration.simulation import simulate


def counted(drawn):
    return FrameStatistics.stack(
        [FrameStatistics.of(p, y) for p, y in zip(drawn.probs, drawn.labels, strict=True)]
    )


def test_the_three_diagrams_by_hand():
    # called 0 at 0.9 (right), at 0.9 (wrong), called 1 at 0.75 (right)
    p = [[0.9, 0.1], [0.9, 0.1], [0.25, 0.75]]
    counts = FrameStatistics.stack([FrameStatistics.of(p, [0, 1, 1])] * 2)
    top = top_reliability(counts)
    assert top.frames[[11, 13]].tolist() == [2, 4]
    assert top.recordings[13] == 2
    assert top.true[[11, 13]].tolist() == [1.0, 0.5]
    assert top.confidence[[11, 13]] == pytest.approx([0.75, 0.9])
    assert np.isnan(top.true[0])
    rest = class_reliability(counts, 1)  # 0.1 twice, one true; 0.75 once, true
    assert rest.true[[1, 11]].tolist() == [0.5, 1.0]
    trust = predicted_reliability(counts, 0)
    assert trust.frames.sum() == 4
    assert trust.true[13] == 0.5


def binned(p, labels):
    confidence = p.max(axis=1)
    return np.stack(top_bins(confidence, p.argmax(axis=1) == labels))


@pytest.mark.parametrize("recordings", [30, 100])
def test_bands_hold_the_truth_at_their_rate_and_those_of_rows_do_not(recordings):
    # what comes true at what is stated is known: the stated distribution is the true one
    generator = np.random.default_rng(4)
    held, held_rows = [], []
    for _ in range(120):
        drawn = simulate(recordings, 50, generator, effect=0.3)
        parts = np.stack([binned(*one) for one in zip(drawn.probs, drawn.labels, strict=True)])
        bins = tuple(parts.transpose(1, 0, 2))
        found = reliability_of(bins, bins)
        known = np.isfinite(found.low)
        inside = (found.low <= found.confidence) & (found.confidence <= found.high)
        held.append(inside[known].all())
        # frames dealt out as if they had no recording
        p, y = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
        order = generator.permutation(len(y))
        dealt = np.stack([binned(p[part], y[part]) for part in np.array_split(order, recordings)])
        rows = reliability_of(*[tuple(dealt.transpose(1, 0, 2))] * 2)
        inside = (rows.low <= rows.confidence) & (rows.confidence <= rows.high)
        held_rows.append(inside[known].all())
    assert np.mean(held) >= 0.91  # 120 repetitions know 0.95 to 0.02, twice
    assert np.mean(held_rows) < 0.6


def test_isotonic_curve_is_scikit_learns_up_to_the_width_of_fine_bins():
    drawn = simulate(30, 200, np.random.default_rng(1), overconfidence=2.0)
    p, y = np.concatenate(drawn.probs)[:, 2], np.concatenate(drawn.labels) == 2
    found = class_reliability(counted(drawn), 2)
    exact = IsotonicRegression(out_of_bounds="clip").fit(p, y).predict(found.isotonic_confidence)
    assert (np.diff(found.isotonic_true) >= 0).all()
    assert np.abs(exact - found.isotonic_true).mean() < 0.01


def test_order_of_recordings_does_not_matter():
    counts = counted(simulate(8, 60, np.random.default_rng(2)))
    one, other = top_reliability(counts), top_reliability(counts.select(np.arange(8)[::-1]))
    np.testing.assert_allclose(one.true, other.true)
    np.testing.assert_allclose(one.isotonic_true, other.isotonic_true)


def test_bins_are_the_convention_of_the_scores():
    drawn = simulate(3, 100, np.random.default_rng(3))
    p = np.concatenate(drawn.probs)
    found = top_reliability(counted(drawn))
    assert found.frames.tolist() == np.bincount(bin_of(p.max(1)), minlength=15).tolist()


def test_one_recording_has_no_band():
    found = top_reliability(counted(simulate(1, 50, np.random.default_rng(0))))
    assert np.isnan(found.low).all()
    assert np.isfinite(found.true).any()


def test_a_class_that_is_not_there():
    counts = counted(simulate(2, 50, np.random.default_rng(0)))
    with pytest.raises(InputError, match="there is no class 4: classes are 0 to 3"):
        class_reliability(counts, 4)
    never = FrameStatistics.stack([FrameStatistics.of([[0.9, 0.1, 0.0]], [0])] * 2)
    found = predicted_reliability(never, 2)
    assert found.frames.sum() == 0
    assert found.isotonic_true.size == 0
