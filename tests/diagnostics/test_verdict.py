"""Verdicts by simulation: gaps that are known, recordings that differ, frames that depend."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bayes_a2m.diagnostics.verdict import gap_verdict
from bayes_a2m.errors import InputError

pytestmark = pytest.mark.long

CONFIDENCE = 0.85
TRIALS = 120
WRONG = {
    "trusted": lambda gap: abs(gap) > 0.03,
    "overconfident": lambda gap: gap <= 0.03,
    "underconfident": lambda gap: gap >= -0.03,
    "unknown": lambda gap: False,
}


def verdicts(recordings: int, gap: float, *, spread: float = 20.0) -> Counter[str]:
    """Verdicts on recordings whose accuracy scatters around the one that makes the gap.

    Frames come in blocks of ten that are right or wrong together, as neighbours are.
    """
    generator = np.random.default_rng([recordings, round(1000 * abs(gap)), int(gap < 0)])
    accuracy = CONFIDENCE - gap
    found: Counter[str] = Counter()
    for _ in range(TRIALS):
        blocks = generator.integers(2, 30, size=recordings)
        rates = generator.beta(accuracy * spread, (1 - accuracy) * spread, size=recordings)
        right = 10.0 * generator.binomial(blocks, rates)
        frames = 10.0 * blocks
        confidence = frames * (CONFIDENCE + generator.normal(0, 0.02, size=recordings))
        found[gap_verdict(confidence, right, frames, generator=generator, resamples=300).kind] += 1
    return found


@pytest.mark.parametrize("recordings", [20, 45, 200])
@pytest.mark.parametrize("gap", [-0.1, -0.04, -0.02, 0.0, 0.029, 0.031, 0.05, 0.1])
def test_few_verdicts_are_wrong(recordings: int, gap: float) -> None:
    found = verdicts(recordings, gap)
    wrong = sum(count for kind, count in found.items() if WRONG[kind](gap))
    # 5 % at most, and what 120 trials scatter
    assert wrong <= 0.05 * TRIALS + 2 * np.sqrt(0.05 * 0.95 * TRIALS)


def test_six_recordings_cannot_tell() -> None:
    for gap in (0.0, 0.1, -0.1):
        assert set(verdicts(6, gap)) == {"unknown"}


def test_two_hundred_tell_ten_points_and_trust_what_is_calibrated() -> None:
    assert verdicts(200, 0.1)["overconfident"] >= 0.95 * TRIALS
    assert verdicts(200, -0.1)["underconfident"] >= 0.95 * TRIALS
    assert verdicts(200, 0.0)["trusted"] >= 0.8 * TRIALS


def test_a_wide_interval_around_zero_is_not_trust() -> None:
    """What 0.1.0 took for trust: an interval that holds zero because it holds everything."""
    found = verdicts(20, 0.0, spread=3.0)
    assert found["trusted"] == 0


def test_a_gap_within_the_tolerance_can_be_told_from_zero() -> None:
    frames = np.full(400, 1000.0)
    right = np.random.default_rng(0).binomial(1000, 0.9, size=400).astype(float)
    judged = gap_verdict(0.91 * frames, right, frames, generator=np.random.default_rng(1))
    assert judged.kind == "trusted"
    assert judged.differs_from_zero


def test_a_tolerance_is_a_share() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        gap_verdict([1.0], [1.0], [1.0], generator=np.random.default_rng(0), tolerance=3)
