"""MIDI files: what is written is read, what is strange is said."""

from __future__ import annotations

from pathlib import Path

import mido
import pretty_midi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, Vocabulary, midi
from bayes_a2m.music.notes import to_labels

VOCABULARY = Vocabulary()


@st.composite
def melodies(draw: st.DrawFn) -> list[Note]:
    """Notes one after another, at any instants, some touching."""
    notes, now = [], 0.0
    for _ in range(draw(st.integers(0, 10))):
        now += draw(st.sampled_from([0.0, 0.01, 0.3]) | st.floats(0.002, 2.0))
        end = now + draw(st.floats(0.006, 3.0))
        notes.append(Note(now, end, draw(st.integers(0, 127)), draw(st.integers(1, 127))))
        now = end
    return notes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(melodies())
def test_what_is_written_is_read_within_a_millisecond(tmp_path: Path, notes: list[Note]) -> None:
    path = tmp_path / "x.mid"
    midi.write(path, notes)
    again = midi.read(path)
    assert [(n.pitch, n.velocity) for n in again] == [(n.pitch, n.velocity) for n in notes]
    for note, written in zip(again, notes, strict=True):
        assert note.onset == pytest.approx(written.onset, abs=1e-3)
        assert note.offset == pytest.approx(written.offset, abs=1e-3)


def by_hand(path: Path, events: list[tuple[str, int, int, int]], channel: int = 0) -> Path:
    """A MIDI file of 480 ticks a beat, 120 beats a minute, with (kind, tick, pitch, velocity)."""
    track, now = mido.MidiTrack(), 0
    for kind, tick, pitch, velocity in events:
        delta, now = tick - now, tick
        track.append(mido.Message(kind, note=pitch, velocity=velocity, channel=channel, time=delta))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(path)
    return path


def test_labels_of_a_file_made_by_hand(tmp_path: Path) -> None:
    # 960 ticks are a second: C4 from 0.25 to 0.5 s, E4 from 0.5 to 1 s, ended by velocity 0
    events = [
        ("note_on", 240, 60, 80),
        ("note_off", 480, 60, 0),
        ("note_on", 480, 64, 100),
        ("note_on", 960, 64, 0),
    ]
    path = by_hand(tmp_path / "x.mid", events)
    notes = midi.read(path)
    assert notes == [Note(0.25, 0.5, 60, 80), Note(0.5, 1.0, 64, 100)]
    labels = to_labels(notes, FrameGrid(), 180, VOCABULARY)
    # floor(0.25 / 0.006) = 41, floor(0.5 / 0.006) = 83, floor(1 / 0.006) = 166
    assert labels.tolist() == [0] * 41 + [1] * 42 + [2] * 83 + [0] * 14


def test_an_empty_file_has_no_notes(tmp_path: Path) -> None:
    midi.write(tmp_path / "x.mid", [])
    assert midi.read(tmp_path / "x.mid") == []


@pytest.mark.parametrize("content", [b"", b"MThd", b"RIFF" * 50, b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk"])
def test_what_is_no_midi_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mid"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.mid: not a MIDI file \(.+\); export it again"):
        midi.read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "x.mid", tmp_path):
        with pytest.raises(InputError, match=r"no such MIDI file|is a folder, not a MIDI file"):
            midi.read(path)


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    midi.write(path, [Note(0.5, 1.0, 60), Note(1.0, 2.0, 62), Note(3.0, 4.5, 64)])
    content = midi.inspect(path, VOCABULARY, 4.0)
    assert [n.pitch for n in content.notes] == [60, 62, 64]
    assert [n.pitch for n in content.truncated] == [64]
    assert [n.pitch for n in content.outside] == [62]
    with pytest.raises(InputError, match=r"x\.mid: notes outside the vocabulary \(D4\)"):
        midi.read_for(path, VOCABULARY, 4.0)
    kept = midi.read_for(path, Vocabulary((60, 62, 64)), 4.0)
    assert kept[-1].offset == 4.0
    assert len(kept) == 3


