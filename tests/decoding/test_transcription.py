"""Transcriptions as tables and MIDI files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from bayes_a2m.decoding.transcription import Transcription, Transcriptions
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note, Vocabulary, midi


def transcription(id_: str = "voice_001") -> Transcription:
    notes = (Note(0.5, 1.25, 60), Note(1.5, 2.0, 64))
    return Transcription(id_, notes, (0.97123, 0.5), Vocabulary())


def test_a_line_a_note() -> None:
    assert transcription().to_csv().splitlines() == [
        "onset_seconds,offset_seconds,pitch,name,frame_probability",
        "0.5000,1.2500,60,C4,0.9712",
        "1.5000,2.0000,64,E4,0.5000",
    ]


def test_transposed_tables_name_what_is_written() -> None:
    rows = list(csv.DictReader(io.StringIO(transcription().to_csv(transpose=-12))))
    assert [(row["pitch"], row["name"]) for row in rows] == [("48", "C3"), ("52", "E3")]


def test_no_notes_are_a_header() -> None:
    empty = Transcription("x", (), (), Vocabulary())
    assert len(empty.to_csv().splitlines()) == 1


def test_files_hold_the_notes(tmp_path: Path) -> None:
    one = transcription()
    one.write_midi(tmp_path / "x.mid", transpose=1)
    one.write_csv(tmp_path / "x.csv")
    assert [n.pitch for n in midi.read(tmp_path / "x.mid")] == [61, 65]
    assert (tmp_path / "x.csv").read_text() == one.to_csv()


def test_is_a_sequence() -> None:
    several = Transcriptions((transcription("a"), transcription("b")))
    assert len(several) == 2
    assert [t.id for t in several] == ["a", "b"]
    assert several[1].id == "b"


def test_several_go_into_a_folder(tmp_path: Path) -> None:
    ids = ("a", "take.v2", "/somewhere/else/song.wav", "take.v1")
    several = Transcriptions(tuple(transcription(id_) for id_ in ids))
    several.write_midi(tmp_path / "out")
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["a.mid", "song.mid", "take.v1.mid", "take.v2.mid"]
    with pytest.raises(InputError, match="4 recordings need a folder, not one file"):
        several.write_midi(tmp_path / "out.mid")


def test_one_may_go_into_a_file(tmp_path: Path) -> None:
    Transcriptions((transcription(),)).write_midi(tmp_path / "x.MID")
    assert len(midi.read(tmp_path / "x.MID")) == 2
    Transcriptions((transcription(),)).write_midi(tmp_path / "folder")
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["voice_001.mid"]


def test_no_file_is_written_twice(tmp_path: Path) -> None:
    several = Transcriptions((transcription("a/x.wav"), transcription("b/x.wav")))
    with pytest.raises(InputError, match=r"x\.mid: two recordings are of this name"):
        several.write_midi(tmp_path / "out")
    assert not (tmp_path / "out").exists()
