"""A room decays as fast as it says, and leaves the direct sound where it was."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from bayes_a2m.datasets.conditions import Reverb
from tests.datasets.conditions.voice import RATE, generator, lag, sung


def reverberation_time(response: NDArray[np.float64], sample_rate: int = RATE) -> float:
    """Seconds to decay by 60 dB, from 5 to 25 dB down: Schroeder (1965), backward integration."""
    energy = np.cumsum(np.square(response[::-1]))[::-1]
    decay = 10 * np.log10(energy / energy[0])
    straight = np.flatnonzero((decay < -5) & (decay > -25))
    slope = np.polyfit(straight / sample_rate, decay[straight], 1)[0]
    return float(-60 / slope)


def half_octave(response: NDArray[np.float64], centre: float) -> NDArray[np.float64]:
    edges = (centre / 2**0.25, centre * 2**0.25)
    sections = signal.butter(4, edges, "bandpass", fs=RATE, output="sos")
    filtered: NDArray[np.float64] = signal.sosfilt(sections, response)
    return filtered


@pytest.mark.parametrize("rt60", [0.2, 0.4, 0.9])
@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
def test_the_decay_is_as_long_as_asked(rt60: float, sample_rate: int) -> None:
    room = Reverb(rt60=rt60, direct_db=0)
    measured = [
        reverberation_time(room.impulse_response(sample_rate, generator(seed))[1:], sample_rate)
        for seed in range(5)
    ]
    assert np.mean(measured) == pytest.approx(rt60, rel=0.1)
    assert measured == pytest.approx([rt60] * 5, rel=0.2)


def test_bass_rings_longer_and_treble_shorter() -> None:
    room = Reverb(rt60=0.6, low_ratio=1.4, high_ratio=0.5, direct_db=0)
    responses = [room.impulse_response(RATE, generator(seed))[1:] for seed in range(8)]
    for centre, expected in ((125, 0.84), (1000, 0.6), (6000, 0.3)):
        measured = np.mean([reverberation_time(half_octave(r, centre)) for r in responses])
        assert measured == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("direct_db", [-3.0, 0.0, 12.0])
def test_direct_over_reverberant_energy(direct_db: float) -> None:
    response = Reverb(rt60=0.5, direct_db=direct_db).impulse_response(RATE, generator())
    assert response[0] == 1.0
    assert 10 * np.log10(1 / np.sum(response[1:] ** 2)) == pytest.approx(direct_db, abs=1e-6)
    assert not response[1 : round(0.005 * RATE)].any()


def test_distance_scales_the_room_and_changes_nothing_in_it() -> None:
    near, far = (
        Reverb(rt60=0.5, direct_db=db).impulse_response(RATE, generator())[1:] for db in (20, 0)
    )
    assert far == pytest.approx(10 * near)


def test_a_click_becomes_the_response_at_its_sample() -> None:
    room = Reverb(rt60=0.3, direct_db=6)
    click = np.zeros(RATE)
    click[3000] = 1.0
    out = room.apply(click, RATE, generator())
    response = room.impulse_response(RATE, generator())
    assert np.abs(out[:3000]).max() < 1e-12
    assert out[3000 : 3000 + response.size] == pytest.approx(response, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_a_voice_is_not_late(seed: int) -> None:
    voice = sung().astype(np.float64)
    assert abs(lag(voice, Reverb(rt60=0.6, direct_db=6).apply(voice, RATE, generator(seed)))) <= 1


def test_a_room_shorter_than_its_first_reflection_is_dry() -> None:
    voice = sung().astype(np.float64)
    dry = Reverb(rt60=0.002, direct_db=0).apply(voice, RATE, generator())
    assert dry == pytest.approx(voice, abs=1e-12)
