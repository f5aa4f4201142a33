"""JAMS files: what is written is read, by us and by the library."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.files import write_json
from bayes_a2m.music import Note, jams
from bayes_a2m.music.scored_notes import ScoredNotes, read_table

NOTES = [Note(0.5, 1.25, 60), Note(1.5, 2.0, 64)]


@st.composite
def scored(draw: st.DrawFn) -> list[tuple[Note, float | None]]:
    """Notes one after another, some of them of unknown confidence."""
    found, now = [], 0.0
    for _ in range(draw(st.integers(0, 8))):
        now += draw(st.floats(0.002, 2.0))
        end = now + draw(st.floats(0.006, 3.0))
        note = Note(now, end, draw(st.integers(0, 127)))
        found.append((note, draw(st.none() | st.floats(0, 1))))
        now = end
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(scored())
def test_what_is_written_is_read(tmp_path: Path, found: list[tuple[Note, float | None]]) -> None:
    path = tmp_path / "x.jams"
    length = found[-1][0].offset if found else 1.0
    jams.write(
        path,
        [note for note, _ in found],
        duration=length,
        title="x",
        confidences=[sure for _, sure in found],
    )
    again = jams.read(path)
    assert again.duration == pytest.approx(length, abs=1e-6)
    for (note, sure), read, confidence in zip(found, again.notes, again.confidences, strict=True):
        assert (read.pitch, read.onset) == (note.pitch, pytest.approx(note.onset, abs=1e-5))
        assert read.offset == pytest.approx(note.offset, abs=1e-5)
        assert math.isnan(confidence) if sure is None else confidence == pytest.approx(sure)


def test_the_library_reads_and_validates_it(tmp_path: Path) -> None:
    library = pytest.importorskip("jams")
    path = tmp_path / "x.jams"
    sandbox = {"posterior": {"expected_f1": 0.9}}
    jams.write(
        path, NOTES, duration=4.0, title="x", confidences=[0.9, None], sandbox=sandbox, transpose=12
    )
    file = library.load(str(path), validate=True, strict=True)
    (annotation,) = file.search(namespace="note_midi")
    assert file.file_metadata.duration == annotation.duration == 4.0
    assert annotation.sandbox.posterior == {"expected_f1": 0.9}
    rows = [(o.time, o.duration, o.value, o.confidence) for o in annotation.data]
    assert rows == [(0.5, 0.75, 72, 0.9), (1.5, 0.5, 76, None)]


def test_what_the_library_writes_is_read(tmp_path: Path) -> None:
    library = pytest.importorskip("jams")
    file = library.JAMS()
    file.file_metadata.duration = 4.0
    annotation = library.Annotation(namespace="note_hz", time=0, duration=4.0)
    annotation.append(time=1.5, duration=0.5, value=329.63, confidence=None)
    annotation.append(time=0.5, duration=0.75, value=261.63, confidence=0.8)
    file.annotations.append(annotation)
    file.save(str(tmp_path / "x.jams"))
    found = jams.read(tmp_path / "x.jams")
    assert list(found.notes) == NOTES
    assert found.confidences[0] == 0.8
    assert math.isnan(found.confidences[1])


def content(**changes: object) -> dict[str, object]:
    return {**jams.to_jams(NOTES, duration=4.0, title="x"), **changes}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "it has no annotations"),
        ({"a": 1}, "it has no annotations"),
        (content(annotations=[]), "has no notes, only nothing"),
        (content(annotations=[{"namespace": "beat", "data": []}]), "has no notes, only beat"),
        (content(annotations=[{"namespace": "note_midi"}]), "not readable as a JAMS file"),
        (content(annotations=[{"namespace": "note_midi", "data": [{"time": 1}]}]), "a JAMS file"),
        (content(file_metadata={"duration": 1.0}), "ticks, samples or milliseconds"),
    ],
)
def test_what_is_no_jams_is_refused(tmp_path: Path, values: object, words: str) -> None:
    write_json(tmp_path / "x.jams", values)
    with pytest.raises(InputError, match=words):
        jams.read(tmp_path / "x.jams")


def test_times_of_another_base_are_refused() -> None:
    ticks = ScoredNotes.of([(Note(240, 480, 60), 0.5)])
    with pytest.raises(InputError, match="a note starts at 240, but voice_001 has 4 s"):
        jams.ensure_time_base(ticks, 4.0, "voice_001")
    of_other = ScoredNotes.of([(Note(1, 2, 60), 0.5)], 62.0)
    with pytest.raises(InputError, match="is of 62 s of sound, but voice_001 has 4 s"):
        jams.ensure_time_base(of_other, 4.0, "voice_001")
    jams.ensure_time_base(ScoredNotes.of([(Note(1, 2, 60), 0.5)], 4.1), 4.0, "voice_001")


def test_a_table_of_any_tool_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("start,end,Note,Score\n1.5,2.0,E4,\n0.5,1.25,60,0.7\n\n")
    found = read_table(path)[""]
    assert list(found.notes) == NOTES
    assert found.confidences[0] == 0.7
    assert math.isnan(found.confidences[1])


def test_a_table_of_several_recordings(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("recording,onset,offset,pitch\n001,0,1,60\n002,0,1,64\n001,1,2,67\n")
    found = read_table(path)
    assert [n.pitch for n in found["001"].notes] == [60, 67]
    assert [n.pitch for n in found["002"].notes] == [64]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("onset,offset\n", "has no column of the pitch: the header must name one of pitch, midi"),
        ("onset,offset,pitch\n1,x,60\n", r"line 2: could not convert"),
        ("onset,offset,pitch\n1,2\n", r"line 2: lacks the 'pitch'"),
        ("onset,offset,pitch\n2,1,60\n", r"line 2: a note must end after it starts"),
        ("onset,offset,pitch\n1,2,H9\n", r"line 2: 'H9' is no pitch"),
        ("onset,offset,pitch\n1,2,200\n", r"line 2: pitch 200 lies outside"),
        ("onset,offset,pitch\n1,inf,60\n", r"line 2: 'inf' is not finite"),
        ("onset,offset,pitch,confidence\n1,2,60,90\n", r"line 2: a confidence of 90"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_table(path)
