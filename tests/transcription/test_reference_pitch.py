"""The tuning of a recording: known from how far notes lie from semitones, or not known."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.baselines.pitch_curve import PitchCurve
from bayes_a2m.transcription.reference_pitch import reference_pitch


def curve(places: list[float], frames: int = 20, spread: float = 5.0) -> PitchCurve:
    """Notes whose frames lie so many cents from theirs."""
    generator = np.random.default_rng(0)
    cents = np.concatenate([c + spread * generator.standard_normal(frames) for c in places])
    note = np.repeat(np.arange(len(places)), frames)
    return PitchCurve(np.arange(cents.size) * 0.01, np.full(cents.size, 220.0), cents, note)


@pytest.mark.parametrize("cents", [-49.0, -20.0, 0.0, 31.0])
def test_a_tuning_is_found(cents: float) -> None:
    found = reference_pitch(curve([cents, cents + 4, cents - 4, cents, cents + 2, cents - 2]))
    assert found is not None
    assert found.cents == pytest.approx(cents, abs=2)
    assert found.low < cents < found.high
    assert found.hertz == pytest.approx(440 * 2 ** (found.cents / 1200))


def test_a_semitone_more_is_the_same_tuning() -> None:
    one, other = (reference_pitch(curve([20.0 + k, 15, 25, 20])) for k in (0, 100))
    assert one is not None
    assert other is not None
    assert one.cents == pytest.approx(other.cents)


def test_what_is_not_known_is_not_told() -> None:
    assert reference_pitch(curve([10.0, 10.0, 10.0])) is None
    assert reference_pitch(curve([0.0, 25.0, 50.0, 75.0, 10.0, 60.0])) is None
