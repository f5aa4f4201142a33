"""The sound against what was asked for, measured from the samples alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic import glottis, tract
from bayes_a2m.datasets.synthetic.loudness import EDGE, level_curve
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import Singer
from bayes_a2m.datasets.synthetic.voice import perform, render
from tests.datasets.synthetic.plain import STEADY, note

RATE = 16000


def sing(
    singer: Singer, notes: Sequence[SungNote], seconds: float = 2.0, rate: int = RATE
) -> NDArray[np.float32]:
    generator = np.random.default_rng(0)
    curves = perform(generator, singer, notes, seconds)
    return render(generator, singer, notes, curves, rate)


def harmonics(samples: NDArray[np.float32], f0: float, count: int) -> NDArray[np.float64]:
    """Amplitudes of the first harmonics over the middle second, by least squares."""
    part = samples[RATE // 2 : RATE // 2 + RATE].astype(np.float64)
    time = np.arange(len(part)) / RATE
    turns = np.exp(2j * np.pi * f0 * np.outer(time, np.arange(1, count + 1)))
    window = np.hanning(len(part))
    return np.abs(np.conj(turns.T) @ (part * window)) / window.sum() * 2


@pytest.mark.parametrize("vowel", ["i", "ɑ", "u"])
def test_harmonics_are_source_times_tract(vowel: str) -> None:
    samples = sing(STEADY, [note(0, 2, 45, vowels=(vowel, vowel))])
    f0, count = 110.0, 40
    got = harmonics(samples, f0, count)
    at = f0 * np.arange(1, count + 1)
    formants = np.array([tract.VOWELS[vowel]])
    widths = np.array([80.0, 90.0, 120.0, 150.0, 200.0]) * (1 + formants / 20000)
    asked = np.abs(
        tract.response(at, formants, widths)
        * glottis.pulse_spectrum(at, np.array([1 / f0]), np.array([0.6]), np.array([10.0]))
    )[0]
    ratio = 20 * np.log10(got / asked)
    strong = asked > asked.max() / 1000
    assert np.ptp(ratio[strong]) < 1.0


@pytest.mark.parametrize("vowel", ["ɛ", "ɑ", "ɔ"])
def test_formants_can_be_found_in_the_sound(vowel: str) -> None:
    """The envelope over harmonics of a low voice peaks near the formants asked for."""
    samples = sing(STEADY, [note(0, 2, 33, vowels=(vowel, vowel))])
    amplitudes = 20 * np.log10(harmonics(samples, 55.0, 60))
    peaks = [
        55.0 * (k + 1)
        for k in range(1, 59)
        if amplitudes[k] > max(amplitudes[k - 1], amplitudes[k + 1])
    ]
    for formant in tract.VOWELS[vowel][:2]:
        assert min(abs(p - formant) for p in peaks) < 60


def test_nothing_folds_back() -> None:
    """A high note whose harmonics do not divide the rate: between them there is nothing."""
    samples = sing(STEADY, [note(0, 2, 83, error_cents=37.0)])
    part = samples[RATE // 2 : RATE // 2 + RATE] * np.blackman(RATE)
    spectrum = np.abs(np.fft.rfft(part))
    f0 = 440 * 2 ** ((83.37 - 69) / 12)
    frequencies = np.arange(len(spectrum))
    distance = np.abs(frequencies - f0 * np.maximum(np.rint(frequencies / f0), 1))
    assert spectrum[distance > 60].max() < spectrum.max() * 1e-3


def test_the_pitch_is_the_pitch_asked_for() -> None:
    singer = replace(STEADY, vibrato_cents=40.0, drift_cents=8.0)
    generator = np.random.default_rng(3)
    notes = [note(0, 2, 57, scoop_cents=150.0)]
    curves = perform(generator, singer, notes, 2.0)
    samples = render(generator, singer, notes, curves, RATE).astype(np.float64)
    spectrum = np.fft.fft(samples)
    frequencies = np.fft.fftfreq(len(samples), 1 / RATE)
    spectrum[(frequencies < 150) | (frequencies > 330)] = 0  # the fundamental, analytic
    phase = np.unwrap(np.angle(np.fft.ifft(spectrum)))
    hop = 160
    times = np.arange(20, 180) * hop / RATE
    at = (times * RATE).astype(int)
    f0 = (phase[at + hop] - phase[at - hop]) / (2 * hop) * RATE / (2 * np.pi)
    error = 1200 * np.log2(f0 / curves.f0_at(times))
    assert np.median(np.abs(error)) < 2
    assert np.abs(error).max() < 15


@pytest.mark.parametrize("wanted", [10.0, 20.0, 30.0])
def test_breath_noise_is_as_strong_as_asked(wanted: float) -> None:
    notes = [note(0, 2)]
    clear = sing(STEADY, notes).astype(np.float64)
    noisy = sing(replace(STEADY, hnr_db=wanted), notes).astype(np.float64)
    ratio = 10 * np.log10(np.mean(clear**2) / np.mean((noisy - clear) ** 2))
    assert ratio == pytest.approx(wanted, abs=0.5)


def test_silence_where_nothing_is_sung() -> None:
    samples = sing(replace(STEADY, hnr_db=15.0), [note(0.5, 1.0), note(1.4, 1.8)])
    time = np.arange(len(samples)) / RATE
    power = samples.astype(np.float64) ** 2
    sung = power[(time > 0.55) & (time < 0.95)].mean()
    for start, end in ((0.0, 0.49), (1.07, 1.39), (1.87, 2.0)):
        assert power[(time >= start) & (time < end)].mean() < sung * 1e-5


def test_notes_begin_and_end_at_the_edge_and_slurred_ones_do_not() -> None:
    times = np.arange(2001) / 1000
    notes = [note(0.2, 1.0), note(1.0, 1.8, 60, slide_seconds=0.1)]
    level = level_curve(np.random.default_rng(0), STEADY, notes, times)
    edge = 20 * np.log10(EDGE)
    assert np.isneginf(level[:200]).all()
    assert np.isneginf(level[1800:]).all()
    assert level[200] == pytest.approx(edge, abs=0.5)
    assert level[1799] == pytest.approx(edge, abs=0.5)
    assert level[300:1700] == pytest.approx(0, abs=0.01)


def test_louder_is_brighter() -> None:
    singer = replace(STEADY, tilt_per_db=0.8)

    def brightness(level: float) -> float:
        found = harmonics(sing(singer, [note(0, 2, 45, level_db=level)]), 110.0, 40)
        return float(20 * np.log10(found[25] / found[0]))

    assert brightness(6.0) > brightness(-6.0) + 5


def test_a_murmur_is_softer_and_darker_than_the_vowel_after_it() -> None:
    samples = sing(STEADY, [note(0.2, 1.2, consonant="m", consonant_seconds=0.3)])
    murmur, vowel = samples[int(0.3 * RATE) :][:1600], samples[int(0.9 * RATE) :][:1600]
    assert 4 < 10 * np.log10(np.mean(vowel**2) / np.mean(murmur**2)) < 20


@pytest.mark.parametrize("consonant", ["s", "p", "h"])
def test_an_unvoiced_consonant_comes_before_its_note(consonant: str) -> None:
    samples = sing(STEADY, [note(1.0, 1.8, consonant=consonant, consonant_seconds=0.06)])
    before = samples[int(0.985 * RATE) : RATE]
    assert np.std(before) > 1e-4
    assert np.abs(samples[: int(0.93 * RATE)]).max() < 1e-6


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_any_rate_gives_the_same_voice(rate: int) -> None:
    samples = sing(STEADY, [note(0, 2, 57)], rate=rate)
    assert len(samples) == 2 * rate
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum[: 2 * 300]) / 2 == pytest.approx(220, abs=0.6)
