"""Intervals from recordings cover what they should; intervals from frames do not."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import (
    Interval,
    intervals,
    intervals_by_class,
    of_distinct_rows,
    resample_weights,
)

RECORDINGS, FRAMES = 40, 200


def test_weights_are_draws_with_replacement():
    weights = resample_weights(30, 4000, np.random.default_rng(0))
    assert weights.shape == (4000, 30)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(30), abs=0.1)
    # multinomial: variance 1 - 1/R, and (1 - 1/R)^R of the recordings are never drawn
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / 30, rel=0.02)
    assert (weights == 0).mean() == pytest.approx((1 - 1 / 30) ** 30, rel=0.02)


def test_weights_come_from_the_generator_alone():
    one, two, other = (resample_weights(9, 20, np.random.default_rng(s)) for s in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()


def hits_of(generator):
    """Right frames of every recording, whose accuracies are Beta(8, 2): 0.8 on average."""
    return generator.binomial(FRAMES, generator.beta(8, 2, size=RECORDINGS)).astype(float)


def test_recordings_cover_at_the_nominal_rate_and_frames_do_not():
    generator = np.random.default_rng(11)
    weights = resample_weights(RECORDINGS, 400, generator)
    trials, covered, covered_by_rows, widths = 400, 0, 0, []
    for _ in range(trials):
        hits = hits_of(generator)
        by_recording = intervals(lambda w, h=hits: {"a": w @ h / w.sum(1) / FRAMES}, weights)["a"]
        # drawing frames with replacement makes the hits binomial
        share = hits.sum() / (RECORDINGS * FRAMES)
        rows = generator.binomial(RECORDINGS * FRAMES, share, size=400) / (RECORDINGS * FRAMES)
        low, high = np.quantile(rows, [0.025, 0.975])
        covered += by_recording.low <= 0.8 <= by_recording.high
        covered_by_rows += low <= 0.8 <= high
        widths.append((by_recording.high - by_recording.low) / (high - low))
    # a percentile interval of 40 clusters covers a little under 0.95 (here 0.93 or so)
    assert 0.90 <= covered / trials <= 0.98
    assert covered_by_rows / trials < 0.5
    assert np.mean(widths) > 3


def test_the_interval_of_an_ece_is_wider_by_recordings_than_by_frames():
    # REFERENCE.md: 30 recordings x 400 frames, ECE 0.099: rows [0.091, 0.107], recordings
    # [0.074, 0.150]. Here each recording is right at its own rate where 0.9 is said.
    generator = np.random.default_rng(3)
    p = np.tile([0.9, 0.1], (400, 1))
    by_recording, by_frame = [], []
    for rate in generator.beta(8, 2, size=30):
        labels = (generator.random(400) > rate).astype(int)
        by_recording.append(FrameStatistics.of(p, labels))
        by_frame += [(p[:1], labels[i : i + 1]) for i in range(0, 400, 20)]
    clusters = FrameStatistics.stack(by_recording)
    rows = FrameStatistics.stack([FrameStatistics.of(*one) for one in by_frame])
    wide = intervals(clusters.metrics_of, resample_weights(30, 500, generator))["ece"]
    narrow = intervals(rows.metrics_of, resample_weights(600, 500, generator))["ece"]
    assert wide.value == pytest.approx(narrow.value, abs=0.03)
    # every 20th frame only, so the rows' interval is sqrt(20) wider than that of all frames
    assert (wide.high - wide.low) > 3 * (narrow.high - narrow.low) / np.sqrt(20)


def test_interval_is_the_percentiles_with_the_whole_sample_as_value():
    hits = np.array([3.0, 9.0, 6.0, 10.0, 1.0])
    weights = resample_weights(5, 999, np.random.default_rng(4))
    got = intervals(lambda w: {"a": w @ hits / 50}, weights)["a"]
    assert got.value == pytest.approx(29 / 50)
    resampled = weights @ hits / 50
    assert got.low == pytest.approx(np.percentile(resampled, 2.5))
    assert got.high == pytest.approx(np.percentile(resampled, 97.5))
    assert got.low < got.value < got.high


def test_equal_recordings_leave_no_doubt():
    weights = resample_weights(6, 100, np.random.default_rng(0))
    got = intervals(lambda w: {"a": w @ np.full(6, 0.5) / w.sum(1)}, weights)["a"]
    assert (got.low, got.value, got.high) == pytest.approx((0.5, 0.5, 0.5))


def test_every_score_of_counts_has_an_interval():
    generator = np.random.default_rng(6)
    parts = []
    for _ in range(12):
        p = generator.dirichlet(np.full(3, 0.4), size=60)
        parts.append(FrameStatistics.of(p, generator.integers(0, 3, size=60)))
    counts = FrameStatistics.stack(parts)
    weights = resample_weights(12, 200, generator)
    got = intervals(counts.metrics_of, weights)
    assert list(got) == list(counts.metrics_of(weights))
    assert all(one.low < one.high for one in got.values())
    by_class = intervals_by_class(counts.per_class_of, weights)
    assert len(by_class) == 3
    once = counts.per_class_of(np.ones((1, 12)))
    for k, named in enumerate(by_class):
        for name, one in named.items():
            assert one.value == pytest.approx(once[name][0, k])
            assert one.low < one.high


def test_one_recording_has_a_value_and_no_interval():
    counts = FrameStatistics.of([[0.9, 0.1], [0.3, 0.7]], [0, 0])
    got = intervals(counts.metrics_of, resample_weights(1, 50, np.random.default_rng(0)))
    assert got["accuracy"] == Interval(0.5, None, None)


def test_an_undefined_value_is_none():
    # neither recording holds an error, so there is none to detect
    counts = FrameStatistics.stack([FrameStatistics.of([[0.9, 0.1]], [0])] * 2)
    got = intervals(counts.metrics_of, resample_weights(2, 50, np.random.default_rng(0)))
    assert got["error_auroc"] == Interval(None, None, None)
    assert got["accuracy"] == Interval(1.0, 1.0, 1.0)


def test_undefined_resamples_are_left_out():
    # the errors are all in recording 0: a resample without it has no AUROC
    bad = FrameStatistics.of([[0.6, 0.4], [0.9, 0.1]], [1, 0])
    good = FrameStatistics.of([[0.8, 0.2], [0.9, 0.1]], [0, 0])
    counts = FrameStatistics.stack([bad, good, good])
    weights = resample_weights(3, 200, np.random.default_rng(0))
    assert (weights[:, 0] == 0).any()
    assert intervals(counts.metrics_of, weights)["error_auroc"] == Interval(1.0, 1.0, 1.0)


@pytest.mark.parametrize(("recordings", "resamples"), [(0, 10), (5, 0), (-1, 5)])
def test_a_bootstrap_of_nothing_is_refused(recordings, resamples):
    with pytest.raises(InputError, match="needs recordings and resamples"):
        resample_weights(recordings, resamples, np.random.default_rng(0))


def test_statistics_of_another_shape_are_refused():
    weights = resample_weights(3, 5, np.random.default_rng(0))
    with pytest.raises(InputError, match="one score a row"):
        intervals(lambda w: {"a": w}, weights)
    with pytest.raises(InputError, match="one score a row"):
        intervals_by_class(lambda w: {"a": w[:, 0]}, weights)
    with pytest.raises(InputError, match=r"\(resample, recording\)"):
        intervals(lambda w: {"a": w[:, 0]}, weights[0])


def test_rows_that_are_alike_are_worked_out_once():
    generator = np.random.default_rng(7)
    hits, weights = generator.random((4, 2)), resample_weights(4, 1000, generator)
    rows = []

    def statistic(w):
        rows.append(len(w))
        return {"a": w @ hits}

    found = of_distinct_rows(statistic, weights)
    np.testing.assert_allclose(found["a"], weights @ hits, rtol=1e-12)
    assert rows == [35]  # of four recordings: C(7, 4)
    of_distinct_rows(statistic, 4 * np.eye(4))
    assert rows[1:] == [4]
