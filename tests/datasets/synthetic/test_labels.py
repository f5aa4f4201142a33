from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bayes_a2m.datasets.synthetic.labels import exact_labels, imperfect
from bayes_a2m.datasets.synthetic.score import draw_score
from bayes_a2m.music import Note
from bayes_a2m.music.notes import overlaps
from tests.datasets.synthetic.plain import STEADY, note


def test_labels_are_the_notes_sung_inside_the_recording() -> None:
    sung = [note(-0.5, 0.5, 60), note(1, 2, 64), note(2.2, 2.8, 62, labelled=False), note(3, 5, 67)]
    got = [(n.onset, n.offset, n.pitch) for n in exact_labels(sung, 4.0)]
    assert got == [(0.0, 0.5, 60), (1, 2, 64), (3, 4.0, 67)]


def test_lag_moves_every_edge_by_itself() -> None:
    labels = [Note(0.5, 1.0, 60), Note(1.5, 2.0, 64)]
    moved = imperfect(np.random.default_rng(0), labels, 4.0, lag=0.04)
    assert [(n.onset, n.offset) for n in moved] == [(0.54, 1.04), (1.54, 2.04)]


def test_jitter_has_the_deviation_asked_for() -> None:
    generator = np.random.default_rng(0)
    labels = [Note(k + 0.2, k + 0.8, 60) for k in range(2000)]
    moved = imperfect(generator, labels, 2001.0, jitter=0.03)
    onsets = [b.onset - a.onset for a, b in zip(labels, moved, strict=True)]
    offsets = [b.offset - a.offset for a, b in zip(labels, moved, strict=True)]
    assert np.std(onsets) == pytest.approx(0.03, rel=0.1)
    assert np.std(offsets) == pytest.approx(0.03, rel=0.1)
    assert abs(np.corrcoef(onsets, offsets)[0, 1]) < 0.1


def test_jittered_labels_neither_overlap_nor_leave_the_recording() -> None:
    labels = [Note(0.2 * k, 0.2 * k + 0.2, 60 + k % 3) for k in range(20)]
    for seed in range(50):
        moved = imperfect(np.random.default_rng(seed), labels, 4.0, jitter=0.1)
        assert not overlaps(moved)
        assert all(0 <= n.onset < n.offset <= 4.0 for n in moved)


def test_notes_outside_the_vocabulary_are_as_many_as_asked_and_have_no_label() -> None:
    score = draw_score(
        np.random.default_rng(0), STEADY, (60, 64, 67), 2000.0, out_of_vocabulary=0.3
    )
    outside = [n for n in score if not n.labelled]
    assert len(outside) / len(score) == pytest.approx(0.3, abs=0.05)
    assert not {n.pitch for n in outside} & {60, 64, 67}
    assert {n.pitch for n in score if n.labelled} == {60, 64, 67}


def test_a_line_does_not_overlap_and_repeats_stop_for_a_moment() -> None:
    score = draw_score(np.random.default_rng(1), STEADY, (60,), 300.0)
    for before, after in pairwise(score):
        assert after.onset > before.offset