def test_the_end_of_the_recording_is_not_past_it(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    midi.write(path, [Note(3.0, 4.0, 60)])
    # nor is it for a rounding error of the seconds
    for duration in (4.0, 4.0 - 1e-9):
        assert midi.inspect(path, VOCABULARY, duration).truncated == ()


def test_transpose_moves_the_pitch_and_stops_at_the_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    midi.write(path, [Note(0.0, 1.0, 60)], transpose=-12)
    assert [n.pitch for n in midi.read(path)] == [48]
    before = path.read_bytes()
    with pytest.raises(InputError, match="moves pitch 60 outside"):
        midi.write(path, [Note(0.0, 1.0, 60)], transpose=68)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.mid"]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.mid"
    midi.write(path, [Note(0.0, 1.0, 60)])
    before = path.read_bytes()

    def half(self: object, name: str) -> None:
        Path(name).write_bytes(b"MThd")
        raise OSError("no space left")

    monkeypatch.setattr("mido.MidiFile.save", half)
    with pytest.raises((OSError, InputError), match="no space"):
        midi.write(path, [Note(0.0, 2.0, 64)])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.mid"]


def test_doubtful_notes_have_a_track_and_probabilities_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    notes = [Note(0.5, 1.0, 60), Note(1.0, 2.0, 64, 70)]
    midi.write(path, notes, doubtful=(False, True), probabilities=(0.97, 0.5), transpose=12)
    file = pretty_midi.PrettyMIDI(str(path))
    assert [track.name for track in file.instruments] == ["voice", "doubtful"]
    assert [[n.pitch for n in track.notes] for track in file.instruments] == [[72], [76]]
    assert [(t.text, t.time) for t in file.text_events] == [("C5 0.97", 0.5), ("E5 0.50", 1.0)]
    assert [(t.text, t.time) for t in file.lyrics] == [("?", 1.0)]
    assert [n.velocity for n in midi.read(path)] == [90, 70]


def test_no_doubtful_note_no_track_for_them(tmp_path: Path) -> None:
    midi.write(tmp_path / "x.mid", [Note(0.0, 1.0, 60)], doubtful=(False,))
    file = pretty_midi.PrettyMIDI(str(tmp_path / "x.mid"))
    assert [track.name for track in file.instruments] == ["voice"]
    assert not file.lyrics


@pytest.mark.parametrize("tempo", [30.0, 96.0, 240.0])
def test_a_tempo_moves_no_note(tmp_path: Path, tempo: float) -> None:
    path = tmp_path / "x.mid"
    midi.write(path, [Note(0.5, 1.25, 60)], tempo=tempo)
    _, tempi = pretty_midi.PrettyMIDI(str(path)).get_tempo_changes()
    assert tempi[0] == pytest.approx(tempo, rel=1e-4)
    (note,) = midi.read(path)
    assert (note.onset, note.offset) == (
        pytest.approx(0.5, abs=3e-3),
        pytest.approx(1.25, abs=3e-3),
    )


def test_a_tempo_that_is_none_is_refused(tmp_path: Path) -> None:
    for tempo in (0.0, -3.0, float("nan"), 1e6):
        with pytest.raises(InputError, match="--tempo"):
            midi.write(tmp_path / "x.mid", [], tempo=tempo)


def test_bends_are_of_two_semitones_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    bends = [midi.PitchBend(0.0, 0.5), midi.PitchBend(0.5, -1.0), midi.PitchBend(0.75, 3.0)]
    midi.write(path, [Note(0.0, 1.0, 60)], bends=bends)
    (track,) = pretty_midi.PrettyMIDI(str(path)).instruments
    assert [b.pitch for b in track.pitch_bends] == [2048, -4096, 8191]
    assert [b.time for b in track.pitch_bends] == pytest.approx([0.0, 0.5, 0.75], abs=1e-3)
