"""Filters attenuate by their formulas and move nothing."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.datasets.conditions import Band, Effect, Equaliser, HighPass, Peak
from tests.datasets.conditions.voice import RATE, generator, lag, rms_db, sine

EVERY_FILTER = [
    HighPass(cutoff=90),
    Equaliser(tilt_db=-4, peaks=(Peak(centre=300, gain_db=6), Peak(centre=3000, gain_db=-9))),
    Band(low=400, high=3800, peaks=(Peak(centre=1100, gain_db=12, octaves=0.4),)),
]


def gain_db(stage: Effect, hertz: float, sample_rate: int = RATE) -> float:
    """Of a steady tone, away from where it starts and ends."""
    tone = sine(hertz, sample_rate=sample_rate)
    middle = slice(sample_rate // 4, 3 * sample_rate // 4)
    out = stage.apply(tone, sample_rate, generator())
    return rms_db(out[middle]) - rms_db(tone[middle])


def test_high_pass_takes_rumble_and_leaves_the_voice() -> None:
    stage = HighPass(cutoff=80)
    assert gain_db(stage, 80) == pytest.approx(-3.01, abs=0.05)
    assert gain_db(stage, 20) == pytest.approx(-24.1, abs=0.3)  # 12 dB an octave, two octaves
    assert gain_db(stage, 200) == pytest.approx(-0.11, abs=0.05)


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
def test_a_peak_and_a_tilt_do_what_they_say_at_every_rate(sample_rate: int) -> None:
    peak = Equaliser(peaks=(Peak(centre=1000, gain_db=6, octaves=0.5),))
    assert gain_db(peak, 1000, sample_rate) == pytest.approx(6, abs=0.05)
    # one standard deviation away a Gaussian has fallen to exp(-1/2)
    assert gain_db(peak, 1000 * 2**0.5, sample_rate) == pytest.approx(6 * np.exp(-0.5), abs=0.05)
    tilt = Equaliser(tilt_db=-3)
    assert gain_db(tilt, 500, sample_rate) == pytest.approx(3, abs=0.05)
    assert gain_db(tilt, 4000, sample_rate) == pytest.approx(-6, abs=0.05)


def test_a_band_ends_where_it_says() -> None:
    band = Band(low=300, high=3400)
    assert gain_db(band, 1000) == pytest.approx(-0.03, abs=0.05)
    assert gain_db(band, 300) == pytest.approx(-3.01, abs=0.05)
    assert gain_db(band, 3400) == pytest.approx(-3.01, abs=0.05)
    assert gain_db(band, 6800) == pytest.approx(-24.1, abs=0.2)  # fourth order, an octave up


@pytest.mark.parametrize("stage", EVERY_FILTER, ids=lambda s: s.kind)
def test_a_click_stays_at_its_sample(stage: Effect) -> None:
    for at in (0, 5, 1000, 1999):
        click = np.zeros(2000)
        click[at] = 1.0
        assert np.argmax(np.abs(stage.apply(click, RATE, generator()))) == at


@pytest.mark.parametrize("stage", EVERY_FILTER, ids=lambda s: s.kind)
def test_noise_is_not_late(stage: Effect) -> None:
    noise = generator(1).standard_normal(RATE)
    assert lag(noise, stage.apply(noise, RATE, generator())) == 0


def test_what_rings_past_the_end_does_not_come_in_at_the_start() -> None:
    click = np.zeros(4000)
    click[-1] = 1.0
    out = EVERY_FILTER[2].apply(click, RATE, generator())
    assert np.abs(out[:1000]).max() < 1e-4 * np.abs(out).max()
