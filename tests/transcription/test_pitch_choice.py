"""Pitches and a key that are known beforehand: masks, and a prior that counts once a note."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bayes_a2m as a2m
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.point import Point
from bayes_a2m.transcription import transcription_of
from bayes_a2m.transcription.pitch_choice import PitchChoice
from tests.cli.command import refused, run

WHOLE = Vocabulary(tuple(range(36, 85)))
LABELS = [np.array([0, 0, 1, 1, 1, 0, 2, 2, 0, 3, 3, 0, 1, 1, 2, 2, 0])]


def test_nothing_known_is_no_choice() -> None:
    assert PitchChoice.of() is None


def test_names_and_numbers() -> None:
    for given in ("C4, E4,G4", ["C4", 64, "67"], (67, 60, 64)):
        choice = PitchChoice.of(given)
        assert choice is not None
        assert choice.vocabulary(WHOLE).pitches == (60, 64, 67)
    names = PitchChoice.of("C3")
    assert names is not None
    assert names.vocabulary(Vocabulary(WHOLE.pitches, middle_c="C3")).pitches == (60,)


def test_lowest_and_highest_cut_what_is_named() -> None:
    between = PitchChoice.of(lowest="C4", highest=62)
    assert between is not None
    assert between.vocabulary(WHOLE).pitches == (60, 61, 62)
    both = PitchChoice.of("C4,E4,G4", lowest="D4")
    assert both is not None
    assert both.vocabulary(WHOLE).pitches == (64, 67)


def test_what_is_wrong_is_told_in_a_line() -> None:
    for values, words in (
        ({"pitches": "H4"}, "'H4' is no pitch"),
        ({"pitches": "C4,C9"}, "C9 .*is not among the pitches of the model, C2 to C6"),
        ({"lowest": "E4", "highest": "C4"}, "no pitch is left between E4 and C4"),
    ):
        choice = PitchChoice.of(**values)
        assert choice is not None
        with pytest.raises(InputError, match=words):
            choice.vocabulary(WHOLE)
    with pytest.raises(InputError, match="names none"):
        PitchChoice.of(" , ")


def test_a_key_moves_the_first_pitch_of_a_note_alone() -> None:
    counted = Decoder.from_labels(LABELS, 4)
    moved = counted.with_pitch_weights([4.0, 1.0, 1.0])
    before, after = np.array(counted.transitions), np.array(moved.transitions)
    np.testing.assert_allclose(after[:, 0], before[:, 0])
    np.testing.assert_allclose(np.diag(after), np.diag(before))
    # from silence the three pitches share what they had, the first at four times the odds
    np.testing.assert_allclose(after[0, 1] / after[0, 2], 4 * before[0, 1] / before[0, 2])
    np.testing.assert_allclose(after.sum(axis=1), 1)

    model = NoteModel.from_labels(LABELS, 4)
    other = model.with_pitch_weights([4.0, 1.0, 1.0])
    expected = np.array(model.segments.popularity) * [4.0, 1.0, 1.0]
    np.testing.assert_allclose(other.segments.popularity, expected / expected.sum())
    assert other.segments.first[0] == pytest.approx(model.segments.first[0])
    with pytest.raises(InputError, match="positive weight"):
        model.with_pitch_weights([1.0, 0.0, 1.0])


def test_a_restricted_decoder_keeps_ratios() -> None:
    counted = Decoder.from_labels(LABELS, 4)
    some = counted.restricted([0, 1, 3])
    assert some.transitions[0][1] / some.transitions[0][2] == pytest.approx(
        counted.transitions[0][1] / counted.transitions[0][3]
    )
    assert sum(some.prior) == pytest.approx(1)


@pytest.mark.long
def test_a_model_says_only_what_can_be(tiny_point: Point, tiny_data: a2m.Dataset) -> None:
    recording = tiny_data.split("validation")[0]
    whole, free = transcription_of(tiny_point, recording, draws=1)
    choice = PitchChoice.of("C4,E4", key="C major")
    posterior, chosen = transcription_of(tiny_point, recording, draws=1, choice=choice)
    assert posterior.vocabulary.pitches == (60, 64)
    assert {note.pitch for note in chosen.notes} <= {60, 64}
    probs = whole.mean()[..., :3]
    silence = probs[..., 0] / probs.sum(axis=-1)
    np.testing.assert_allclose(posterior.mean()[..., 0], silence, atol=1e-5)
    # all pitches and no key change nothing
    same = transcription_of(tiny_point, recording, draws=1, choice=PitchChoice.of("60,64,67"))[1]
    assert same.notes == free.notes


@pytest.mark.long
def test_the_command_line(tiny_model: Path, tiny_folder: Path, tmp_path: Path) -> None:
    song = tiny_folder / "voice_001.wav"
    out = tmp_path / "out"
    arguments = ("transcribe", song, "-m", tiny_model, "-o", out, "--format", "json")
    run(*arguments, "--pitches", "C4,E4", "--key", "C major")
    written = json.loads((out / "voice_001.json").read_text())
    assert written["pitches"] == [60, 64]
    assert written["key"] == "C major"
    assert {note["name"] for note in written["notes"]} <= {"C4", "E4"}
    found = a2m.transcribe(song, tiny_model, pitches="C4,E4", key="C major")
    assert [round(note.onset, 6) for note in found.notes] == [
        note["onset"] for note in written["notes"]
    ]
    assert "D4" in refused(*arguments, "--force", "--pitches", "C4,D4")
    assert "such as 'C major'" in refused(*arguments, "--force", "--key", "C blue")
