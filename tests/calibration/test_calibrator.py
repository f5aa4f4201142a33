"""What a model knows of its own probabilities, by way of a file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.selection import Choice
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from tests.calibration.simulation import simulate


def test_recalibration_comes_first_and_all_goes_through_json():
    drawn = simulate(30, 120, np.random.default_rng(0), overconfidence=2.5, effect=0.05)
    found = Calibrator.fit(FramePosterior.from_probs(drawn.probs), drawn.labels)
    assert found.recalibration.name == "temperature"
    assert [one.level for one in found.sets] == [0.95, 0.99]
    assert [one.way for one in found.sets] == ["recordings", "pooled"]  # 99 % needs 99 recordings
    # accepted frames are counted after recalibration: few are very sure
    raw = Calibrator.fit(FramePosterior.from_probs(drawn.probs), drawn.labels, methods=("none",))
    assert found.accepted.accepted[:, -20:].sum() < raw.accepted.accepted[:, -20:].sum()
    assert Calibrator.from_dict(json.loads(json.dumps(found.to_dict())), "x") == found
    assert found != raw


def test_sets_of_a_higher_level_hold_those_of_a_lower_one():
    # 19 recordings: 95 % takes the least probability of all, 99 % is pooled and would take a higher
    probs = [np.array([[0.9, 0.1]] * 50 + [[0.3 + 0.01 * r, 0.7 - 0.01 * r]]) for r in range(19)]
    labels = [np.array([0] * 50 + [1])] * 19
    posterior = FramePosterior.from_probs(probs, vocabulary=Vocabulary((60,)))
    found = Calibrator.fit(posterior, labels, methods=("none",))
    lower, higher = found.sets
    assert (lower.way, higher.way) == ("recordings", "pooled")
    grid = np.linspace(0, 1, 101)
    all_probs = np.stack([grid, 1 - grid], axis=-1)
    assert (higher.sets(all_probs) >= lower.sets(all_probs)).all()


def test_models_of_older_versions():
    old = Calibrator.from_dict({"method": "none"}, "recalibration.json")
    assert old == Calibrator()
    assert old.accepted is None
    assert old.sets == ()


@pytest.mark.parametrize(
    "broken",
    [{"conformal": 3}, {"conformal": [{}]}, {"accepted": {"frames": []}}, {"chosen_by": {"a": 1}}],
)
def test_broken_files_are_named(broken):
    with pytest.raises(InputError, match=r"^recalibration.json: "):
        Calibrator.from_dict({"method": "none", **broken}, "recalibration.json")


def test_nothing_equals_something_else():
    assert Calibrator() != Choice()
    assert hash(Calibrator()) == hash(Calibrator())
