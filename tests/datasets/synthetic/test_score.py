"""Lines of notes: what must hold for every one that is drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.datasets.synthetic.articulation import noise_bursts
from bayes_a2m.datasets.synthetic.intonation import hertz
from bayes_a2m.datasets.synthetic.score import INSIDE, SHORTEST, VOICED, draw_score
from bayes_a2m.datasets.synthetic.settings import HIGHEST_HZ, LOWEST_HZ
from bayes_a2m.datasets.synthetic.singer import draw_singer
from bayes_a2m.errors import InputError
from tests.datasets.synthetic.plain import STEADY


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    seconds=st.floats(0.5, 20),
    slow=st.floats(20, 400),
    fast=st.floats(0, 1),
    outside=st.sampled_from([0.0, 0.5]),
)
def test_every_line_can_be_sung(
    seed: int, seconds: float, slow: float, fast: float, outside: float
) -> None:
    generator = np.random.default_rng(seed)
    singer = draw_singer(generator, 300.0)
    tempo = (slow, slow + fast * (400 - slow))
    score = draw_score(
        generator, singer, (60, 64, 67), seconds, tempo=tempo, out_of_vocabulary=outside
    )
    assert score
    for note in score:
        assert note.offset - note.onset >= SHORTEST - 1e-9
        assert min(note.offset, seconds) - max(note.onset, 0) >= INSIDE
        assert note.attack + note.release <= 0.8 * (note.offset - note.onset) + 1e-9
        assert note.labelled == (note.pitch in (60, 64, 67))
    for before, after in pairwise(score):
        assert after.onset >= before.offset
        if after.slide_seconds:
            assert after.onset == before.offset
            assert after.pitch != before.pitch
            assert not after.consonant
            assert not after.scoop_cents


def test_a_slow_tempo_makes_long_notes() -> None:
    """Lengths follow beats: at a third of the tempo they are three times as long."""
    lengths = []
    for beats in (30, 90):
        score = draw_score(np.random.default_rng(3), STEADY, (60,), 4000.0, tempo=(beats, beats))
        inner = score[1:-1]
        lengths.append(np.mean([n.offset - n.onset for n in inner]))
    assert lengths[0] / lengths[1] == pytest.approx(3, rel=0.1)


def test_a_line_of_only_slurs_has_no_rest_between_different_notes() -> None:
    singer = replace(STEADY, legato=0.0)
    score = draw_score(np.random.default_rng(0), singer, (60, 64), 200.0)
    assert not any(n.slide_seconds for n in score)  # after a rest there is nothing to slide from
    singer = replace(STEADY, legato=1.0)
    score = draw_score(np.random.default_rng(0), singer, (60, 64), 200.0)
    for before, after in pairwise(score):
        assert (after.slide_seconds > 0) == (before.pitch != after.pitch)


def test_habits_of_the_singer_are_heard_as_often_as_asked() -> None:
    singer = replace(STEADY, consonants=0.4, scoops=0.7)
    score = draw_score(np.random.default_rng(0), singer, (60, 64, 67), 4000.0)
    assert np.mean([bool(n.consonant) for n in score]) == pytest.approx(0.4, abs=0.05)
    assert np.mean([n.scoop_cents > 0 for n in score]) == pytest.approx(0.7, abs=0.05)
    for n in score:
        if n.consonant in VOICED:
            assert n.consonant_seconds <= 0.3 * (n.offset - n.onset) + 0.15


def test_a_breath_fits_into_its_rest() -> None:
    singer = replace(STEADY, breaths=1.0, consonants=0.5)
    score = draw_score(np.random.default_rng(0), singer, (60, 64, 67), 1000.0, tempo=(60, 60))
    breaths = 0
    for before, after in pairwise(score):
        if after.onset - before.offset > 1:
            assert after.breath_seconds > 0
        for name, start, end, _ in noise_bursts([after]):
            if name == "breath":
                breaths += 1
                assert before.offset < start < end < after.onset
    assert breaths > 20


def test_what_is_outside_the_vocabulary_lies_near_it() -> None:
    score = draw_score(
        np.random.default_rng(0), STEADY, (60, 64, 67), 1000.0, out_of_vocabulary=0.9
    )
    outside = {n.pitch for n in score if not n.labelled}
    assert outside == set(range(53, 75)) - {60, 64, 67}


def test_where_no_note_fits_the_mend_is_named() -> None:
    with pytest.raises(InputError, match=r"0\.03 s; make the recordings longer"):
        draw_score(np.random.default_rng(0), STEADY, (60,), 0.03)


@pytest.mark.parametrize("pitch", [33, 86])
def test_notes_outside_the_vocabulary_stay_within_the_voices_range(pitch: int) -> None:
    score = draw_score(np.random.default_rng(0), STEADY, (pitch,), 200.0, out_of_vocabulary=0.5)
    sounding = hertz(np.array([n.pitch for n in score], dtype=np.float64))
    assert sounding.min() >= LOWEST_HZ - 1e-6
    assert sounding.max() <= HIGHEST_HZ


def test_repeats_stop_for_a_moment_at_any_tempo() -> None:
    singer = replace(STEADY, legato=1.0)
    score = draw_score(np.random.default_rng(1), singer, (60,), 100.0, tempo=(400, 400))
    for before, after in pairwise(score):
        assert after.onset > before.offset
