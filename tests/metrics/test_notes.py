"""Notes made by hand, whose matches can be counted on one's fingers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mir_eval import transcription

from bayes_a2m.errors import InputError
from bayes_a2m.metrics import frames as scores
from bayes_a2m.metrics.notes import NoteStatistics, audible, matched
from bayes_a2m.music import Note

C, E, G = 60, 64, 67
SUNG = [Note(0.5, 1.5, C), Note(1.5, 2.0, E), Note(2.5, 3.5, G)]


def f1s(counts, weights=None):
    weights = np.ones((1, len(counts))) if weights is None else weights
    return [float(values[0]) for values in counts.metrics_of(weights).values()]


def test_names_are_of_the_registry():
    got = NoteStatistics.of(SUNG, SUNG, 4.0).metrics_of([[1]])
    assert list(got) == ["note_onset_f1_50ms", "note_onset_f1_100ms", "note_onset_offset_f1"]
    assert set(got) <= set(scores.NAMES)


def test_the_same_notes_match_in_any_order():
    assert f1s(NoteStatistics.of(SUNG, SUNG[::-1], 4.0)) == [1, 1, 1]


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (0.03, [1, 1]),
        (0.05, [1, 1]),
        (-0.05, [1, 1]),
        (0.051, [0, 1]),
        (0.1, [0, 1]),
        (0.101, [0, 0]),
    ],
)
def test_onsets_within_50_and_100_ms_bounds_included(shift, expected):
    heard = [Note(2.0 + shift, 3.0, C)]
    counts = NoteStatistics.of([Note(2.0, 3.0, C)], heard, 4.0)
    assert [float(counts.onset_50ms[0]), float(counts.onset_100ms[0])] == expected


@pytest.mark.parametrize(
    ("duration", "shift", "match"),
    [
        (0.1, 0.05, 1),  # 20 % would be 20 ms, so 50 ms hold
        (0.1, 0.06, 0),
        (1.0, 0.2, 1),  # 20 % of the reference note, bound included
        (1.0, -0.2, 1),
        (1.0, 0.21, 0),
    ],
)
def test_offsets_within_50_ms_or_a_fifth_of_the_reference(duration, shift, match):
    sung, heard = Note(1.0, 1.0 + duration, C), Note(1.0, 1.0 + duration + shift, C)
    counts = NoteStatistics.of([sung], [heard], 4.0)
    assert float(counts.onset_offset[0]) == match
    assert float(counts.onset_50ms[0]) == 1


def test_the_fifth_is_of_the_reference_and_not_of_the_estimate():
    short, long = Note(0.0, 1.0, C), Note(0.0, 1.24, C)  # 0.24: a fifth of 1.24, not of 1.0
    assert matched([short], [long], offsets=True) == 0
    assert matched([long], [short], offsets=True) == 1


def test_an_offset_needs_its_onset_within_50_ms():
    counts = NoteStatistics.of([Note(1.0, 2.0, C)], [Note(1.08, 2.0, C)], 4.0)
    assert (counts.onset_100ms[0], counts.onset_offset[0]) == (1, 0)


@pytest.mark.parametrize("pitch", [59, 61, 48, 72])
def test_a_semitone_or_an_octave_away_is_another_note(pitch):
    assert matched([Note(0.0, 1.0, C)], [Note(0.0, 1.0, pitch)], onset_tolerance=0.1) == 0


def test_a_note_matches_once():
    twice = [Note(1.0, 1.5, C), Note(1.01, 1.5, C)]
    counts = NoteStatistics.of([Note(1.0, 1.5, C)], twice, 4.0)
    assert (counts.reference[0], counts.estimated[0], counts.onset_50ms[0]) == (1, 2, 1)
    assert f1s(counts)[0] == pytest.approx(2 / 3)


def test_as_many_pairs_as_possible_are_made():
    # each for itself, 1.04 would take the nearer 1.05 and leave 1.09 with nothing
    sung = [Note(1.0, 1.5, C), Note(1.05, 1.5, C)]
    heard = [Note(1.04, 1.5, C), Note(1.09, 1.5, C)]
    assert matched(sung, heard) == 2


def test_f1_by_hand():
    # C is right; E is 80 ms late with its end right; G is missed; two are made up
    heard = [Note(0.5, 1.5, C), Note(1.58, 2.0, E), Note(2.2, 2.4, C), Note(3.7, 3.9, G)]
    expected = [2 * 1 / 7, 2 * 2 / 7, 2 * 1 / 7]
    assert f1s(NoteStatistics.of(SUNG, heard, 4.0)) == pytest.approx(expected)


def test_empty_lists():
    nothing, missed, made_up = (
        NoteStatistics.of([], [], 4.0),
        NoteStatistics.of(SUNG, [], 4.0),
        NoteStatistics.of([], SUNG, 4.0),
    )
    assert np.isnan(f1s(nothing)).all()
    assert f1s(missed) == f1s(made_up) == [0, 0, 0]
    # a silent file with nothing heard does no harm; a made-up note in it does
    right = NoteStatistics.of(SUNG, SUNG, 4.0)
    assert f1s(NoteStatistics.stack([right, nothing])) == [1, 1, 1]
    assert f1s(NoteStatistics.stack([right, made_up])) == pytest.approx([2 * 3 / 9] * 3)


def test_crumbs_are_left_out_of_the_reference_only():
    crumbs = [Note(3.97, 5.0, E), Note(-1.0, 0.03, G), Note(5.0, 6.0, C), Note(2.0, 2.04, C)]
    assert audible([*crumbs, SUNG[0]], 4.0) == [SUNG[0]]
    counts = NoteStatistics.of([*crumbs, SUNG[0]], [SUNG[0]], 4.0)
    assert f1s(counts) == [1, 1, 1]
    # an estimate where the crumb was is counted and matches nothing
    counts = NoteStatistics.of([Note(3.97, 5.0, E)], [Note(3.97, 4.0, E)], 4.0)
    assert (counts.reference[0], counts.estimated[0], counts.onset_50ms[0]) == (0, 1, 0)


def test_exactly_50_ms_inside_are_kept():
    assert 4.0 - 3.95 < 0.05  # in floats
    assert len(audible([Note(3.95, 6.0, C)], 4.0)) == 1
    assert len(audible([Note(3.951, 6.0, C)], 4.0)) == 0


def test_references_are_cut_to_the_clip():
    # it sounds until 9 s, but the clip ends at 4: an estimate that ends there is right
    assert f1s(NoteStatistics.of([Note(2.0, 9.0, C)], [Note(2.0, 4.0, C)], 4.0)) == [1, 1, 1]


def test_pooling_weighs_notes_and_not_files():
    one = NoteStatistics.of(SUNG, SUNG, 4.0)  # 3 of 3
    two = NoteStatistics.of([Note(1.0, 2.0, C)], [Note(3.0, 3.5, C)], 4.0)  # 0 of 1
    both = NoteStatistics.stack([one, two])
    assert len(both) == 2
    assert f1s(both) == pytest.approx([6 / 8] * 3)  # files would say 0.5
    weights = [[2, 0], [0, 2], [1, 3]]
    expected = [1, 0, 6 / 12]
    assert both.metrics_of(weights)["note_onset_f1_50ms"] == pytest.approx(expected)
    assert f1s(both.select([1])) == [0, 0, 0]
    with pytest.raises(InputError, match="2 recordings"):
        both.metrics_of([[1, 1, 1]])


notes = st.lists(
    st.builds(
        lambda onset, length, pitch: Note(onset / 100, (onset + length) / 100, pitch),
        st.integers(0, 350),
        st.integers(6, 50),
        st.sampled_from([C, C + 1, E]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=50, deadline=None)
@given(notes, notes)
def test_one_file_scores_as_mir_eval_does(sung, heard):
    def arrays(these):
        spans = np.array([(n.onset, n.offset) for n in these])
        return spans, np.array([440 * 2 ** ((n.pitch - 69) / 12) for n in these])

    expected = [
        transcription.precision_recall_f1_overlap(
            *arrays(sung), *arrays(heard), onset_tolerance=onset, offset_ratio=ratio
        )[2]
        for onset, ratio in ((0.05, None), (0.1, None), (0.05, 0.2))
    ]
    assert f1s(NoteStatistics.of(sung, heard, 5.0)) == pytest.approx(expected)
