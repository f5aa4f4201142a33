"""Noise: at the level asked for, of the spectrum asked for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import signal

from bayes_a2m.datasets.conditions import (
    Babble,
    ColouredNoise,
    Fan,
    Hum,
    Noise,
    Source,
    active_level,
)
from tests.datasets.conditions.voice import NOTES, RATE, generator, rms_db, sine, sung

EVERY_SOURCE = [
    ColouredNoise(corner=500, slope_db=9),
    Babble(talkers=4),
    Hum(frequency=50),
    Fan(blade=240, centre=400),
]


def spectrum_db(
    samples: NDArray[np.float64], sample_rate: int = RATE, resolution: int = 4096
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies and power density in dB."""
    frequencies, power = signal.welch(samples, sample_rate, nperseg=resolution)
    return frequencies, 10 * np.log10(power + 1e-30)


def singing(samples: NDArray[np.floating]) -> NDArray[np.floating]:
    """The samples in which a note sounds at full strength."""
    time = np.arange(samples.shape[0]) / RATE
    return samples[np.any([(time > a + 0.02) & (time < b - 0.02) for a, b, _ in NOTES], axis=0)]


def test_pauses_do_not_make_a_voice_softer() -> None:
    voice = sung().astype(np.float64)
    assert active_level(voice, RATE) == pytest.approx(rms_db(singing(voice)), abs=0.2)
    longer = np.concatenate([voice, np.zeros(10 * RATE)])
    assert active_level(longer, RATE) == pytest.approx(active_level(voice, RATE), abs=1e-9)


def test_level_of_a_sine_and_of_silence() -> None:
    assert active_level(sine(500, 1.0), RATE) == pytest.approx(-3.01, abs=0.01)
    assert active_level(np.zeros(100), RATE) == -np.inf


@pytest.mark.parametrize("snr", [0.0, 12.0, 30.0])
@pytest.mark.parametrize("source", EVERY_SOURCE, ids=lambda s: s.kind)
def test_voice_over_noise_is_what_was_asked(source: Source, snr: float) -> None:
    voice = sung().astype(np.float64)
    out = Noise(sources=(source,), snr_db=snr).apply(voice, RATE, generator())
    # against the level of the notes themselves, not the one the stage measured
    assert rms_db(singing(voice)) - rms_db(out - voice) == pytest.approx(snr, abs=1.0)


def test_sources_share_one_level_by_their_weights() -> None:
    voice = sung().astype(np.float64)
    sources = (ColouredNoise(corner=2000, slope_db=6), Hum(frequency=50, weight_db=-10))
    noise = Noise(sources=sources, snr_db=10).apply(voice, RATE, generator()) - voice
    assert rms_db(singing(voice)) - rms_db(noise) == pytest.approx(10, abs=1.0)
    # hum of a tenth of the power: 1/11 of the whole
    frequencies, power = signal.periodogram(noise, RATE)
    harmonic = np.isclose(frequencies % 50, 0)
    share = power[harmonic].sum() / power.sum()
    assert share == pytest.approx(1 / 11, abs=0.03)


def test_a_floor_has_its_level_whatever_comes_in() -> None:
    floor = Noise(sources=(ColouredNoise(corner=500, slope_db=6),), level_dbfs=-65)
    for voice in (np.zeros(RATE), sung().astype(np.float64)):
        assert rms_db(floor.apply(voice, RATE, generator()) - voice) == pytest.approx(-65, abs=0.01)


@pytest.mark.parametrize("source", EVERY_SOURCE, ids=lambda s: s.kind)
def test_another_level_is_the_same_noise(source: Source) -> None:
    voice = sung().astype(np.float64)
    parts = [
        Noise(sources=(source,), snr_db=snr).apply(voice, RATE, generator()) - voice
        for snr in (30, 20, 0)
    ]
    levels = [rms_db(part) for part in parts]
    assert levels == pytest.approx([levels[0], levels[0] + 10, levels[0] + 30], abs=1e-6)
    assert np.corrcoef(parts).min() > 0.999999


def test_leaving_a_later_source_out_leaves_the_earlier_ones_alone() -> None:
    both = Noise(sources=(EVERY_SOURCE[0], EVERY_SOURCE[2]), level_dbfs=-20)
    first = Noise(sources=(EVERY_SOURCE[0],), level_dbfs=-20)
    rest = both.mixture(RATE, RATE, generator()) * 2**0.5 - first.mixture(RATE, RATE, generator())
    frequencies, decibels = spectrum_db(rest)
    assert frequencies[np.argmax(decibels)] == pytest.approx(50, abs=4)


