"""Levels worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic.loudness import EDGE, MURMUR_DB, WAVER_SECONDS, level_curve
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import Singer
from tests.datasets.synthetic.plain import STEADY, note

TIMES = np.arange(2001) / 1000


def level(notes: Sequence[SungNote], singer: Singer = STEADY) -> NDArray[np.float64]:
    return level_curve(np.random.default_rng(0), singer, notes, TIMES)


def test_half_way_up_an_attack_the_amplitude_is_half_way() -> None:
    got = level([note(0.5, 1.5, attack=0.1, release=0.2)])
    half = 20 * np.log10((1 + EDGE) / 2)  # -5.5 dB
    assert got[550] == pytest.approx(half, abs=0.05)
    assert got[1400] == pytest.approx(half, abs=0.05)
    assert np.all(np.diff(got[500:600]) > 0)
    assert np.all(np.diff(got[1300:1500]) < 0)


def test_the_edge_is_24_db_below_a_note_of_any_level() -> None:
    got = level([note(0.5, 1.5, level_db=5.0)])
    assert got[1000] == pytest.approx(5)
    assert got[500] == pytest.approx(5 - 24.4, abs=0.1)
    assert np.isneginf(got[499])
    assert np.isneginf(got[1500])


def test_a_swell_goes_half_below_and_half_above() -> None:
    got = level([note(0, 2, level_db=-3.0, swell_db=4.0)])
    assert got[1000] == pytest.approx(-3)
    assert got[500] == pytest.approx(-4)
    assert got[1500] == pytest.approx(-2)


def test_slurred_notes_of_different_loudness_meet() -> None:
    loud = note(0.2, 1.0, level_db=6.0, swell_db=-2.0)
    soft = note(1.0, 1.8, 60, level_db=-6.0, swell_db=2.0, slide_seconds=0.1)
    got = level([loud, soft])
    assert got[1000] == pytest.approx(5)  # where the first one ended: 6 dB, less half its swell
    assert np.abs(np.diff(got[300:1700])).max() < 0.3
    assert got[1400] == pytest.approx(-6, abs=0.05)


def test_a_slur_from_a_note_that_is_not_there_starts_like_any_other() -> None:
    got = level([note(0.5, 1.5, slide_seconds=0.1)])
    assert got[500] == pytest.approx(20 * np.log10(EDGE))


def test_a_voiced_consonant_is_softer_until_the_mouth_opens() -> None:
    got = level([note(0, 2, attack=0.02, consonant="n", consonant_seconds=0.2)])
    assert got[150] == pytest.approx(MURMUR_DB)
    assert got[220] == pytest.approx(MURMUR_DB / 2)
    assert got[300] == pytest.approx(0)
    unvoiced = level([note(0, 2, attack=0.02, consonant="s", consonant_seconds=0.2)])
    assert unvoiced[150] == pytest.approx(0)


def test_the_level_wavers_as_much_and_as_fast_as_asked() -> None:
    times = np.arange(200_001) / 1000
    singer = replace(STEADY, waver_db=1.5)
    got = level_curve(np.random.default_rng(0), singer, [note(-1, 202)], times)
    assert got.std() == pytest.approx(1.5, rel=0.1)
    lag = round(WAVER_SECONDS * 1000)
    assert np.corrcoef(got[:-lag], got[lag:])[0, 1] == pytest.approx(np.exp(-1), abs=0.1)
