"""Accepting notes: what is promised, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.calibration.note_acceptance import note_threshold
from bayes_a2m.calibration.selective import AcceptStatistics, accept
from bayes_a2m.errors import InputError


def counted(recordings: int, notes: int, seed: int = 0, floor: float = 0.5) -> AcceptStatistics:
    """Recordings whose notes are right as often as they say."""
    generator = np.random.default_rng(seed)
    parts = []
    for _ in range(recordings):
        p = generator.choice([floor, 0.995], notes, p=[0.3, 0.7])
        parts.append(AcceptStatistics.of_outcomes(p, generator.random(notes) < p))
    return AcceptStatistics.stack(parts)


def test_enough_notes_get_a_threshold_and_a_promise() -> None:
    found = note_threshold(counted(60, 10), 0.05)
    assert found.promised
    assert 0.5 < found.threshold <= 0.995
    assert "with 0.9 confidence at most 0.05 of the accepted notes are wrong" in found.words


def test_the_promise_is_kept() -> None:
    kept = 0
    for seed in range(40):
        found = note_threshold(counted(40, 5, seed), 0.05)
        new = counted(400, 5, 1000 + seed)
        reached = new.accepted[:, int(np.searchsorted(_grid(), found.threshold - 1e-12))].sum()
        wrong = new.wrong[:, int(np.searchsorted(_grid(), found.threshold - 1e-12))].sum()
        kept += not found.promised or wrong <= 0.05 * reached
    assert kept >= 36


def _grid() -> np.ndarray:
    from bayes_a2m.calibration.selective import thresholds

    return thresholds()


def test_few_notes_promise_nothing() -> None:
    found = note_threshold(counted(10, 3), 0.05)
    assert not found.promised
    assert found.words.startswith("nothing is promised")


def test_where_every_note_passes_their_own_probability_marks_them() -> None:
    found = note_threshold(counted(60, 10, floor=0.99), 0.05)
    assert not found.promised
    assert found.threshold == pytest.approx(0.95)
    assert "none is promised to help" in found.words


def test_a_wrong_note_among_the_surest_does_not_hide_that_nearly_all_are_right() -> None:
    """From the strictest threshold down the first test fails; all notes together pass."""
    said = [0.99995, 0.97, 0.97, 0.97]
    right = [AcceptStatistics.of_outcomes(said, [True] * 4)] * 30
    wrong = AcceptStatistics.of_outcomes(said, [False, True, True, True])
    counts = AcceptStatistics.stack([*right, wrong])
    assert accept(counts, 0.05, confidence=0.92, resamples=1).threshold > 1
    found = note_threshold(counts, 0.05)
    assert found.threshold == pytest.approx(0.95)
    assert "all notes of the held-out recordings together" in found.words


def test_that_all_may_be_accepted_is_rarely_said_where_they_may_not() -> None:
    generator = np.random.default_rng(3)
    said = 0
    for _ in range(300):
        parts = [
            AcceptStatistics.of_outcomes([0.99] * 4, generator.random(4) > 0.06) for _ in range(40)
        ]
        counts = AcceptStatistics.stack(parts)
        said += "held-out recordings together" in note_threshold(counts, 0.05).words
    assert said <= 300 * 0.02 + 3 * np.sqrt(300 * 0.02 * 0.98)


def test_where_nothing_passes_their_own_probability_marks_them() -> None:
    wrong = AcceptStatistics.stack([AcceptStatistics.of_outcomes([0.9] * 5, [False] * 5)] * 9)
    found = note_threshold(wrong, 0.05)
    assert (found.promised, found.threshold) == (False, 0.95)
    assert "no threshold keeps an error of 0.05" in found.words


def test_no_notes_at_all() -> None:
    assert not note_threshold(None, 0.1).promised
    assert note_threshold(None, 0.1).threshold == 0.9


@pytest.mark.parametrize("error", [0.0, 1.0, -0.1])
def test_a_share_out_of_range_is_refused(error: float) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        note_threshold(None, error)
