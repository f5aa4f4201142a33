"""Recordings whose labels are wrong in known ways are found, and the way is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.label_audit.segments import CAP, capped_log_probs, excess_surprisal, find_segments
from bayes_a2m.label_audit.suspects import OutOfFoldPrediction, Suspect, suspects
from bayes_a2m.music import Vocabulary
from tests.label_audit.labels import GRID, log_probs, melody, moved

VOCABULARY = Vocabulary()
PLAIN = np.repeat([0, 1, 0, 2, 0, 3, 0], [80, 100, 60, 100, 60, 100, 166])


def prediction(
    name: str, sound: np.ndarray, labels: np.ndarray, sure: float = 0.97
) -> OutOfFoldPrediction:
    probs = np.exp(log_probs(sound, np.random.default_rng(int(name)), sure))
    draws = np.array(
        [excess_surprisal(capped_log_probs(probs), labels).sum() + d for d in (-5.0, 0.0, 5.0)]
    )
    return OutOfFoldPrediction(name, probs, sound, labels, draws)


def crowd(count: int = 20) -> list[OutOfFoldPrediction]:
    """Recordings whose boundaries are a little off and that are right otherwise."""
    generator = np.random.default_rng(0)
    made = []
    for i in range(count):
        labels = melody(generator)
        made.append(prediction(str(100 + i), moved(labels, 0.0, generator, 0.02), labels))
    return made


def first(labels: np.ndarray, sound: np.ndarray = PLAIN, **changes: object) -> Suspect:
    one = replace(prediction("7", sound, labels), **changes)
    return suspects([*crowd(), one], GRID, VOCABULARY)[0]


def labels_with(start: int, end: int, klass: int) -> np.ndarray:
    labels = PLAIN.copy()
    labels[start:end] = klass
    return labels


@pytest.mark.parametrize(
    ("labels", "cause"),
    [
        (labels_with(240, 340, 1), "wrong pitch"),
        (labels_with(240, 340, 0), "missing note"),
        (labels_with(520, 600, 2), "extra note"),
        (np.roll(PLAIN, 25), "lag"),
        (melody(np.random.default_rng(9)), "mismatched MIDI"),
    ],
)
def test_each_way_is_found_first_and_named(labels: np.ndarray, cause: str) -> None:
    found = first(labels)
    assert found.id == "7"
    assert found.cause == cause
    assert found.low < found.score < found.high


def test_a_long_note_that_is_not_labelled_is_no_alien() -> None:
    sound = np.repeat([0, 1, 0], [100, 400, 166])
    assert first(np.zeros_like(sound), sound).cause == "missing note"


def test_an_octave_is_told_from_another_pitch() -> None:
    vocabulary = Vocabulary((60, 64, 72))
    one = prediction("7", PLAIN, labels_with(400, 500, 1))
    assert suspects([one], GRID, vocabulary)[0].cause == "octave"


def test_notes_outside_the_vocabulary_come_first() -> None:
    assert first(PLAIN, outside=(12, 12)).cause == "octave"
    assert first(PLAIN, outside=(1,)).cause == "wrong pitch"


def test_the_owner_of_an_alien_is_named() -> None:
    one, two = (
        prediction("1", PLAIN, melody(np.random.default_rng(9))),
        prediction("2", PLAIN, PLAIN),
    )
    found = suspects([*crowd(), one, two], GRID, VOCABULARY)[0]
    assert found.id == "1"
    assert "the labels of 2 fit it" in found.words


def test_the_sound_is_doubted_where_the_model_is_unsure() -> None:
    generator = np.random.default_rng(1)
    probs = np.exp(log_probs(PLAIN, generator, 0.4))
    labels = labels_with(80, 500, 0)
    assert first(labels, probs=probs).cause == "doubtful audio"
    assert first(labels_with(240, 340, 1), level=-75.0).words == "hardly any sound: -75 dB"


def test_the_lag_is_said_with_its_sign() -> None:
    late, early = first(np.roll(PLAIN, 25)), first(np.roll(PLAIN, -25))
    assert late.words == "all labels fit 150 ms earlier"
    assert early.words == "all labels fit 150 ms later"
    assert late.shift == pytest.approx(-0.15)


def test_clean_recordings_have_nothing() -> None:
    found = suspects(crowd(), GRID, VOCABULARY)
    assert {s.cause for s in found} <= {"nothing", "timing"}
    assert max(s.score for s in found) < 100


def test_surprise_is_zero_on_average_where_labels_follow_the_model() -> None:
    generator = np.random.default_rng(2)
    probs = generator.dirichlet(np.ones(4), 40_000)
    labels = (probs.cumsum(axis=1) < generator.random((40_000, 1))).sum(axis=1)
    assert abs(excess_surprisal(np.log(probs), labels).mean()) < 0.02


def test_one_frame_counts_for_so_much_and_no_more() -> None:
    bounded = capped_log_probs(np.array([[1.0, 0.0]]))
    assert bounded[0, 0] - bounded[0, 1] == CAP


def test_stretches_have_times_evidence_and_kind() -> None:
    labels, predicted = np.zeros(200, dtype=np.int64), np.zeros(200, dtype=np.int64)
    predicted[50:100] = 2
    probs = np.full((200, 4), 0.01)
    probs[np.arange(200), predicted] = 0.97
    (found,) = find_segments(probs, predicted, labels, GRID, VOCABULARY)
    assert (found.start, found.end) == (0.3, 0.6)
    assert (found.label, found.predicted, found.kind) == (0, 2, "missing note")
    assert found.log_ratio == pytest.approx(50 * np.log(97))


def test_a_note_that_ends_late_is_timing_and_counts_half() -> None:
    labels, predicted = (np.repeat([0, 1, 0], [50, n, 150 - n]) for n in (60, 80))
    probs = np.full((200, 4), 0.01)
    probs[np.arange(200), predicted] = 0.97
    (found,) = find_segments(probs, predicted, labels, GRID, VOCABULARY)
    assert found.kind == "timing"
    assert found.weight == found.log_ratio / 2


def test_the_order_of_recordings_does_not_matter() -> None:
    made = [*crowd(8), prediction("7", PLAIN, np.roll(PLAIN, 25))]
    assert suspects(made, GRID, VOCABULARY) == suspects(made[::-1], GRID, VOCABULARY)
