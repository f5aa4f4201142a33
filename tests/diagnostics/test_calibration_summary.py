"""What is found about calibration, as JSON holds it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bayes_a2m.diagnostics.calibration_summary import calibration_summary, trust
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.frames import MORE_NAMES, MORE_PER_CLASS_NAMES
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import resample_weights
from tests.calibration.simulation import simulate

NAMES = ("silence", "C4", "E4", "G4")


def counted(recordings, seed=0, overconfidence=1.0, effect=0.3):
    generator = np.random.default_rng(seed)
    drawn = simulate(recordings, 80, generator, overconfidence=overconfidence, effect=effect)
    return FrameStatistics.stack(
        [FrameStatistics.of(p, y) for p, y in zip(drawn.probs, drawn.labels, strict=True)]
    )


def test_everything_is_there_and_json():
    found = calibration_summary(counted(60), NAMES, resamples=100).to_dict()
    assert tuple(found["metrics"]) == MORE_NAMES
    assert tuple(found["per_class"]) == NAMES
    assert set(found["per_class"]["E4"]) == {*MORE_PER_CLASS_NAMES, "test", "reliability"}
    assert found["cautions"] == []
    assert 0 < found["effective"]["effective_frames"] < found["effective"]["frames"]
    assert sum(one["frames"] for one in found["reliability"]) == found["effective"]["frames"]
    json.dumps(found, allow_nan=False)


def test_overconfidence_is_rejected_and_calibration_is_not():
    sure = calibration_summary(counted(150, overconfidence=3.0, effect=0.05), NAMES, resamples=10)
    assert sure.test.ks_p < 0.01
    fair = calibration_summary(counted(150, effect=0.05), NAMES, resamples=10)
    assert fair.test.ks_p > 0.01


def test_few_recordings_are_warned_of():
    found = calibration_summary(counted(5), NAMES, resamples=10)
    assert found.cautions[0].startswith("all recordings: 5 recordings")
    one = calibration_summary(counted(1), NAMES, resamples=10)
    assert one.test.ks_p is None
    assert one.effective.design_effect is None
    json.dumps(one.to_dict(), allow_nan=False)


def test_trust_is_the_share_right_where_a_class_is_called():
    counts = counted(30, overconfidence=2.0)
    weights = resample_weights(30, 100, np.random.default_rng(0))
    for k, one in enumerate(trust(counts, weights)):
        called = counts.confusion[:, :, k].sum()
        assert one.value == pytest.approx(counts.confusion[:, k, k].sum() / called)
        assert one.low <= one.value <= one.high
        assert sum(level.frames for level in one.levels) == called
        gap = sum(lv.frames * abs(lv.confidence - lv.observed) for lv in one.levels)
        assert one.calibration.value == pytest.approx(gap / called)
        assert all(
            lv.low - 1e-9 <= lv.observed <= lv.high + 1e-9 for lv in one.levels if lv.recordings > 1
        )


def test_a_class_never_called_is_null():
    counts = FrameStatistics.stack([FrameStatistics.of([[0.9, 0.1, 0.0]], [1])] * 3)
    one = trust(counts, resample_weights(3, 10, np.random.default_rng(0)))[2]
    assert one.value is None
    assert one.levels == []


def test_names_must_fit():
    with pytest.raises(InputError, match="3 names for 4 classes"):
        calibration_summary(counted(3), NAMES[:3])
