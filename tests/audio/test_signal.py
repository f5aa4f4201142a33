"""What a recording is like as a signal, against signals whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.audio.signal import SignalStatistics
from bayes_a2m.errors import InputError

RATE = 16000


def half_tone(amplitude: float = 0.5, noise: float = 0.001) -> np.ndarray:
    """Two seconds, a sine of 1 kHz in the second of them, over white noise."""
    time = np.arange(2 * RATE) / RATE
    hiss = noise * np.random.default_rng(0).standard_normal(time.size)
    return (amplitude * np.sin(2 * np.pi * 1000 * time) * (time >= 1) + hiss).astype(np.float32)


def test_level_and_floor_in_decibels_of_full_scale() -> None:
    found = SignalStatistics.of(half_tone(), RATE)
    assert found.level_db == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.05)
    assert found.floor_db == pytest.approx(20 * np.log10(0.001), abs=0.5)


def test_a_gain_moves_both_by_itself_and_nothing_else() -> None:
    loud, quiet = (
        SignalStatistics.of(half_tone(), RATE),
        SignalStatistics.of(half_tone() / 16, RATE),
    )
    moved = 20 * np.log10(16)
    assert loud.level_db - quiet.level_db == pytest.approx(moved, abs=1e-3)
    assert loud.floor_db - quiet.floor_db == pytest.approx(moved, abs=1e-3)
    assert loud.bandwidth_hz == pytest.approx(quiet.bandwidth_hz, rel=1e-3)
    assert loud.clipped == quiet.clipped


def test_bandwidth_of_a_sine_and_of_white_noise() -> None:
    assert SignalStatistics.of(half_tone(noise=1e-5), RATE).bandwidth_hz == pytest.approx(
        1000, abs=20
    )
    noise = np.random.default_rng(1).standard_normal(4 * RATE).astype(np.float32)
    assert SignalStatistics.of(noise, RATE).bandwidth_hz == pytest.approx(0.99 * 8000, rel=0.01)


def test_clipping_is_runs_at_the_largest_value() -> None:
    time = np.arange(RATE) / RATE
    sine = np.sin(2 * np.pi * 100 * time).astype(np.float32)
    clipped = SignalStatistics.of(np.clip(2 * sine, -1, 1), RATE).clipped
    assert clipped == pytest.approx(2 / 3, abs=0.03)  # |sin| > 1/2
    assert SignalStatistics.of(half_tone(), RATE).clipped < 0.1


def test_silence_and_nothing() -> None:
    silent = SignalStatistics.of(np.zeros(100, dtype=np.float32), RATE)
    assert (silent.level_db, silent.bandwidth_hz, silent.clipped) == (-120.0, 0.0, 0.0)
    with pytest.raises(InputError, match="without samples"):
        SignalStatistics.of(np.zeros(0, dtype=np.float32), RATE)
