"""Clipping, quantising and resampling: how much, and that nothing moves."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.datasets.conditions import Clip, Quantise, Resample
from tests.datasets.conditions.voice import RATE, generator, lag, rms_db, sine, sung


@pytest.mark.parametrize("share", [0.001, 0.01, 0.03])
def test_the_share_asked_for_is_cut(share: float) -> None:
    sound = 0.1 * generator(1).standard_normal(4 * RATE)
    out = Clip(share=share).apply(sound, RATE, generator())
    top = np.abs(out).max()
    assert np.mean(np.abs(sound) > top) == pytest.approx(share, abs=5e-5)
    untouched = np.abs(sound) <= top
    assert np.array_equal(out[untouched], sound[untouched])


def test_a_share_of_nothing_cuts_nothing() -> None:
    voice = sung().astype(np.float64)
    assert np.array_equal(Clip(share=0).apply(voice, RATE, generator()), voice)


def test_clipping_keeps_a_voice_that_is_shorter_than_its_share() -> None:
    click = np.zeros(RATE)
    click[100:110] = 0.5
    assert np.abs(Clip(share=0.03).apply(click, RATE, generator())).max() == pytest.approx(0.05)


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_even_steps(bits: int) -> None:
    step = 2.0 ** (1 - bits)
    tone = sine(441, 0.8)
    out = Quantise(bits=bits).apply(tone, RATE, generator())
    assert np.array_equal(out / step, np.round(out / step))
    assert np.abs(out - tone).max() <= step / 2 + 1e-12
    # Bennett: the error of even steps has a power of step^2 / 12
    assert rms_db(out - tone) == pytest.approx(10 * np.log10(step**2 / 12), abs=0.7)


def test_triangular_dither_frees_the_error_from_the_sound() -> None:
    """A tone of a third of a step is lost without dither, and stands in the noise with it."""
    step = 2.0**-7
    tone = sine(500, step / 3, seconds=4)
    assert not Quantise(bits=8).apply(tone, RATE, generator()).any()
    out = Quantise(bits=8, dither="triangular").apply(tone, RATE, generator())
    assert 2 * np.mean(out * np.sin(2 * np.pi * 500 * np.arange(tone.size) / RATE)) == (
        pytest.approx(step / 3, rel=0.1)
    )
    # rounding and dither together: step^2 / 12 + step^2 / 6
    assert rms_db(out - tone) == pytest.approx(10 * np.log10(step**2 / 4), abs=0.2)


def test_the_mu_law_is_as_good_for_soft_as_for_loud() -> None:
    for amplitude in (0.9, 0.09, 0.02):
        tone = sine(441, amplitude)
        out = Quantise(bits=8, law="mu").apply(tone, RATE, generator())
        assert 33 < rms_db(tone) - rms_db(out - tone) < 42  # G.711 has about 38 dB
    even = Quantise(bits=8).apply(tone, RATE, generator())
    assert rms_db(even - tone) > rms_db(out - tone) + 5


def test_full_scale_is_kept() -> None:
    far = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    for law in ("linear", "mu"):
        stage = Quantise(bits=8, law=law, dither="triangular")
        assert np.abs(stage.apply(far, RATE, generator())).max() <= 1


@pytest.mark.parametrize("rate", [8000, 11025, 12000])
def test_a_lower_rate_loses_the_top_and_moves_nothing(rate: int) -> None:
    stage = Resample(rate=rate)
    noise = 0.1 * generator(3).standard_normal(RATE)
    out = stage.apply(noise, RATE, generator())
    assert out.shape == noise.shape
    assert lag(noise, out) == 0
    kept, lost = sine(0.3 * rate, 0.5), sine(0.6 * rate, 0.5)
    middle = slice(1000, -1000)
    assert stage.apply(kept, RATE, generator())[middle] == pytest.approx(kept[middle], abs=1e-3)
    assert rms_db(stage.apply(lost, RATE, generator())[middle]) < -70


def test_a_higher_rate_loses_nothing() -> None:
    voice = sung().astype(np.float64)
    assert np.array_equal(Resample(rate=22050).apply(voice, RATE, generator()), voice)


def test_a_click_stays_through_a_lower_rate() -> None:
    click = np.zeros(2000)
    click[777] = 0.5
    assert np.argmax(Resample(rate=11025).apply(click, RATE, generator())) == 777


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_handful_of_samples(count: int) -> None:
    assert Resample(rate=8000).apply(np.full(count, 0.1), 48000, generator()).shape == (count,)
