"""Accepting frames keeps the error it promises, recordings counted; a bound on frames does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import beta

from bayes_a2m.calibration.selective import (
    NOTHING,
    AcceptStatistics,
    accept,
    realised,
    thresholds,
)
from bayes_a2m.errors import InputError
from tests.calibration.simulation import simulate


def counted(drawn):
    return AcceptStatistics.stack(
        [AcceptStatistics.of(p, y) for p, y in zip(drawn.probs, drawn.labels, strict=True)]
    )


def test_counts_by_hand():
    grid = thresholds()
    p = [[1.0, 0.0], [0.7, 0.3], [0.4, 0.6]]
    one = AcceptStatistics.of(p, [0, 1, 1])  # right at 1.0, wrong at 0.7, right at 0.6
    for g, threshold in enumerate(grid):
        assert one.accepted[0, g] == sum(c >= threshold for c in (1.0, 0.7, 0.6))
        assert one.wrong[0, g] == (threshold <= 0.7)
    scores = one.metrics_of([[1]])
    assert scores["kept"][0, 0] == 1
    assert scores["error"][0, 0] == pytest.approx(1 / 3)


def test_the_lowest_threshold_that_keeps_the_error_by_hand():
    # ten frames at 0.95, all right; ten at 0.8, one wrong; ten at 0.6, five wrong
    p = np.repeat([[0.95, 0.05], [0.8, 0.2], [0.6, 0.4]], 10, axis=0)
    labels = np.zeros(30, dtype=int)
    labels[[10, 20, 21, 22, 23, 24]] = 1
    counts = AcceptStatistics.stack([AcceptStatistics.of(p, labels)] * 4)
    low = accept(counts, 0.05)  # 1 in 20
    assert 0.6 < low.threshold <= 0.8
    assert low.error.value == pytest.approx(0.05)
    assert low.kept.value == pytest.approx(2 / 3)
    strict = accept(counts, 0.01)
    assert 0.8 < strict.threshold <= 0.95
    assert strict.error.value == 0
    lax = accept(counts, 0.25)
    assert lax.threshold == 0
    assert lax.kept.value == 1


def test_a_promise_is_stricter_than_none():
    counts = counted(simulate(40, 100, np.random.default_rng(0), sharpness=4.0))
    plain, sure = accept(counts, 0.1), accept(counts, 0.1, confidence=0.9)
    surer = accept(counts, 0.1, confidence=0.99)
    assert plain.threshold <= sure.threshold <= surer.threshold
    assert "no guarantee" in plain.promise
    assert "with 0.9 confidence at most 0.1" in sure.promise
    assert "40 tuning recordings" in sure.promise


def _frame_wise(counts, error, confidence):
    """The same sequence with an exact binomial bound that takes frames for independent."""
    wrong, accepted = counts.wrong.sum(axis=0), counts.accepted.sum(axis=0)
    bound = beta.ppf(confidence, wrong + 1, np.maximum(accepted - wrong, 1e-9))
    passes = bound <= error
    start = np.flatnonzero(accepted / counts.frames.sum() >= 0.25)[-1]
    failed = np.flatnonzero(~passes[: start + 1])
    place = failed[-1] + 1 if failed.size else 0
    return thresholds()[place] if place <= start else NOTHING


@pytest.mark.long
@pytest.mark.parametrize("effect", [0.3, 0.8])
def test_the_promise_is_kept_by_recordings_and_broken_by_frames(effect):
    generator = np.random.default_rng(1)
    everything = counted(simulate(4000, 40, generator, sharpness=4.0, effect=effect))
    grid, truth = thresholds(), everything.wrong.sum(0) / everything.accepted.sum(0)
    broken, broken_by_frames = [], []
    for _ in range(300):
        sample = everything.select(generator.integers(0, 4000, size=40))
        for found, told in (
            (accept(sample, 0.15, confidence=0.9, resamples=1).threshold, broken),
            (_frame_wise(sample, 0.15, 0.9), broken_by_frames),
        ):
            place = np.searchsorted(grid, found - 1e-12)
            told.append(place < grid.size and truth[place] > 0.15)
    assert np.mean(broken) <= 0.1 + 0.045  # 300 repetitions know a tenth to 0.017; t is not exact
    assert np.mean(broken_by_frames) > 0.2


def test_nothing_accepted_is_said():
    p = np.full((20, 2), 0.5)
    counts = AcceptStatistics.stack([AcceptStatistics.of(p, [0, 1] * 10)] * 3)
    found = accept(counts, 0.05)
    assert found.threshold == NOTHING
    assert found.kept.value == 0
    assert found.error.value is None
    assert "no threshold keeps an error of 0.05" in found.promise
    error, kept = realised(counts, found.threshold)
    assert error.value is None
    assert kept.value == 0


def test_other_recordings_at_the_threshold():
    drawn = simulate(30, 80, np.random.default_rng(3))
    counts = counted(drawn)
    found = accept(counts, 0.3)
    error, kept = realised(counts, found.threshold)
    assert (error.value, kept.value) == (found.error.value, found.kept.value)
    p, y = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
    inside = p.max(1) >= found.threshold
    assert kept.value == pytest.approx(inside.mean())
    assert error.value == pytest.approx((p.argmax(1) != y)[inside].mean())
    assert error.low <= error.value <= error.high


def test_order_does_not_matter_and_counts_go_through_json():
    counts = counted(simulate(12, 60, np.random.default_rng(4)))
    moved = counts.select(np.arange(12)[::-1])
    assert accept(counts, 0.3, confidence=0.8).threshold == (
        accept(moved, 0.3, confidence=0.8).threshold
    )
    text = json.dumps(counts.to_dict())
    back = AcceptStatistics.from_dict(json.loads(text))
    for name, values in vars(counts).items():
        np.testing.assert_array_equal(getattr(back, name), values)
    assert len(text) < 60_000


def test_what_makes_no_sense_is_refused():
    counts = counted(simulate(3, 40, np.random.default_rng(5)))
    for error in (0, 1, -0.1, float("nan")):
        with pytest.raises(InputError, match="an error rate must lie between 0 and 1"):
            accept(counts, error)
    with pytest.raises(InputError, match="a confidence must lie"):
        accept(counts, 0.1, confidence=1.0)
    with pytest.raises(InputError, match="no frames to choose"):
        accept(counts.select([]), 0.1)
    with pytest.raises(InputError, match="no stored counts"):
        AcceptStatistics.from_dict({"frames": [1]})
    with pytest.raises(InputError, match="must be"):
        AcceptStatistics.from_dict({"frames": [1], "accepted": [[1]], "wrong": [[0]]})