@pytest.mark.parametrize("sample_rate", [16000, 48000])
def test_coloured_noise_is_flat_and_then_falls(sample_rate: int) -> None:
    source = ColouredNoise(corner=500, slope_db=12)
    sound = source.sound(20 * sample_rate, sample_rate, generator())
    frequencies, decibels = spectrum_db(sound, sample_rate)

    def at(hertz: float) -> float:
        near = np.abs(frequencies - hertz) < 0.15 * hertz
        return float(decibels[near].mean())

    assert at(60) - at(120) == pytest.approx(0, abs=1)
    assert at(2000) - at(4000) == pytest.approx(12, abs=1)
    assert abs(sound.mean()) < 1e-3


@pytest.mark.parametrize("mains", [50, 60])
def test_hum_is_harmonics_of_the_mains_and_nothing_else(mains: int) -> None:
    hum = Hum(frequency=mains, harmonics=3, fall_db=6)
    sound = hum.sound(RATE, RATE, generator())
    power = np.abs(np.fft.rfft(sound)) ** 2  # one second: bins of 1 Hz
    assert power[[mains, 2 * mains, 3 * mains]].sum() == pytest.approx(power.sum())
    decibels = 10 * np.log10(power[[mains, 2 * mains, 3 * mains]] / power[mains])
    # 6 dB an octave, and even harmonics another 6 down
    assert decibels == pytest.approx([0, -12, -9.51], abs=0.01)


def test_a_fan_has_tones_at_its_blades_over_air() -> None:
    sound = Fan(blade=240, centre=400, tone_db=0).sound(8 * RATE, RATE, generator())
    frequencies, decibels = spectrum_db(sound)
    for blade in (240, 480, 720):
        around = (np.abs(frequencies - blade) < 90) & (np.abs(frequencies - blade) > 50)
        tone = np.abs(frequencies - blade) < 12
        assert decibels[tone].max() > np.median(decibels[around]) + 10


def test_babble_is_like_speech() -> None:
    """Syllables at 3 to 6 Hz, a spectrum that falls, and pitches of people."""
    one = Babble(talkers=1).sound(30 * RATE, RATE, generator(2))
    frequencies, decibels = spectrum_db(one)
    low = decibels[(frequencies > 150) & (frequencies < 900)].mean()
    assert low > decibels[(frequencies > 4000) & (frequencies < 7000)].mean() + 20
    envelope = np.sqrt(np.mean(one.reshape(-1, 160) ** 2, axis=1))
    beat, strength = signal.welch(envelope - envelope.mean(), 100, nperseg=512)
    quick = beat > 1.5  # slower than that are the phrases
    assert 2.5 < beat[quick][np.argmax(strength[quick])] < 6.5
    many = Babble(talkers=20).sound(10 * RATE, RATE, generator(2))
    crowd = np.sqrt(np.mean(many.reshape(-1, 160) ** 2, axis=1))
    # a crowd is steadier than a talker
    assert crowd.std() / crowd.mean() < 0.6 * envelope.std() / envelope.mean()


@pytest.mark.parametrize("source", EVERY_SOURCE, ids=lambda s: s.kind)
@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_sources_sound_at_unit_level_for_any_length(source: Source, sample_rate: int) -> None:
    for count in (1, 2, 3, 100, sample_rate):
        sound = source.sound(count, sample_rate, generator())
        assert sound.shape == (count,)
        assert np.isfinite(sound).all()
    assert rms_db(sound) == pytest.approx(0, abs=1e-6)


def test_silence_gets_the_noise_of_a_room_with_a_voice_in_it() -> None:
    quiet = Noise(sources=(EVERY_SOURCE[0],), snr_db=20).apply(np.zeros(RATE), RATE, generator())
    assert rms_db(quiet) == pytest.approx(-26 - 20, abs=0.01)


@pytest.mark.parametrize("levels", [{}, {"snr_db": 3.0, "level_dbfs": -60.0}])
def test_one_level_is_given(levels: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="give either snr_db or level_dbfs"):
        Noise(sources=(EVERY_SOURCE[0],), **levels)
