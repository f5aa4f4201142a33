"""Notes to frames and back: the conventions that everything else rests on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, Vocabulary
from bayes_a2m.music.notes import clip, from_labels, monophonic, overlaps, runs, to_labels

GRID, VOCABULARY = FrameGrid(), Vocabulary()

grids = st.sampled_from([GRID, FrameGrid(22050, 160), FrameGrid(44100, 441), FrameGrid(8000, 37)])
label_arrays = hnp.arrays(np.int64, st.integers(0, 300), elements=st.integers(0, 3))


def on_grid(onset: int, offset: int, pitch: int, grid: FrameGrid = GRID) -> Note:
    return Note(grid.seconds(onset), grid.seconds(offset), pitch)


@st.composite
def melodies(draw: st.DrawFn) -> tuple[list[Note], FrameGrid, int]:
    """Notes on the grid, one at a time; of the same pitch none without a rest between."""
    grid, now, before = draw(grids), 0, 0
    notes = []
    for _ in range(draw(st.integers(0, 12))):
        pitch = draw(st.sampled_from(VOCABULARY.pitches))
        now += draw(st.integers(1 if pitch == before else 0, 30))
        end = now + draw(st.integers(1, 60))
        notes.append(on_grid(now, end, pitch, grid))
        now, before = end, pitch
    return notes, grid, now + draw(st.integers(1, 20))


@settings(deadline=None)
@given(melodies())
def test_notes_survive_the_way_through_labels(melody: tuple[list[Note], FrameGrid, int]) -> None:
    notes, grid, frames = melody
    labels = to_labels(notes, grid, frames, VOCABULARY)
    assert labels.shape == (frames,)
    assert from_labels(labels, grid, VOCABULARY) == notes


@settings(deadline=None)
@given(label_arrays, grids)
def test_labels_survive_the_way_through_notes(labels: NDArray[np.int64], grid: FrameGrid) -> None:
    notes = from_labels(labels, grid, VOCABULARY)
    again = to_labels(notes, grid, len(labels), VOCABULARY)
    np.testing.assert_array_equal(again, labels)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 1.5), st.floats(0.01, 1.0), st.sampled_from(VOCABULARY.pitches)),
        max_size=8,
    )
)
def test_a_frame_is_the_latest_note_that_covers_it(
    triples: list[tuple[float, float, int]],
) -> None:
    notes = [Note(onset, onset + length, pitch) for onset, length, pitch in triples]
    labels = to_labels(notes, GRID, 300, VOCABULARY)
    for frame, label in enumerate(labels):
        covering = [n for n in notes if GRID.frame(n.onset) <= frame < GRID.frame(n.offset)]
        latest = max(covering, key=lambda n: (n.onset, n.pitch), default=None)
        assert label == (0 if latest is None else VOCABULARY.class_of(latest.pitch))


@settings(deadline=None)
@given(label_arrays)
def test_runs_are_the_labels_in_short(labels: NDArray[np.int64]) -> None:
    parts = [np.full(end - start, klass) for start, end, klass in runs(labels)]
    np.testing.assert_array_equal(np.concatenate([*parts, []]), labels)
    classes = [klass for _, _, klass in runs(labels)]
    assert all(a != b for a, b in pairwise(classes))


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([], [0, 0, 0, 0, 0, 0]),
        # a frame's instant decides: 0.0061 is past frame 1, which still counts as covered
        ([Note(0.0061, 0.0179, 60)], [0, 1, 0, 0, 0, 0]),
        ([Note(0.006, 0.018, 60)], [0, 1, 1, 0, 0, 0]),
        # shorter than a frame, between two instants
        ([Note(0.007, 0.009, 60)], [0, 0, 0, 0, 0, 0]),
        # past the end, and before the start
        ([Note(0.024, 9.0, 64)], [0, 0, 0, 0, 2, 2]),
        ([Note(-0.012, 0.012, 67)], [3, 3, 0, 0, 0, 0]),
        ([Note(-0.1, -0.05, 67), Note(5.0, 6.0, 60)], [0, 0, 0, 0, 0, 0]),
        # legato: the later onset wins, in whatever order they are given
        ([Note(0.012, 0.03, 64), Note(0.0, 0.018, 60)], [1, 1, 2, 2, 2, 0]),
        # a long note is heard again after a short later one
        ([Note(0.0, 0.036, 60), Note(0.012, 0.024, 67)], [1, 1, 3, 3, 1, 1]),
        # one onset: the higher wins
        ([Note(0.0, 0.012, 67), Note(0.0, 0.024, 60)], [3, 3, 1, 1, 0, 0]),
    ],
)
def test_labels_by_hand(notes: list[Note], expected: list[int]) -> None:
    assert to_labels(notes, GRID, 6, VOCABULARY).tolist() == expected


def test_a_pitch_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match=r"62 \(D4\) is not in the vocabulary"):
        to_labels([Note(0, 1, 62)], GRID, 6, VOCABULARY)


@pytest.mark.parametrize(("onset", "offset"), [(1.0, 1.0), (1.0, 0.5), (float("nan"), 1.0)])
def test_a_note_must_last(onset: float, offset: float) -> None:
    with pytest.raises(InputError, match="must end after it starts"):
        Note(onset, offset, 60)


def test_clip_cuts_and_drops_and_orders() -> None:
    notes = [Note(3, 5, 60, 70), Note(-1, 0.5, 64), Note(4, 6, 67), Note(-2, 0, 67), Note(1, 2, 60)]
    assert clip(notes, 4.0) == [Note(0, 0.5, 64), Note(1, 2, 60), Note(3, 4, 60, 70)]


def test_overlaps_are_neighbours_that_sound_together() -> None:
    a, b, c, d = Note(0, 1, 60), Note(0.9, 2, 64), Note(2, 3, 67), Note(3.5, 4, 60)
    assert overlaps([d, c, b, a]) == [(a, b)]
    assert overlaps([]) == overlaps([a]) == []


def test_monophonic_cuts_at_the_next_onset() -> None:
    long, short, same = Note(0, 3, 60), Note(1, 1.5, 64), Note(1, 2, 67)
    assert monophonic([short, long]) == [Note(0, 1, 60), short]
    # of one onset the higher stays
    assert monophonic([same, short, long]) == [Note(0, 1, 60), same]
    rests = [Note(0, 1, 60), Note(1, 2, 60), Note(3, 4, 64)]
    assert monophonic(rests) == rests
    assert overlaps(monophonic([long, short, same])) == []
