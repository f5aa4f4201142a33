"""Of notes that sound together one is heard, at every moment the one that the rule says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.music import Note
from bayes_a2m.music.polyphony import RULES, Rule, collapse

CHORD = [Note(0.0, 2.0, 60, 40), Note(0.5, 1.0, 72, 30), Note(0.25, 3.0, 64, 90)]


@pytest.mark.parametrize(
    ("rule", "heard"),
    [
        ("highest", [(0.0, 0.25, 60), (0.25, 0.5, 64), (0.5, 1.0, 72), (1.0, 3.0, 64)]),
        ("loudest", [(0.0, 0.25, 60), (0.25, 3.0, 64)]),
        ("latest", [(0.0, 0.25, 60), (0.25, 0.5, 64), (0.5, 1.0, 72), (1.0, 3.0, 64)]),
    ],
)
def test_a_chord(rule: Rule, heard: list[tuple[float, float, int]]) -> None:
    assert [(n.onset, n.offset, n.pitch) for n in collapse(CHORD, rule)] == heard


def test_a_repeated_note_keeps_its_onset() -> None:
    notes = [Note(0.0, 1.0, 60), Note(1.0, 2.0, 60)]
    assert collapse(notes) == notes


times = st.integers(0, 20).map(lambda k: k / 4)
NOTES = st.lists(
    st.builds(
        lambda onset, length, pitch, velocity: Note(onset, onset + length, pitch, velocity),
        times,
        st.integers(1, 8).map(lambda k: k / 4),
        st.integers(50, 60),
        st.integers(1, 127),
    ),
    max_size=12,
)


@given(NOTES, st.sampled_from(sorted(RULES)))
def test_at_every_moment_it_is_the_preferred_of_those_that_sound(
    notes: list[Note], rule: Rule
) -> None:
    heard = collapse(notes, rule)
    assert all(one.offset <= other.onset for one, other in pairwise(heard))
    for moment in np.arange(0.125, 8, 0.25):
        sounding = [n for n in notes if n.onset <= moment < n.offset]
        found = [n for n in heard if n.onset <= moment < n.offset]
        assert len(found) == min(1, len(sounding))
        if sounding:
            assert found[0].pitch == max(sounding, key=RULES[rule]).pitch
