"""Every problem is found, the file is named, and one does not hide another."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import jsonschema
import numpy as np
import pytest

import bayes_a2m
from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.verify import Code, Problem, VerifyReport, compact, verify
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note
from tests.music.midi_bytes import midi, off, on, track

Put = Callable[..., Path]
C4, E4 = Note(0.2, 0.5, 60), Note(0.6, 0.9, 64)
SCHEMA = Path(bayes_a2m.__file__).parent / "schemas" / "verify.json"


def codes(report: VerifyReport) -> list[tuple[str, str]]:
    return [(p.file, p.code) for p in report.problems]


def only(report: VerifyReport) -> Problem:
    assert len(report.problems) == 1, report.problems
    return report.problems[0]


def test_good_folder_has_no_problem(put: Put) -> None:
    put("001")
    put("002", suffix=".flac")
    report = verify(put("003", [Note(0.1, 1.0, 67)]))
    assert report.problems == ()
    assert report.recordings == 3


def test_missing_folder_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data folder"):
        verify(tmp_path / "none")


def test_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert codes(verify(tmp_path)) == [(".", "no-recordings")]


def test_progress_counts_up(put: Put) -> None:
    put("1")
    calls: list[tuple[int, int]] = []
    verify(put("2"), lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]


# --- names and pairs


def test_unpaired_files(put: Put) -> None:
    put("001", notes=None)
    folder = put("002", samples=None)
    report = verify(folder)
    assert codes(report) == [("voice_001.wav", "no-midi"), ("midi_002.mid", "no-sound")]
    assert len(report.errors) == 2


def test_unpaired_because_of_the_digits(put: Put) -> None:
    put("1", notes=None)
    report = verify(put("001", samples=None))
    assert {p.code for p in report.errors} == {"no-midi", "no-sound"}
    assert "rename midi_001.mid" in report.errors[0].message + report.errors[1].message


def test_one_number_twice(put: Put) -> None:
    put("001", suffix=".flac")
    problem = only(verify(put("001")))
    assert (problem.level, problem.file, problem.code) == ("error", "voice_001.wav", "number-twice")
    assert "voice_001.flac" in problem.message


@pytest.mark.parametrize("name", ["voice-002.wav", "Voice_002.wav", "voice_002.mp3", "midi_a.mid"])
def test_misnamed_files_are_not_passed_over(put: Put, name: str) -> None:
    folder = put("001")
    (folder / name).write_bytes(b"")
    problem = only(verify(folder))
    assert (problem.level, problem.file, problem.code) == ("warning", name, "name")


def test_other_and_hidden_files_are_nobodys_business(put: Put) -> None:
    folder = put("001")
    (folder / "README.md").write_text("hello")
    (folder / "._voice_001.wav").write_bytes(b"")
    assert verify(folder).problems == ()


# --- sound


@pytest.mark.parametrize("content", [b"", b"not a sound at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_unreadable_sound(put: Put, content: bytes) -> None:
    folder = put("001")
    (folder / "voice_001.wav").write_bytes(content)
    problem = only(verify(folder))
    assert problem.level == "error"
    assert (problem.file, problem.code) == ("voice_001.wav", "unreadable-sound")
    assert str(folder) not in problem.message


def test_nan_samples(put: Put) -> None:
    samples = np.zeros(16000, dtype=np.float32)
    samples[[5, 7]] = np.nan, np.inf
    problem = only(verify(put("001", samples=samples, subtype="FLOAT")))
    assert (problem.level, problem.code) == ("error", "nan-samples")
    assert problem.message.startswith("2 samples")


def test_no_samples(put: Put) -> None:
    problem = only(verify(put("001", samples=np.zeros(0, dtype=np.float32))))
    assert (problem.level, problem.code) == ("error", "no-samples")


def test_too_short(put: Put) -> None:
    report = verify(put("001", [], seconds=0.049))
    assert [p.code for p in report.errors] == ["too-short"]
    assert "49 ms" in report.errors[0].message


def test_declared_length(put: Put) -> None:
    put("001", seconds=1.009)
    put("002", seconds=1.012)
    folder = put("003", seconds=3.0)
    (folder / "dataset.yaml").write_text("seconds: 1\n")
    report = verify(folder)
    assert codes(report) == [("voice_002.wav", "wrong-length"), ("voice_003.wav", "wrong-length")]
    assert "dataset.yaml says 1 s" in report.errors[0].message


def test_usual_length(put: Put) -> None:
    for id_ in ("001", "002", "004"):
        put(id_)
    problem = only(verify(put("003", seconds=1.5)))
    assert (problem.level, problem.file, problem.code) == ("error", "voice_003.wav", "wrong-length")
    assert "3 of the 4 recordings are 1.000 s" in problem.message


@pytest.mark.parametrize("lengths", [(1.0, 1.0, 2.0), (1.0, 1.0, 1.0, 1.5, 2.0, 2.5), (1, 2, 3, 4)])
def test_lengths_all_over_the_place_are_fine(put: Put, lengths: tuple[float, ...]) -> None:
    for i, seconds in enumerate(lengths):
        folder = put(str(i + 1), seconds=seconds)
    assert verify(folder).problems == ()


@pytest.mark.parametrize("rate", [8000, 44100])
def test_sample_rate(put: Put, rate: int) -> None:
    problem = only(verify(put("001", rate=rate)))
    assert (problem.level, problem.code) == ("warning", "sample-rate")
    assert ("above 4000 Hz" in problem.message) == (rate == 8000)


def test_channels(put: Put) -> None:
    stereo = np.random.default_rng(0).uniform(-0.5, 0.5, (16000, 2))
    problem = only(verify(put("001", samples=stereo)))
    assert (problem.level, problem.code) == ("warning", "channels")


def test_silence(put: Put) -> None:
    faint = 0.0009 * np.random.default_rng(0).uniform(-1, 1, 16000)
    put("001", samples=faint)
    report = verify(put("002", [], np.zeros(16000)))
    assert codes(report) == [
        ("voice_001.wav", "silent"),
        ("voice_002.wav", "silent"),
        ("midi_002.mid", "empty-midi"),
    ]


def test_clipping_is_told_from_a_loud_sine(put: Put) -> None:
    sine = np.sin(2 * np.pi * 130.8 * np.arange(16000) / 16000)
    put("001", samples=0.999 * sine)
    problem = only(verify(put("002", samples=np.clip(1.3 * sine, -1, 1))))
    assert (problem.level, problem.file, problem.code) == ("warning", "voice_002.wav", "clipped")
    assert "262 flat tops" in problem.message  # two a period, the last period cut


def test_same_sound_twice(put: Put) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    for id_ in ("001", "002", "003"):
        folder = put(id_, samples=samples)
    (folder / "metadata.csv").write_text("id,split\n001,train\n002,train\n003,validation\n")
    report = verify(folder)
    assert codes(report) == [("voice_002.wav", "copy"), ("voice_003.wav", "copy")]
    assert "another split" not in report.problems[0].message
    assert "validation here, train there" in report.problems[1].message


# --- what was put right


def test_channels_that_cancel(put: Put) -> None:
    one = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    problem = only(verify(put("001", samples=np.stack((one, -one), axis=1))))
    assert (problem.level, problem.code) == ("warning", "antiphase")
    assert "channel 1 is taken alone" in problem.message


def test_a_silent_channel(put: Put) -> None:
    one = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    report = verify(put("001", samples=np.stack((one, 0 * one), axis=1)))
    assert codes(report) == [("voice_001.wav", "channels"), ("voice_001.wav", "silent-channel")]
    assert "channel 2 of 2 is silent, so the average is 6 dB" in report.problems[1].message


@pytest.mark.parametrize(
    ("scale", "shift", "code"),
    [(32767, 0, "sample-scale"), (3, 0, "over-full-scale"), (1, 0.4, "dc-offset")],
)
def test_samples_of_another_scale(put: Put, scale: float, shift: float, code: str) -> None:
    samples = scale * np.random.default_rng(0).uniform(-0.5, 0.5, 16000) + shift
    problem = only(verify(put("001", samples=samples, subtype="FLOAT")))
    assert (problem.level, problem.code) == ("warning", code)


def test_a_header_that_was_never_finished(put: Put) -> None:
    put("001")
    folder = put("002", samples=np.random.default_rng(0).uniform(-0.5, 0.5, 16000))
    path = folder / "voice_002.wav"
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", 0)
    path.write_bytes(content)
    problem = only(verify(folder))
    assert (problem.level, problem.code) == ("warning", "sound-header")
    assert load_folder(folder)[1].duration == 1.0


def test_sound_that_was_cut_off_is_an_error_for_all_alike(put: Put) -> None:
    put("001")
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    folder = put("002", samples=noise, suffix=".flac")
    path = folder / "voice_002.flac"
    path.write_bytes(path.read_bytes()[:9000])
    problem = only(verify(folder))
    assert (problem.level, problem.code) == ("error", "unreadable-sound")
    with pytest.raises(InputError) as caught:
        load_folder(folder)
    assert str(caught.value) == f"{path}: {problem.message}"


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([(200, on(60)), (500, off(60)), (900, on(64))], "open-note"),
        ([(0, b"\xff\x59\x02\xfe\xff"), (200, on(60)), (500, off(60))], "odd-event"),
        ([(200, on(60)), (200, off(60)), (300, on(60)), (500, off(60))], "zero-length-note"),
        ([(200, on(60, channel=9)), (500, off(60, 9))], "melody-on-drum-channel"),
    ],
)
def test_what_was_put_right_in_midi(put: Put, events: list[tuple[int, bytes]], code: str) -> None:
    folder = put("001")
    midi(folder / "midi_001.mid", track([*events, (960, b"\xff\x01\x01x")]))
    problem = only(verify(folder))
    assert (problem.level, problem.file, problem.code) == ("warning", "midi_001.mid", code)
    assert load_folder(folder)[0].notes


# --- notes


@pytest.mark.parametrize("content", [b"", b"not MIDI", b"MThd\x00\x00\x00\x06\x00\x01"])
def test_not_midi(put: Put, content: bytes) -> None:
    folder = put("001")
    (folder / "midi_001.mid").write_bytes(content)
    problem = only(verify(folder))
    assert (problem.level, problem.file, problem.code) == ("error", "midi_001.mid", "not-midi")
    assert str(folder) not in problem.message


def test_unknown_pitch(put: Put) -> None:
    notes = [C4, Note(0.55, 0.7, 62), Note(0.75, 0.9, 62)]
    problem = only(verify(put("001", notes)))
    assert (problem.level, problem.file, problem.code) == ("error", "midi_001.mid", "unknown-pitch")
    assert "2 × D4" in problem.message
    assert "C4, E4, G4" in problem.message


def test_pitches_of_the_folder(put: Put) -> None:
    folder = put("001", [Note(0.2, 0.5, 62)])
    (folder / "dataset.yaml").write_text("pitches: [60, 62, 64]\n")
    assert verify(folder).problems == ()


def test_empty_midi(put: Put) -> None:
    problem = only(verify(put("001", [])))
    assert (problem.level, problem.file, problem.code) == ("warning", "midi_001.mid", "empty-midi")


def test_notes_past_the_end(put: Put) -> None:
    notes = [Note(0.8, 1.2, 60), Note(0.85, 1.5, 64), Note(1.6, 1.7, 67)]
    report = verify(put("001", notes))
    past = [p for p in report.warnings if p.code == "note-past-end"]
    assert len(past) == 3
    assert past[0].message.startswith("C4 from 0.800 to 1.200 s ends 200 ms after")
    assert "wholly after the recording" in past[2].message
    assert not report.errors


def test_overlaps_are_counted_once_a_recording(put: Put) -> None:
    notes = [Note(0.1, 0.9, 60), Note(0.2, 0.3, 64), Note(0.4, 0.5, 64), Note(0.6, 0.7, 67)]
    problem = only(verify(put("001", notes)))
    assert (problem.level, problem.code) == ("warning", "overlap")
    assert problem.message.startswith("3 pairs")


def test_crumbs_at_the_edges(put: Put) -> None:
    notes = [Note(0.0, 0.04, 60), Note(0.3, 0.33, 64), Note(0.96, 1.0, 67)]
    report = verify(put("001", notes))
    assert [p.code for p in report.warnings] == ["crumb", "crumb"]
    assert "at the start" in report.warnings[0].message
    assert "at the end" in report.warnings[1].message


# --- metadata.csv and dataset.yaml


def test_metadata(put: Put) -> None:
    put("001")
    folder = put("002")
    (folder / "metadata.csv").write_text("id,condition,split,take\n1,studio\n001,studio,,\n")
    report = verify(folder)
    assert codes(report) == [("metadata.csv", "unknown-id"), ("voice_002.wav", "no-metadata")]
    assert "did you mean 001?" in report.errors[0].message


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (b"id,condtion,tkae\n001,a,b\n", ["did you mean 'condition'", "did you mean 'take'"]),
        (b"number,split\n001,train\n", ["unknown column", "among them 'id'"]),
        (b"id;split\n001;train\n", ["unknown column", "separated by commas"]),
        (b"", ["among them 'id'"]),
        (b"\xff\xfe\x00\x01id", ["not readable as a table (CSV)"]),
        (b"id,split\n001,train\n001,train\n,train\n", ["id 001 is given twice", "has no id"]),
        (b"id,split\n001,train,too,much\n", ["4 cells where the first line names 2"]),
    ],
)
def test_malformed_metadata(put: Put, content: bytes, messages: list[str]) -> None:
    folder = put("001")
    (folder / "metadata.csv").write_bytes(content)
    report = verify(folder)
    assert {(p.file, p.code) for p in report.errors} == {("metadata.csv", "metadata-csv")}
    assert len(report.errors) == len(messages)
    for problem, message in zip(report.errors, messages, strict=True):
        assert message in problem.message


def test_splits_of_the_metadata(put: Put) -> None:
    for id_ in ("1", "2", "3", "4"):
        folder = put(id_)
    rows = "id,split,take\n1,train,a\n2,validation,a\n3,trian,\n4,,\n"
    (folder / "metadata.csv").write_text(rows)
    report = verify(folder)
    assert not report.errors
    assert [p.code for p in report.warnings] == [
        "unknown-split",
        "no-split",
        "take-in-several-splits",
    ]
    assert "did you mean 'train'?" in report.warnings[0].message


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("pitchs: [60]\nsecnds: 4\n", ["did you mean 'pitches'", "did you mean 'seconds'"]),
        ("pitches: [60, sixty]\nseconds: -1\n", ["pitches.1", "seconds"]),
        ("pitches: [64, 60]\n", ["must ascend"]),
        ("pitches: [60, 300]\n", ["from 0 to 127"]),
        ("middle_c: D4\n", ["middle_c"]),
        ("- 60\n- 64\n", ["keys and values"]),
        ("1: 2\n", ["unknown key 1"]),
        ("pitches: [60\n", ["not readable as YAML"]),
    ],
)
def test_malformed_settings(put: Put, content: str, messages: list[str]) -> None:
    folder = put("001", [C4])
    (folder / "dataset.yaml").write_text(content)
    report = verify(folder)
    assert codes(report) == [("dataset.yaml", "dataset-yaml")] * len(messages)
    for problem, message in zip(report.errors, messages, strict=True):
        assert message in problem.message


def test_no_pitch_is_unknown_where_the_pitches_are(put: Put) -> None:
    folder = put("001", [Note(0.2, 0.5, 62)])
    (folder / "dataset.yaml").write_text("pitches: [60, sixty-two]\n")
    assert codes(verify(folder)) == [("dataset.yaml", "dataset-yaml")]


# --- everything together


def spoil(put: Put) -> Path:
    """A folder with one of nearly everything."""
    for id_ in ("001", "002", "003"):
        put(id_)
    bad = np.full(16000, np.nan, dtype=np.float32)
    put("004", samples=bad, subtype="FLOAT")
    put("005", [C4, Note(0.6, 1.4, 61)])  # unknown and past the end
    put("006", notes=None)
    put("007", samples=None)
    put("008", [], seconds=0.02)
    put("009", rate=8000)
    folder = put("010")
    (folder / "voice_010.wav").write_bytes(b"no")
    (folder / "midi_010.mid").write_bytes(b"no")
    (folder / "metadata.csv").write_text("id,condtion\n001,a\n099,b\n")
    (folder / "dataset.yaml").write_text("secnds: 4\n")
    return folder


def test_nothing_hides_anything(put: Put) -> None:
    report = verify(spoil(put))
    assert {(p.file, p.code) for p in report.errors} == {
        ("dataset.yaml", "dataset-yaml"),
        ("metadata.csv", "metadata-csv"),
        ("metadata.csv", "unknown-id"),
        ("voice_004.wav", "nan-samples"),
        ("midi_005.mid", "unknown-pitch"),
        ("voice_006.wav", "no-midi"),
        ("midi_007.mid", "no-sound"),
        ("voice_008.wav", "too-short"),
        ("voice_008.wav", "wrong-length"),
        ("voice_010.wav", "unreadable-sound"),
        ("midi_010.mid", "not-midi"),
    }
    found = {(p.file, p.code) for p in report.warnings}
    assert {("midi_005.mid", "note-past-end"), ("voice_009.wav", "sample-rate")} <= found
    assert sum(p.code == "no-metadata" for p in report.warnings) == 8
    assert report.recordings == 9


def test_report_follows_its_schema(put: Put) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    report = verify(spoil(put))
    value = json.loads(json.dumps(report.to_dict()))
    jsonschema.Draft202012Validator(schema).validate(value)
    assert value["errors"] + value["warnings"] == len(value["problems"])
    assert sum(value["summary"].values()) == len(value["problems"])
    levels = [p["level"] for p in value["problems"]]
    assert levels == sorted(levels)  # errors first


def test_schema_knows_every_code() -> None:
    problem = json.loads(SCHEMA.read_text())["$defs"]["Problem"]["properties"]
    assert problem["code"]["enum"] == list(get_args(Code))


def test_every_code_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`([a-z0-9-]+)`", page)) >= set(get_args(Code))


def test_compact_names() -> None:
    names = ["voice_9.wav", "voice_10.wav", "midi_010.mid", "metadata.csv", "voice_10.flac"]
    assert compact(names) == "metadata.csv, midi_010, voice_9–10"
