"""Gaps closed, crumbs dropped, nothing else touched."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.decoding.cleanup import drop_short, merge_gaps
from bayes_a2m.music import Note


@st.composite
def melodies(draw: st.DrawFn) -> list[Note]:
    notes, now = [], 0.0
    for _ in range(draw(st.integers(0, 10))):
        now += draw(st.floats(0, 0.2))
        end = now + draw(st.floats(0.01, 0.5))
        notes.append(Note(now, end, draw(st.sampled_from([60, 64]))))
        now = end
    return notes


def test_gaps_by_hand() -> None:
    notes = [Note(0, 1, 60), Note(1.03, 2, 60), Note(2.06, 3, 60), Note(3.01, 4, 64)]
    assert merge_gaps(notes, 0.05) == [Note(0, 2, 60), Note(2.06, 3, 60), Note(3.01, 4, 64)]
    assert merge_gaps(notes, 0.07) == [Note(0, 3, 60), Note(3.01, 4, 64)]
    assert merge_gaps(notes, 0.0) == notes
    assert merge_gaps([], 0.05) == []


def test_another_note_between_keeps_two_apart() -> None:
    notes = [Note(0, 1, 60), Note(1, 1.02, 64), Note(1.02, 2, 60)]
    assert merge_gaps(notes, 0.05) == notes


def test_a_gap_of_just_the_length_stays() -> None:
    notes = [Note(0, 1, 60), Note(1.25, 2, 60)]
    assert merge_gaps(notes, 0.25) == notes


def test_the_first_velocity_stays() -> None:
    assert merge_gaps([Note(0, 1, 60, 50), Note(1, 2, 60, 99)], 0.1) == [Note(0, 2, 60, 50)]


def test_short_ones_by_hand() -> None:
    notes = [Note(0, 0.05, 60), Note(1, 1.049, 64), Note(2, 3, 67)]
    assert drop_short(notes, 0.05) == [notes[0], notes[2]]
    # 3.996 + 0.054 - 3.996 is a little less than 0.054 in floats
    assert drop_short([Note(3.996, 3.996 + 0.054, 60)], 0.054)
    assert drop_short(notes, 0.0) == notes


@settings(deadline=None)
@given(melodies(), st.floats(0, 0.3))
def test_what_is_in_order_stays(notes: list[Note], length: float) -> None:
    merged = merge_gaps(notes, length)
    assert merge_gaps(merged, length) == merged
    assert {n.onset for n in merged} <= {n.onset for n in notes}
    assert {n.offset for n in merged} <= {n.offset for n in notes}
    assert not notes or merged[-1].offset == notes[-1].offset
    kept = drop_short(notes, length)
    assert [n for n in notes if n in kept] == kept
    assert drop_short(kept, length) == kept
