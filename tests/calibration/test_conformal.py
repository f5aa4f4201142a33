"""Sets that hold the truth: by hand, nested, never empty, and at their rate for new recordings."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.calibration.conformal import (
    WAYS,
    ConformalSets,
    SetStatistics,
    coverage,
    recordings_needed,
)
from bayes_a2m.errors import InputError
from bayes_a2m.prediction.posterior import FramePosterior
from tests.calibration.simulation import Simulated, simulate


def test_the_threshold_by_hand():
    # 19 recordings of one frame of class 1, called 0, with p_1 = 0.01 ... 0.19, at 90 %:
    # (losses + 1) / 20 <= 0.1 lets one be missed, so the second smallest is the threshold
    values = 0.01 * np.arange(1, 20)
    probs = [np.array([[1 - v, v]]) for v in values]
    found = ConformalSets.calibrate(probs, [[1]] * 19, level=0.9)
    assert found.thresholds[1] == pytest.approx(0.02)
    assert found.recordings == (0, 19)
    assert found.thresholds[0] == 0  # nothing is known of class 0: always in
    # at 95 % none may be missed
    assert ConformalSets.calibrate(probs, [[1]] * 19, level=0.95).thresholds[1] == pytest.approx(
        0.01
    )
    # 18 recordings cannot promise 95 %
    few = ConformalSets.calibrate(probs[:18], [[1]] * 18, level=0.95)
    assert few.thresholds[1] == 0
    assert "needs 19" in few.warnings(("silence", "C4"))[1]


def test_recordings_count_once_however_long():
    # one long recording whose frames are all hard, nineteen short easy ones
    easy = [np.array([[0.6, 0.4]])] * 19
    hard = [np.tile([[0.99, 0.01]], (500, 1))]
    labels = [[1]] * 19 + [[1] * 500]
    found = ConformalSets.calibrate(easy + hard, labels, level=0.9)
    # (1 + 1) / 21 <= 0.1: the long one may be missed whole
    assert found.thresholds[1] == pytest.approx(0.4)


@given(st.integers(0, 1000), st.sampled_from(WAYS))
@settings(max_examples=25, deadline=None)
def test_sets_are_never_empty_and_nested(seed, way):
    drawn = simulate(25, 30, np.random.default_rng(seed))
    levels = [
        ConformalSets.calibrate(drawn.probs, drawn.labels, level=level, way=way)
        for level in (0.6, 0.8, 0.95)
    ]
    p = np.concatenate(drawn.probs)
    sets = [one.sets(p) for one in levels]
    for one in sets:
        assert one.any(axis=1).all()
        assert one[np.arange(len(p)), p.argmax(1)].all()
    assert (sets[0] <= sets[1]).all()
    assert (sets[1] <= sets[2]).all()


def _frame_wise(drawn, level):
    """Textbook split conformal prediction for each class, frames taken for exchangeable."""
    p, y = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
    found = []
    for k in range(p.shape[1]):
        scores = np.sort(np.where(p[y == k].argmax(1) == k, 1.0, p[y == k, k]))
        rank = int(np.floor((1 - level) * (scores.size + 1)))
        found.append(scores[rank - 1] if rank else 0.0)
    return np.array(found)


@pytest.mark.long
def test_new_recordings_are_covered_at_the_rate_and_by_frames_they_are_not():
    # few tuning recordings, strong effects: the promise is about the mean over tuning parts
    generator = np.random.default_rng(2)
    pool = simulate(3000, 30, generator, effect=0.6)
    level, tuning = 0.9, 12
    sums = {"recordings": [], "frames": []}
    for _ in range(150):
        chosen = generator.choice(3000, size=tuning, replace=False)
        part = Simulated(
            [pool.true[i] for i in chosen],
            [pool.probs[i] for i in chosen],
            [pool.labels[i] for i in chosen],
        )
        fresh = generator.choice(3000, size=60, replace=False)
        probs, labels = [pool.probs[i] for i in fresh], [pool.labels[i] for i in fresh]
        sets = ConformalSets.calibrate(part.probs, part.labels, level=level)
        naive = ConformalSets(level, tuple(_frame_wise(part, level)), (tuning,) * 4)
        for name, one in (("recordings", sets), ("frames", naive)):
            counts = coverage(one, probs, labels)
            sums[name].append(counts.per_class_of(np.ones((1, 60)))["recording_coverage"][0])
    by_recordings, by_frames = (np.mean(sums[name], axis=0) for name in ("recordings", "frames"))
    assert (by_recordings >= level - 0.015).all()
    assert by_frames.mean() < level - 0.01
    assert by_frames.mean() < by_recordings.mean() - 0.02


def test_coverage_by_hand():
    sets = ConformalSets(0.95, (0.3, 0.3, 0.3), (20, 20, 20))
    p = [np.array([[0.6, 0.4, 0.0], [0.9, 0.05, 0.05], [0.2, 0.35, 0.45]])]
    counts = coverage(sets, p, [[1, 1, 0]])
    scores = counts.per_class_of([[1]])
    assert scores["coverage"][0].tolist()[:2] == [0.0, 0.5]
    assert np.isnan(scores["coverage"][0, 2])
    assert scores["size"][0, 1] == 1.5
    assert counts.metrics_of([[1]])["coverage"][0] == pytest.approx(1 / 3)
    assert counts.metrics_of([[1]])["single"][0] == pytest.approx(1 / 3)


def test_padding_and_order_do_not_matter():
    drawn = simulate(22, 60, np.random.default_rng(0))
    one = ConformalSets.calibrate(FramePosterior.from_probs(drawn.probs), drawn.labels)
    other = ConformalSets.calibrate(
        [p.astype(np.float32) for p in drawn.probs[::-1]], drawn.labels[::-1]
    )
    assert one.thresholds == pytest.approx(other.thresholds, abs=1e-6)
    assert coverage(one, drawn, drawn.labels).frames.sum() == sum(map(len, drawn.labels))


def test_counts_add_up():
    drawn = simulate(4, 40, np.random.default_rng(1))
    sets = ConformalSets(0.9, (0.1,) * 4, (20,) * 4)
    whole = coverage(sets, drawn.probs, drawn.labels)
    joined = SetStatistics.of(sets.sets(np.concatenate(drawn.probs)), np.concatenate(drawn.labels))
    assert whole.covered.sum(axis=0) == pytest.approx(joined.covered[0])
    assert whole.metrics_of(np.ones((1, 4)))["size"] == pytest.approx(
        joined.metrics_of([[1]])["size"]
    )


def test_round_trip_and_refusals():
    sets = ConformalSets(0.95, (0.3, 0.2), (20, 30), "pooled")
    assert ConformalSets.from_dict(json.loads(json.dumps(sets.to_dict()))) == sets
    assert recordings_needed(0.95) == 19
    assert recordings_needed(0.99) == 99
    with pytest.raises(InputError, match="no stored sets"):
        ConformalSets.from_dict({})
    with pytest.raises(InputError, match="did you mean 'pooled'"):
        ConformalSets(0.95, (0.3,), (20,), "poled")
    with pytest.raises(InputError, match="must lie in 0 to 1"):
        ConformalSets(0.95, (1.3,), (20,))
    with pytest.raises(InputError, match="sets are of 2 classes"):
        sets.sets([[0.2, 0.3, 0.5]])
