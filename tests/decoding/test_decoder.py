"""From posteriors to notes: counted transitions, a path, repairs, and their settings."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, Vocabulary
from bayes_a2m.music.notes import to_labels
from bayes_a2m.prediction.posterior import FramePosterior

GRID, VOCABULARY = FrameGrid(), Vocabulary()
FRAMES = 666

MELODY = [Note(0.3, 0.9, 60), Note(0.9, 1.5, 64), Note(1.8, 2.7, 67), Note(3.0, 3.6, 60)]


def labels_of(notes: list[Note], frames: int = FRAMES) -> NDArray[np.int64]:
    return to_labels(notes, GRID, frames, VOCABULARY)


def sure_of(labels: NDArray[np.int64], probability: float = 0.97) -> NDArray[np.float64]:
    """Probabilities (frame, class): so sure of the label, the rest shared."""
    probs = np.full((len(labels), 4), (1 - probability) / 3)
    probs[np.arange(len(labels)), labels] = probability
    return probs


def posterior_of(*probs: NDArray[np.float64]) -> FramePosterior:
    return FramePosterior.from_probs(list(probs))


def decoder() -> Decoder:
    return Decoder.from_labels([labels_of(MELODY)], 4)


def test_transitions_are_counted_as_by_hand() -> None:
    labels = [np.array([0, 0, 1, 1, 1, 0]), np.array([1, 2]), np.array([2])]
    counted = Decoder.from_labels(labels, 3)
    # 0->0 once, 0->1 once, 1->1 twice, 1->0 once, 1->2 once; every count starts at one half
    np.testing.assert_allclose(
        counted.transitions,
        [[1.5 / 3.5, 1.5 / 3.5, 0.5 / 3.5], [1.5 / 5.5, 2.5 / 5.5, 1.5 / 5.5], [1 / 3] * 3],
    )
    np.testing.assert_allclose(counted.initial, np.array([1.5, 1.5, 1.5]) / 4.5)
    np.testing.assert_allclose(counted.prior, np.array([3.5, 4.5, 2.5]) / 10.5)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(VOCABULARY.pitches), st.integers(25, 60), st.integers(25, 60)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([1.0, 0.3]),
)
def test_clean_posteriors_give_the_notes_back(
    plan: list[tuple[int, int, int]], weight: float
) -> None:
    notes, now = [], 10
    for pitch, rest, length in plan:
        start, end = now + rest, now + rest + length
        notes.append(Note(GRID.seconds(start), GRID.seconds(end), pitch))
        now = end
    labels = labels_of(notes, now + 30)
    fitted = replace(Decoder.from_labels([labels], 4), weight=weight)
    found = fitted.decode(posterior_of(sure_of(labels)))[0]
    assert list(found.notes) == notes
    assert found.frame_probabilities == pytest.approx([0.97] * len(notes), rel=1e-4)


def test_flicker_is_smoothed_away() -> None:
    labels = labels_of(MELODY)
    probs = sure_of(labels, 0.7)
    wrong = np.random.default_rng(0).choice(FRAMES, 40, replace=False)
    probs[wrong] = sure_of((labels[wrong] + 1) % 4, 0.6)
    found = decoder().decode(posterior_of(probs))[0].notes
    assert [n.pitch for n in found] == [n.pitch for n in MELODY]
    for note, sung in zip(found, MELODY, strict=True):
        assert note.onset == pytest.approx(sung.onset, abs=0.03)
        assert note.offset == pytest.approx(sung.offset, abs=0.03)


def test_repeated_evidence_counts_once_with_a_smaller_weight() -> None:
    """A doubtful stretch of 60 ms: frame by frame it adds up to a note, as one it does not."""
    labels = labels_of([Note(1.0, 2.0, 60)])
    probs = sure_of(labels)
    doubtful = slice(GRID.frame(1.5), GRID.frame(1.56))
    probs[doubtful] = [0.02, 0.16, 0.8, 0.02]
    fitted = Decoder.from_labels([labels_of(MELODY)], 4)
    pitches = {
        weight: [
            n.pitch for n in replace(fitted, weight=weight).decode(posterior_of(probs))[0].notes
        ]
        for weight in (1.0, 0.3)
    }
    assert pitches == {1.0: [60, 64, 60], 0.3: [60]}


def test_the_prior_may_be_taken_out() -> None:
    """A class that was rare in training wins where the evidence is even."""
    labels = np.repeat([0, 1], [950, 50])
    fitted = replace(Decoder.from_labels([labels], 4), weight=1.0)
    probs = np.tile([0.6, 0.38, 0.01, 0.01], (FRAMES, 1))
    assert not fitted.decode(posterior_of(probs))[0].notes
    found = replace(fitted, prior_power=0.5).decode(posterior_of(probs))[0].notes
    assert [n.pitch for n in found] == [60]


def test_gaps_are_closed_and_crumbs_dropped() -> None:
    notes = [Note(0.5, 1.0, 60), Note(1.03, 1.5, 60), Note(2.0, 2.03, 64)]
    fitted = replace(decoder(), weight=1.0)
    post = posterior_of(sure_of(labels_of(notes), 1 - 1e-9))
    found = fitted.decode(post)[0].notes
    assert [(n.pitch, GRID.span(n.onset, n.offset)) for n in found] == [
        (60, GRID.span(0.5, 1.5)),
    ]
    plain = replace(fitted, shortest_note=0.0, longest_gap=0.0).decode(post)[0]
    assert len(plain.notes) == 3


def test_padding_is_not_decoded_and_recordings_do_not_mix() -> None:
    long, short = labels_of(MELODY), labels_of([Note(0.1, 0.5, 64)], 100)
    together = decoder().decode(posterior_of(sure_of(short), sure_of(long)))
    assert len(together) == 2
    assert together[0].notes == decoder().decode(posterior_of(sure_of(short)))[0].notes
    assert together[1].notes == decoder().decode(posterior_of(sure_of(long)))[0].notes
    assert [n.pitch for n in together[0].notes] == [64]


def test_silence_has_no_notes() -> None:
    silent = decoder().decode(posterior_of(sure_of(np.zeros(FRAMES, dtype=np.int64))))[0]
    assert not silent.notes
    assert not silent.frame_probabilities


def test_a_notes_probability_is_the_mean_of_its_frames() -> None:
    labels = labels_of([Note(1.0, 2.0, 60)])
    probs = sure_of(labels, 0.9)
    start, end = GRID.span(1.0, 2.0)
    probs[start : start + 50] = sure_of(labels[start : start + 50], 0.6)
    found = decoder().decode(posterior_of(probs))[0]
    expected = (50 * 0.6 + (end - start - 50) * 0.9) / (end - start)
    assert found.frame_probabilities == pytest.approx([expected], rel=1e-4)


def test_tuning_finds_settings_that_score_better() -> None:
    """Fast notes of 36 ms with rests of 36 ms: the usual repairs would eat all of them."""
    times = np.arange(0.2, 3.7, 0.072)
    fast = [Note(float(t), float(t) + 0.036, 60 + 4 * (i % 2)) for i, t in enumerate(times)]
    # notes with less than 50 ms in the clip are no reference: tell of longer ones
    references = [replace(n, offset=n.onset + 0.06) for n in fast]
    labels = labels_of(fast)
    fitted = Decoder.from_labels([labels], 4)
    post = posterior_of(sure_of(labels))
    tuned = fitted.tuned(post, [references])
    assert len(fitted.decode(post)[0].notes) == 0
    assert len(tuned.decode(post)[0].notes) == len(fast)
    assert tuned.shortest_note == 0.03
    assert (tuned.transitions, tuned.initial, tuned.prior) == (
        fitted.transitions,
        fitted.initial,
        fitted.prior,
    )


def test_tuning_weighs_evidence_less_where_it_flickers() -> None:
    generator = np.random.default_rng(1)
    labels = labels_of(MELODY)
    probs = sure_of(labels, 0.9)
    for start in generator.integers(0, FRAMES - 12, 12):
        stretch = slice(start, start + 12)
        probs[stretch] = sure_of((labels[stretch] + 1) % 4, 0.7)
    post = posterior_of(probs)
    plain = replace(decoder(), weight=1.0)
    tuned = plain.tuned(post, [MELODY])
    assert tuned.weight < 1
    assert len(tuned.decode(post)[0].notes) < len(plain.decode(post)[0].notes)


def test_ties_go_to_what_changes_least_and_nothing_changes_without_references() -> None:
    post = posterior_of(sure_of(labels_of(MELODY)))
    tuned = decoder().tuned(post, [MELODY])
    assert (tuned.weight, tuned.prior_power) == (1.0, 0.0)
    assert (tuned.shortest_note, tuned.longest_gap) == (0.05, 0.05)
    assert decoder().tuned(post, [[]]) == decoder()


def test_survives_json() -> None:
    fitted = replace(decoder(), weight=0.1, prior_power=0.5, shortest_note=0.03, longest_gap=0.1)
    values = json.loads(json.dumps(fitted.to_dict()))
    assert values["method"] == "viterbi"
    assert Decoder.from_dict(values) == fitted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wieght": 1.0}, "wieght"),
        ({"method": "hsmm"}, "lacks, 'hsmm'"),
        ({"prior": [0.5, 0.5]}, "unlike sizes"),
        ({"transitions": [[1.0, 0.0]] * 4}, "unlike sizes"),
        ({"initial": ["x", 0, 0, 0]}, "could not convert"),
        ({"transitions": 3}, "not iterable"),
    ],
)
def test_wrong_files_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=rf"decoder\.json: .*{message}"):
        Decoder.from_dict(decoder().to_dict() | changes)


def test_files_that_lack_something_are_refused() -> None:
    values: Any
    for values in ({}, {"prior": [1.0]}, ["viterbi"], 3):
        with pytest.raises(InputError, match=r"decoder\.json: "):
            Decoder.from_dict(values)


def test_another_number_of_classes_is_refused() -> None:
    post = FramePosterior.from_probs([[[0.5, 0.5]]], vocabulary=Vocabulary((60,)))
    with pytest.raises(InputError, match="knows 4 classes, the posterior 2"):
        decoder().decode(post)
