"""The files of a transcription: what goes into them comes out of them again."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.decoding.transcription import Transcription
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note, Vocabulary, jams, midi
from bayes_a2m.music.scored_notes import read_table
from bayes_a2m.posteriors.point import Point
from bayes_a2m.transcription import (
    FORMATS,
    FileSettings,
    TranscribedRecording,
    file_names,
    transcription_of,
    write_files,
)
from bayes_a2m.transcription.json_lines import json_lines
from bayes_a2m.transcription.summary import doubtful_words, forecast_words


@pytest.fixture(scope="module")
def one(tiny_point: Point, tiny_data: Dataset) -> TranscribedRecording:
    recording = tiny_data.split("validation")[0]
    posterior, transcription = transcription_of(tiny_point, recording, draws=1)
    return TranscribedRecording(tiny_point, recording, posterior, transcription)


@st.composite
def notes(draw: st.DrawFn) -> list[Note]:
    """Notes of the vocabulary, one after another."""
    found, now = [], 0.0
    for _ in range(draw(st.integers(0, 6))):
        now += draw(st.floats(0.01, 2.0))
        end = now + draw(st.floats(0.06, 3.0))
        found.append(Note(now, end, draw(st.sampled_from([60, 64, 67]))))
        now = end
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(notes(), st.integers(-24, 24))
def test_a_table_is_read_as_the_notes_it_was_written_from(
    tmp_path: Path, found: list[Note], transpose: int
) -> None:
    sure = tuple(0.5 for _ in found)
    Transcription("x", tuple(found), sure, Vocabulary()).write_csv(
        tmp_path / "x.csv", transpose=transpose
    )
    again = read_table(tmp_path / "x.csv").get("")
    if not found:
        assert again is None
        return
    assert again is not None
    assert [n.pitch - transpose for n in again.notes] == [n.pitch for n in found]
    assert [n.onset for n in again.notes] == pytest.approx([n.onset for n in found], abs=1e-4)
    assert [n.offset for n in again.notes] == pytest.approx([n.offset for n in found], abs=1e-4)
    assert all(math.isnan(c) for c in again.confidences)  # that of its frames is not the note's


def test_every_file_tells_of_the_same_notes(one: TranscribedRecording, tmp_path: Path) -> None:
    chosen = FileSettings(transpose=-12, tempo=90, bends=True, samples=3)
    write_files(one, tmp_path, formats=FORMATS, settings=chosen, name="x")
    expected = file_names("x", one.recording.duration, FORMATS, chosen)
    assert {p.name for p in tmp_path.iterdir()} == set(expected)
    own = one.transcription
    tables = [read_table(tmp_path / "x.csv")[""], jams.read(tmp_path / "x.jams")]
    for scored in tables:
        assert [n.pitch + 12 for n in scored.notes] == [n.pitch for n in own.notes]
        assert scored.confidences == pytest.approx(own.probabilities, abs=1e-4)
    played = midi.read(tmp_path / "x.mid")
    assert [n.velocity for n in played] == [n.velocity for n in own.notes]
    assert max(n.velocity for n in played) == 112
    assert own.posterior is not None
    sampled = [tuple(own.posterior.samples[i]) for i in range(len(own.posterior.samples))]
    for i in (1, 2, 3):
        drawn = midi.read(tmp_path / f"x_sample_{i}.mid")
        lines = [[n.pitch + 12 for n in drawn], [n.onset for n in drawn]]
        assert any(
            lines[0] == [n.pitch for n in s]
            and lines[1] == pytest.approx([n.onset for n in s], abs=2e-3)
            for s in sampled
        )


def test_what_is_not_known_is_null_and_said(one: TranscribedRecording, tmp_path: Path) -> None:
    bare = replace(one.transcription, posterior=None)
    unknown = TranscribedRecording(one.model, one.recording, one.posterior, bare)
    write_files(unknown, tmp_path, formats=("jams", "jsonl", "html"))
    name = one.recording.id
    assert all(math.isnan(c) for c in jams.read(tmp_path / f"{name}.jams").confidences)
    lines = (tmp_path / f"{name}.jsonl").read_text().splitlines()
    assert [json.loads(line)["probability"] for line in lines] == [None] * len(bare.notes)
    page = (tmp_path / f"{name}.html").read_text()
    assert "The probabilities of the notes are not known" in page
    with pytest.raises(InputError, match="--samples"):
        write_files(unknown, tmp_path, formats=(), settings=FileSettings(samples=1))


def test_silence_has_no_notes_and_every_file(tiny_point: Point, tmp_path: Path) -> None:
    quiet = Recording("quiet", samples=np.zeros(16000, np.float32), sample_rate=16000)
    posterior, transcription = transcription_of(tiny_point, quiet, draws=1, threshold=0.5)
    bare = replace(transcription, notes=(), frame_probabilities=(), posterior=None, threshold=None)
    silent = TranscribedRecording(tiny_point, quiet, posterior, bare)
    write_files(silent, tmp_path, formats=FORMATS)
    assert midi.read(tmp_path / "quiet.mid") == []
    assert jams.read(tmp_path / "quiet.jams").notes == ()
    assert (tmp_path / "quiet.jsonl").read_text() == ""
    assert silent.intonation.words == ""
    assert doubtful_words(bare) == "no notes"


def test_the_terminal_names_the_least_sure_first(one: TranscribedRecording) -> None:
    own = one.transcription
    assert own.probabilities is not None
    assert "doubtful" not in doubtful_words(own)
    assert doubtful_words(own.doubting(0.0)) == f"{len(own.notes)} notes, none doubtful"
    words = doubtful_words(own.doubting(1.1), transpose=12)
    assert words.startswith(f"{len(own.notes)} of {len(own.notes)} notes are doubtful (?)")
    least = int(np.argmin(own.probabilities))
    name = own.vocabulary.pitch_name(own.notes[least].pitch + 12)
    first = f"{own.notes[least].onset:.2f} s {name} {own.probabilities[least]:.2f}"
    assert f"listen again: {first}" in words
    assert forecast_words(own).startswith("onset F1 expected 0.")


def test_json_lines_say_how_notes_were_intoned(one: TranscribedRecording) -> None:
    lines = json_lines(one.transcription, intonation=one.intonation).splitlines()
    cents = [json.loads(line)["cents"] for line in lines]
    assert all(c is None or abs(c) < 10 for c in cents)  # tones are in tune
    assert any(c is not None for c in cents)


def test_names_follow_the_vocabularys_middle_c(one: TranscribedRecording, tmp_path: Path) -> None:
    """In MIDI texts as in the table."""
    vocabulary = replace(one.transcription.vocabulary, middle_c="C3")
    named = replace(one, transcription=replace(one.transcription, vocabulary=vocabulary))
    write_files(named, tmp_path, formats=("mid", "csv"), name="song")
    first = (tmp_path / "song.csv").read_text().splitlines()[1].split(",")[3]
    texts = [m.text for track in mido.MidiFile(tmp_path / "song.mid").tracks for m in track
             if m.type == "text"]  # fmt: skip
    assert texts[0].split()[0] == first
    assert first.endswith("3")


def test_what_is_moved_says_so_and_stays_within_midi(
    one: TranscribedRecording, tmp_path: Path
) -> None:
    write_files(one, tmp_path, formats=("jams",), settings=FileSettings(transpose=12), name="song")
    annotation = json.loads((tmp_path / "song.jams").read_text())["annotations"][0]
    assert annotation["sandbox"]["transposed"] == 12
    for ending in ("csv", "jsonl", "jams"):
        with pytest.raises(InputError, match="outside 0–127"):
            write_files(one, tmp_path, formats=(ending,), settings=FileSettings(transpose=100))


def test_no_more_samples_are_written_than_there_are(
    one: TranscribedRecording, tmp_path: Path
) -> None:
    assert one.transcription.posterior is not None
    count = len(one.transcription.posterior.samples)
    with pytest.raises(InputError, match=f"{count} transcriptions were sampled"):
        write_files(one, tmp_path, formats=(), settings=FileSettings(samples=count + 1))
