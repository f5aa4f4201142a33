"""Loading a data folder, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.datasets import Recording, load_folder
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note

Put = Callable[..., Path]


def test_recordings_in_the_order_of_their_numbers(put: Put) -> None:
    put("10")
    put("9", suffix=".flac")
    data = load_folder(put("011"))
    assert data.ids == ("9", "10", "011")
    assert data.name == "data"
    assert data[0].audio().shape == (16000,)
    assert [n.pitch for n in data[0].notes or ()] == [60, 64]


def test_labels_follow_the_notes(put: Put) -> None:
    data = load_folder(put("1", [Note(0.3, 0.6, 60), Note(0.5, 1.8, 67)]))
    (labels,) = data.labels
    expected = np.zeros(166, dtype=np.int64)
    expected[50:100] = 1
    expected[83:] = 3  # the later onset wins; what lies past the end is cut off
    np.testing.assert_array_equal(labels, expected)


def test_metadata_and_settings(put: Put) -> None:
    put("001")
    folder = put("002")
    # as a spreadsheet writes it: a byte-order mark, spaces after commas
    text = "\ufeffid, condition, split, take\n001, studio, train, a\n002, laptop, validation,\n"
    (folder / "metadata.csv").write_text(text, encoding="utf-8")
    (folder / "dataset.yaml").write_text("name: mine\npitches: [60, 64]\nsounding_offset: -12\n")
    data = load_folder(folder)
    assert data.name == "mine"
    assert data.vocabulary.pitches == (60, 64)
    assert data.vocabulary.sounding_offset == -12
    assert [(r.condition, r.split, r.take) for r in data] == [
        ("studio", "train", "a"),
        ("laptop", "validation", ""),
    ]
    assert data.splits == ("train", "validation")
    assert data.split("train").ids == ("001",)


def test_splits_are_drawn_where_none_are_named(put: Put) -> None:
    for number in range(1, 21):
        folder = put(str(number), seconds=0.1, notes=[])
    data = load_folder(folder)
    assert set(data.splits) == {"train", "validation", "test"}
    assert len(data.split("train")) == 14
    again = load_folder(folder)
    assert [r.split for r in again] == [r.split for r in data]
    other = load_folder(folder, seed=1)
    assert [r.split for r in other] != [r.split for r in data]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,condition\n001,a\n099,b\n", "no recording with id 099"),
        ("id,condtion\n001,a\n", "unknown column 'condtion'.*did you mean 'condition'"),
        ("name,condition\n001,a\n", "among them 'id'"),
        ("id,condition\n001,a\n001,b\n", "001 is given twice"),
    ],
)
def test_bad_metadata_names_the_file(put: Put, content: str, message: str) -> None:
    folder = put("001")
    (folder / "metadata.csv").write_text(content)
    with pytest.raises(InputError, match=f"metadata.csv: .*{message}"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("picthes: [60]\n", "unknown key 'picthes'.*did you mean 'pitches'"),
        ("pitches: sixty\n", "pitches"),
        ("pitches: [60\n", "not readable as YAML"),
    ],
)
def test_bad_settings_name_the_file(put: Put, content: str, message: str) -> None:
    folder = put("001")
    (folder / "dataset.yaml").write_text(content)
    with pytest.raises(InputError, match=f"dataset.yaml: .*{message}"):
        load_folder(folder)


def test_what_cannot_be_used_is_refused_by_name(put: Put) -> None:
    folder = put("001", notes=None)
    with pytest.raises(InputError, match=r"voice_001.wav: no notes midi_001\.mid"):
        load_folder(folder)
    (folder / "voice_001.wav").unlink()
    with pytest.raises(InputError, match="no recording in this folder"):
        load_folder(folder)
    with pytest.raises(InputError, match="no such data folder"):
        load_folder(folder / "none")


def test_unknown_pitch_is_refused_by_name(put: Put) -> None:
    with pytest.raises(InputError, match=r"midi_001.mid: .*D4"):
        load_folder(put("001", [Note(0.1, 0.2, 62)]))


def test_no_such_split(put: Put) -> None:
    data = load_folder(put("001"))
    with pytest.raises(InputError, match=r"no split called 'holdout'; there are: "):
        data.split("holdout")
    with pytest.raises(InputError, match="no recording with id 7"):
        data.pick(["7"])


@pytest.mark.parametrize(
    ("samples", "said"),
    [(np.zeros(0, "f4"), "no sample"), (np.array([0.0, np.nan], "f4"), "not finite")],
)
def test_samples_that_are_no_sound_are_refused(samples: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=f"recording x: .*{said}"):
        Recording("x", samples=samples, sample_rate=16000)
