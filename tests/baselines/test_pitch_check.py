"""Voices at other pitches than a vocabulary's are told; those at its pitches are not."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bayes_a2m.baselines.pitch_check import HOP_SECONDS, PitchCheck, check_pitches
from bayes_a2m.datasets.synthetic.settings import SynthesisSettings
from bayes_a2m.datasets.synthetic.synthesis import synthesise
from bayes_a2m.decoding.transcription import Transcription
from bayes_a2m.music import Note, Vocabulary
from tests import tiny
from tests.cli.command import run

KNOWN = Vocabulary((60, 64, 67))


def voice(pitches: tuple[int, ...], index: int = 0, **settings: int) -> np.ndarray:
    made = synthesise(
        SynthesisSettings(
            recordings=4, pitches=pitches, conditions=("studio",), seed=5, seconds=3, **settings
        ),
        index,
    )
    return made.recording.audio(16000)


@pytest.mark.parametrize("index", [0, 1])
def test_a_voice_at_other_pitches_is_told(index: int) -> None:
    check = check_pitches(voice((62, 65, 69), index), 16000, KNOWN)
    assert check.share is not None
    assert check.share > 0.7
    (told,) = check.differences()
    assert "of its sounding frames lie at other pitches than C4, E4, G4 (mostly " in told
    named = told.split("(mostly ")[1].split(")")[0].split(" and ")
    assert named[0] in {"D", "F", "A"}  # singers are out of tune, too


@pytest.mark.parametrize("offset", [0, -12])
def test_a_voice_at_the_known_pitches_is_not_whatever_its_octave(offset: int) -> None:
    for index in (0, 1):
        check = check_pitches(voice((60, 64, 67), index, sounding_offset=offset), 16000, KNOWN)
        assert check.share is not None
        assert check.share < 0.25
        assert check.differences() == []


def sung(pitch: float, seconds: float = 0.5) -> np.ndarray:
    """Six harmonics of a MIDI pitch, which may lie between two."""
    time = np.arange(round(seconds * 16000)) / 16000
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    return sum(0.2 / h * np.sin(2 * np.pi * h * hertz * time) for h in range(1, 7))


def noise(seconds: float, level: float) -> np.ndarray:
    return level * np.random.default_rng(0).standard_normal(round(seconds * 16000))


def test_a_single_note_elsewhere_is_found_where_it_is() -> None:
    rest = noise(0.25, 1e-4)
    sound = np.concatenate([rest, sung(60), rest, sung(62), rest, sung(67), rest])
    check = check_pitches(sound.astype(np.float32), 16000, KNOWN)
    notes = [Note(0.25, 0.75, 60), Note(1.0, 1.5, 60), Note(1.75, 2.25, 67)]
    shares = [check.of_note(note) for note in notes]
    assert max(shares[0], shares[2]) < 0.15
    assert shares[1] > 0.85
    assert check.share == pytest.approx(1 / 3, abs=0.05)
    assert check.elsewhere.sum(axis=0).argmax() == 2  # D
    marked = Transcription("a", tuple(notes), (1.0,) * 3, KNOWN, other_pitch=tuple(shares))
    assert marked.doubtful == (False, True, False)
    rows = list(csv.DictReader(marked.to_csv().splitlines()))
    assert [row["doubtful"] for row in rows] == ["0", "1", "0"]
    assert float(rows[1]["other_pitch_share"]) > 0.85


@pytest.mark.parametrize(("pitch", "elsewhere"), [(60.45, False), (61.0, True), (59.0, True)])
def test_out_of_tune_is_not_elsewhere(pitch: float, elsewhere: bool) -> None:
    check = check_pitches(sung(pitch, 1.0).astype(np.float32), 16000, KNOWN)
    assert check.share is not None
    assert (check.share > 0.5) == elsewhere


def test_nothing_is_said_of_silence_and_noise() -> None:
    for sound in (np.zeros(16000), noise(1.0, 0.1), np.zeros(10)):
        check = check_pitches(sound.astype(np.float32), 16000, KNOWN)
        assert check.differences() == []
        assert check.of_note(Note(0.0, 0.5, 60)) <= 1.0


def test_shares_are_those_of_what_sounds() -> None:
    sounding = np.array([1.0, 1.0, 0.0, 0.5] * 25)
    elsewhere = np.zeros((100, 12))
    elsewhere[:, 2] = 0.5 * sounding
    check = PitchCheck(KNOWN, sounding, elsewhere)
    assert check.share == pytest.approx(0.5)
    assert check.of_note(Note(0.0, 100 * HOP_SECONDS, 60)) == pytest.approx(0.5)
    assert check.of_note(Note(2.0, 3.0, 60)) == 0.0
    assert PitchCheck(KNOWN, np.zeros(100), np.zeros((100, 12))).share is None


def test_transcribe_and_evaluate_look_where_they_are_asked_to(
    tiny_model: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    generator = np.random.default_rng(1)
    notes = [Note(0.2, 0.7, 62), Note(0.9, 1.4, 65), Note(1.6, 2.1, 69)]
    path = tmp_path / "other.wav"
    soundfile.write(path, tiny.tone(notes, 2.4, generator), 16000)
    command = ("transcribe", tiny_model, path, "-o", tmp_path / "notes", "--format", "csv")
    asked = run(*command)  # by the model that ships; evaluate asks pYIN
    assert asked.returncode == 0, asked.stderr
    assert "lie at other pitches than C4, E4, G4 (mostly " in asked.stderr
    assert "every note is doubtful" in asked.stderr
    with (tmp_path / "notes" / "other.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["doubtful"] for row in rows} == {"1"}
    assert min(float(row["other_pitch_share"]) for row in rows) > 0.5
    assert "other pitches" not in run(*command, "--force", "--no-check-pitches").stderr
    validation = ("--data", tiny_folder, "--split", "validation", "--check-pitches")
    usual = run("evaluate", tiny_model, *validation)
    assert usual.returncode == 0, usual.stderr
    assert "other pitches" not in usual.stderr
