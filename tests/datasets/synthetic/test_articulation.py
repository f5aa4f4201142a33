"""Vowels that blend, murmurs, and where the noise of consonants and breaths lies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bayes_a2m.datasets.synthetic.articulation import (
    BANDS,
    BLEND_SECONDS,
    band_response,
    formants,
    noise_bursts,
)
from bayes_a2m.datasets.synthetic.score import draw_score
from bayes_a2m.datasets.synthetic.singer import draw_singer
from bayes_a2m.datasets.synthetic.tract import NASAL, VOWELS
from tests.datasets.synthetic.plain import STEADY, note

TIMES = np.arange(401, dtype=np.float64) / 200
LOW = np.full(401, 110.0)


def test_one_vowel_blends_into_the_next_without_turning_back() -> None:
    notes = [note(0, 1, vowels=("i", "i")), note(1, 2, vowels=("ɑ", "ɑ"))]
    track, _ = formants(STEADY, notes, TIMES, LOW)
    for k, (first, second) in enumerate(zip(VOWELS["i"], VOWELS["ɑ"], strict=True)):
        steps = np.diff(track[:, k]) * np.sign(second - first)
        assert np.all(steps >= -1e-9)
        assert track[0, k] == pytest.approx(first)
        assert track[-1, k] == pytest.approx(second)
        # half way at the boundary, and all done within the time that a blend takes
        assert track[200, k] == pytest.approx((first + second) / 2, abs=0.1 * abs(second - first))
        reach = int(np.ceil(BLEND_SECONDS / 0.005 / 2)) + 1
        assert track[200 - reach, k] == pytest.approx(first)
        assert track[200 + reach, k] == pytest.approx(second)


def test_within_a_note_formants_glide_by_equal_ratios() -> None:
    track, _ = formants(STEADY, [note(0, 2, vowels=("u", "ɑ"))], TIMES, LOW)
    assert track[200, 1] == pytest.approx(np.sqrt(870 * 1090), rel=1e-3)
    assert np.all(np.diff(track[:, 1]) >= -1e-9)


def test_a_murmur_has_the_formants_of_the_nose() -> None:
    track, _ = formants(STEADY, [note(0, 2, consonant="m", consonant_seconds=1.0)], TIMES, LOW)
    assert track[100] == pytest.approx(NASAL)
    assert track[300] == pytest.approx(VOWELS["ɑ"])


def test_the_first_formant_goes_up_with_the_pitch() -> None:
    rising = np.linspace(200.0, 1000.0, 401)
    track, _ = formants(STEADY, [note(0, 2, vowels=("u", "u"))], TIMES, rising)
    assert np.all(track[:, 0] >= rising)
    assert track[0, 0] == pytest.approx(300)


def test_noises_lie_before_their_note() -> None:
    fricative, plosive, breath = noise_bursts(
        [
            note(1, 2, consonant="s", consonant_seconds=0.1),
            note(3, 4, consonant="t", consonant_seconds=0.08, level_db=-3.0),
            note(6, 7, consonant="m", consonant_seconds=0.1, breath_seconds=0.3, breath_db=-30.0),
        ]
    )
    assert (fricative[0], plosive[0], breath[0]) == ("s", "t", "breath")
    assert fricative[1:] == pytest.approx((0.9, 1.005, BANDS["s"].level_db))
    assert plosive[1:] == pytest.approx((2.975, 3.005, BANDS["t"].level_db - 3))  # a closure first
    assert breath[1:] == pytest.approx((5.66, 5.96, -30))


def test_a_breath_ends_before_the_consonant() -> None:
    sung = note(2, 3, consonant="f", consonant_seconds=0.1, breath_seconds=0.3, breath_db=-30.0)
    bursts = {name: (start, end) for name, start, end, _ in noise_bursts([sung])}
    assert bursts["breath"][1] == pytest.approx(1.86)
    assert bursts["breath"][1] < bursts["f"][0]


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("name", BANDS)
def test_a_band_has_unit_power_and_its_peak_where_it_says(name: str, rate: int) -> None:
    frequencies = np.linspace(0, rate / 2, 801)
    shape = band_response(BANDS[name], frequencies)
    assert np.mean(shape**2) == pytest.approx(1)
    peak = frequencies[np.argmax(shape)]
    assert peak == pytest.approx(min(BANDS[name].centre, rate / 2), abs=rate / 1600)


def test_consonants_are_never_heard_over_the_note_before() -> None:
    for seed in range(8):
        generator = np.random.default_rng(seed)
        singer = draw_singer(generator, 300.0)
        score = draw_score(generator, singer, (60, 64, 67), 100.0, tempo=(300, 400))
        for before, after in pairwise(score):
            for _, start, _, _ in noise_bursts([after]):
                assert start >= before.offset - 1e-9
