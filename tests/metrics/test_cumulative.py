"""KS and Kuiper errors by brute force; the test rejects as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.cumulative import (
    calibration_test,
    classwise_ks,
    classwise_kuiper,
    ks_error,
    kuiper_error,
)
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from tests.calibration.simulation import simulate


def brute(stated, true):
    """KS and Kuiper from a loop over thresholds."""
    sums = [0.0]
    for threshold in np.unique(stated):
        within = stated <= threshold
        sums.append((stated - true)[within].sum() / stated.size)
    return max(map(abs, sums)), max(sums) - min(sums)


def test_by_hand():
    # 0.2 never, 0.4 true, 0.9 true: gaps 0.2, -0.6, -0.1; curve 0.2, -0.4, -0.5 over 3
    p = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    labels = [0, 1, 1]
    assert classwise_ks(p, labels)[1] == pytest.approx(0.5 / 3)
    assert classwise_kuiper(p, labels)[1] == pytest.approx(0.7 / 3)


@given(st.integers(0, 1000))
def test_by_brute_force(seed):
    generator = np.random.default_rng(seed)
    p = generator.dirichlet([0.5] * 3, size=40).round(2)
    p[:, 2] = 1 - p[:, 0] - p[:, 1]
    labels = generator.integers(0, 3, size=40)
    p = np.clip(p, 0, 1)
    top = brute(p.max(1), p.argmax(1) == labels)
    assert (ks_error(p, labels), kuiper_error(p, labels)) == pytest.approx(top)
    for k in range(3):
        want = brute(p[:, k], labels == k)
        got = classwise_ks(p, labels)[k], classwise_kuiper(p, labels)[k]
        assert got == pytest.approx(want)


def _rejections(level, *, overconfidence=1.0, repetitions=200, recordings=40, effect=0.3):
    """Share of simulations rejected: flipping recordings, and flipping single frames."""
    generator = np.random.default_rng(11)
    by_recording, by_frame = [], []
    for _ in range(repetitions):
        drawn = simulate(recordings, 60, generator, overconfidence=overconfidence, effect=effect)
        counts = FrameStatistics.stack(
            [FrameStatistics.of(p, y) for p, y in zip(drawn.probs, drawn.labels, strict=True)]
        )
        test = calibration_test(counts.class_gaps[:, 1], counts.frames, generator, flips=400)
        by_recording.append((test.ks_p <= level, test.kuiper_p <= level))
        stated = np.concatenate(drawn.probs)[:, 1]
        gap = stated - (np.concatenate(drawn.labels) == 1)
        order = np.argsort(stated)
        signs = generator.choice([-1.0, 1.0], size=(100, stated.size))
        null = np.abs(np.cumsum(signs * gap[order], axis=1)).max(axis=1)
        by_frame.append((1 + (null >= np.abs(np.cumsum(gap[order])).max()).sum()) / 101 <= level)
    return np.mean(by_recording, axis=0), float(np.mean(by_frame))


@pytest.mark.slow
def test_rejects_calibrated_frames_at_its_level_and_rows_do_not():
    (ks, kuiper), rows = _rejections(0.05)
    # 200 repetitions: the rate is known to 0.015, twice
    assert 0.01 <= ks <= 0.09
    assert 0.01 <= kuiper <= 0.09
    assert rows > 0.3  # flipping frames takes each for news: six times its level, or more


def test_finds_overconfidence():
    (ks, kuiper), _ = _rejections(
        0.05, overconfidence=3.0, repetitions=20, recordings=200, effect=0.05
    )
    assert ks > 0.8
    assert kuiper > 0.8


def test_the_p_value_by_enumeration():
    # two recordings with gaps 3 and 1: of the four signs two give 4 and two give 2
    gaps = np.array([[3.0], [1.0]])
    test = calibration_test(gaps, [10, 10], np.random.default_rng(0), flips=20000)
    assert test.ks == pytest.approx(0.2)
    assert test.ks_p == pytest.approx(0.5, abs=0.015)
    small = calibration_test([[3.0], [-1.0]], [10, 10], np.random.default_rng(0))
    assert small.ks_p == 1.0


def test_order_of_recordings_and_those_without_frames_do_not_matter():
    generator = np.random.default_rng(3)
    gaps = generator.normal(size=(12, 20))
    whole = calibration_test(gaps, np.full(12, 50), np.random.default_rng(0))
    more = np.concatenate([gaps, np.zeros((2, 20))])
    lengths = [50] * 12 + [0, 0]
    assert calibration_test(more, lengths, np.random.default_rng(0)) == whole
    moved = calibration_test(gaps[::-1], np.full(12, 50), np.random.default_rng(0))
    assert (moved.ks, moved.kuiper) == pytest.approx((whole.ks, whole.kuiper))
    assert moved.ks_p == pytest.approx(whole.ks_p, abs=0.05)


def test_too_little_to_test():
    test = calibration_test([[0.2]], [3], np.random.default_rng(0))
    assert test.ks == pytest.approx(0.2 / 3)
    assert np.isnan([test.ks_p, test.kuiper_p]).all()
    none = calibration_test(np.zeros((0, 4)), [], np.random.default_rng(0))
    assert np.isnan([none.ks, none.kuiper, none.ks_p]).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="a length for every recording"):
        calibration_test([[0.1]], [3, 4], np.random.default_rng(0))
    with pytest.raises(InputError, match="needs flips"):
        calibration_test([[0.1]], [3], np.random.default_rng(0), flips=0)
