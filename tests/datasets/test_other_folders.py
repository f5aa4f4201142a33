"""Folders in the form of MAESTRO and of vocadito load as those of voices do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.vocadito import read_f0
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, midi

HEADER = "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"


def sound(path: Path, seconds: float = 2.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(16000 * seconds)), 16000)


@pytest.fixture
def maestro(tmp_path: Path) -> Path:
    """Two performances of a piece, and another piece, in folders by year."""
    rows = []
    for year, name, title, split in (
        (2018, "one", '"Sonata, first"', "train"),
        (2019, "two", '"Sonata, first"', "train"),
        (2019, "three", "Waltz", "validation"),
    ):
        sound(tmp_path / f"{year}" / f"{name}.wav")
        notes = [Note(0.5, 1.5, 60), Note(0.75, 1.0, 76)]
        midi.write(tmp_path / f"{year}" / f"{name}.midi", notes)
        rows.append(f"Nobody,{title},{split},{year},{year}/{name}.midi,{year}/{name}.wav,2.0\n")
    (tmp_path / "maestro-v3.0.0.csv").write_text(HEADER + "".join(rows), encoding="utf-8")
    return tmp_path


def test_maestro(maestro: Path) -> None:
    data = load_folder(maestro)
    assert data.ids == ("one", "two", "three")
    assert len(data.vocabulary) == 89
    assert [r.split for r in data] == ["train", "train", "validation"]
    assert [r.take for r in data] == ["Nobody: Sonata, first"] * 2 + ["Nobody: Waltz"]
    heard = [(round(n.onset, 2), round(n.offset, 2), n.pitch) for n in data[0].notes or ()]
    assert heard == [(0.5, 0.75, 60), (0.75, 1.0, 76), (1.0, 1.5, 60)]
    labels = data.labels_on(FrameGrid())[0]
    assert labels[FrameGrid().frame(0.9)] == 76 - 20


def test_the_settings_of_a_folder_say_otherwise(maestro: Path) -> None:
    text = "pitches: [60, 64, 76]\npolyphony: loudest\nname: piano\n"
    (maestro / "dataset.yaml").write_text(text, encoding="utf-8")
    data = load_folder(maestro)
    assert (data.name, data.vocabulary.pitches) == ("piano", (60, 64, 76))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("N,T,train,2018,2018/one.midi,2018/four.wav,2\n", "line 2: no file 2018/four.wav"),
        ("N,T,train,2018,../one.midi,2018/one.wav,2\n", "line 2: must name files within"),
        ("N,T,train,2018,,2018/one.wav,2\n", "line 2: must name files within the folder, not ''"),
        ("", "lists no recording"),
    ],
)
def test_a_bad_row_is_told(maestro: Path, row: str, says: str) -> None:
    (maestro / "maestro-v3.0.0.csv").write_text(HEADER + row, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_folder(maestro)


def test_two_tables_are_told(maestro: Path) -> None:
    (maestro / "other.csv").write_text(HEADER, encoding="utf-8")
    with pytest.raises(InputError, match="several tables list recordings"):
        load_folder(maestro)


@pytest.fixture
def vocadito(tmp_path: Path) -> Path:
    """Three recordings of two singers."""
    for number in (1, 2, 10):
        name = f"vocadito_{number}"
        sound(tmp_path / "Audio" / f"{name}.wav")
        notes = tmp_path / "Annotations" / "Notes"
        curves = tmp_path / "Annotations" / "F0"
        notes.mkdir(parents=True, exist_ok=True)
        curves.mkdir(parents=True, exist_ok=True)
        # 5 Hz beside A4 is 20 cents; the last note ends after the sound
        (notes / f"{name}_notesA1.csv").write_text("0.5,445.0,0.5\n1.25,261.6,1.0\n")
        (notes / f"{name}_notesA2.csv").write_text("0,100,9\n")
        (curves / f"{name}_f0.csv").write_text("0.0,0.0\n0.0058,441.5\n")
    rows = "track_id,singer_id,language\n1,7,none\n2,7,none\n10,9,none\n"
    (tmp_path / "vocadito_metadata.csv").write_text(rows)
    return tmp_path


def test_vocadito(vocadito: Path) -> None:
    data = load_folder(vocadito)
    assert data.ids == ("vocadito_1", "vocadito_10", "vocadito_2")
    assert data.vocabulary.pitches == tuple(range(60, 70))
    assert [r.take for r in data] == ["singer 7", "singer 9", "singer 7"]
    assert data[0].notes == (Note(0.5, 1.0, 69), Note(1.25, 2.0, 60))
    times, frequencies = read_f0(vocadito / "Annotations" / "F0" / "vocadito_1_f0.csv")
    assert times.tolist() == [0.0, 0.0058]
    assert frequencies.tolist() == [0.0, 441.5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.5,440\n", "line 1: must hold 3 numbers"),
        ("0.5,440,1\nonset,pitch,length\n", "line 2: must hold 3 numbers"),
        ("0.5,0,1\n", "line 1: no note has such a pitch"),
        ("0.5,99999,1\n", "99999 Hz is outside of MIDI"),
    ],
)
def test_bad_notes_are_told(vocadito: Path, text: str, says: str) -> None:
    (vocadito / "Annotations" / "Notes" / "vocadito_2_notesA1.csv").write_text(text)
    with pytest.raises(InputError, match=says):
        load_folder(vocadito)


def test_a_recording_without_notes_is_told(vocadito: Path) -> None:
    sound(vocadito / "Audio" / "vocadito_3.wav")
    with pytest.raises(InputError, match=r"vocadito_3\.wav: no notes .*vocadito_3_notesA1\.csv"):
        load_folder(vocadito)
