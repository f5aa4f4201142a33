"""A compressor's static curve, its times, and a level."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.datasets.conditions import Compressor, Level, active_level, peak_level
from tests.datasets.conditions.voice import RATE, between_notes, generator, rms_db, sine, sung


@pytest.mark.parametrize(
    ("ratio", "above", "expected"), [(2, 10, 5), (2, 20, 10), (4, 12, 3), (4, -6, -6), (1, 9, 9)]
)
def test_static_curve(ratio: float, above: float, expected: float) -> None:
    threshold = -30.0
    tone = sine(500, 10 ** ((threshold + above) / 20), seconds=2)
    stage = Compressor(threshold_db=threshold, ratio=ratio, attack=0.005, release=0.3)
    settled = stage.apply(tone, RATE, generator())[RATE:]
    assert 20 * np.log10(np.abs(settled).max()) - threshold == pytest.approx(expected, abs=0.2)


def test_the_running_maximum_is_the_recursion() -> None:
    """Against the two lines of the docstring, sample by sample."""
    stage = Compressor(threshold_db=-30, ratio=3, attack=0.004, release=0.05)
    x = sung()[4000:8000].astype(np.float64)
    r, a = np.exp(-1 / (0.05 * RATE)), np.exp(-1 / (0.004 * RATE))
    peak = reduction = 0.0
    expected = []
    for value in np.abs(x):
        c = max(0.0, (1 - 1 / 3) * (20 * np.log10(max(value, 1e-10)) + 30))
        peak = max(c, r * peak)
        reduction = a * reduction + (1 - a) * peak
        expected.append(reduction)
    assert stage.reduction(x, RATE) == pytest.approx(np.array(expected), abs=1e-6)


def test_attack_and_release_take_their_time() -> None:
    loud, soft = sine(1000, 1.0, seconds=0.5), sine(1000, 0.001, seconds=0.5)
    stage = Compressor(threshold_db=-20, ratio=2, attack=0.02, release=0.1)
    reduction = stage.reduction(np.concatenate([soft, loud, soft]), RATE)
    begin, end = RATE // 2, RATE
    assert reduction[begin - 1] == pytest.approx(0, abs=1e-6)
    # after one time constant: 63 % of the 10 dB on the way up; on the way down the attack's
    # smoothing follows the release, two exponentials in a row
    assert reduction[begin + round(0.02 * RATE)] == pytest.approx(6.3, abs=0.3)
    left = 10 * (0.1 * np.exp(-1) - 0.02 * np.exp(-5)) / (0.1 - 0.02)
    assert reduction[end + round(0.1 * RATE)] == pytest.approx(left, abs=0.1)


def test_a_gain_control_lifts_the_noise_in_pauses() -> None:
    noisy = sung() + 0.001 * generator(1).standard_normal(4 * RATE)
    out = Compressor(threshold_db=-35, ratio=4, release=0.1).apply(noisy, RATE, generator())
    assert between_notes(out) < between_notes(noisy) - 8


def test_levels_are_met() -> None:
    voice = sung().astype(np.float64)
    loud = Level(measure="peak", target_db=-6).apply(voice, RATE, generator())
    assert peak_level(loud) == pytest.approx(-6)
    soft = Level(measure="active", target_db=-40).apply(voice, RATE, generator())
    assert active_level(soft, RATE) == pytest.approx(-40)


def test_an_empty_room_is_not_turned_up_to_a_voice() -> None:
    hiss = 1e-4 * generator(1).standard_normal(RATE)
    out = Level(measure="active", target_db=-20, most_db=12).apply(hiss, RATE, generator())
    assert rms_db(out) - rms_db(hiss) == pytest.approx(12)
    silence = np.zeros(100)
    assert not Level(target_db=-3).apply(silence, RATE, generator()).any()
