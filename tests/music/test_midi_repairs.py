"""MIDI that is odd is read as it was meant, and what was put right is said."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.music import midi
from tests.music import midi_bytes as by
from tests.music.midi_bytes import off, on, played, tempo, track

MELODY = [(0.5, 1.25, 60), (1.5, 2.25, 64), (2.5, 3.5, 67)]
SONG = (0, b"\xff\x03\x04song")


def notes_and_codes(path: Path) -> tuple[list[tuple[float, float, int]], list[str]]:
    content = midi.content(path)
    notes = [(round(n.onset, 4), round(n.offset, 4), n.pitch) for n in content.notes]
    assert content.notes == tuple(midi.read(path))
    return notes, [r.code for r in content.repairs]


# --- tempo


@pytest.mark.parametrize(
    ("tracks", "codes"),
    [
        # 666,667 microseconds a beat are 720 ticks a second
        ([track([(0, tempo(666_667)), *played(MELODY, 720)])], []),
        ([track([(0, tempo(666_667))]), track(played(MELODY, 720))], []),
        ([track([SONG]), track([(0, tempo(666_667)), *played(MELODY, 720)])], ["tempo-elsewhere"]),
        (
            [track([SONG]), track(played(MELODY, 720)), track([(0, tempo(666_667))])],
            ["tempo-elsewhere"],
        ),
        # said on every track, as some programs do: nothing to put right
        (
            [
                track([(0, tempo(666_667))]),
                track([(0, tempo(666_667)), *played(MELODY, 720)]),
            ],
            [],
        ),
        # a default on the first track, which the second overrules
        (
            [
                track([(0, tempo(500_000))]),
                track([(0, tempo(666_667)), *played(MELODY, 720)]),
            ],
            ["tempo-elsewhere"],
        ),
    ],
)
def test_tempo_is_that_of_all_tracks(tmp_path: Path, tracks: list[bytes], codes: list[str]) -> None:
    assert notes_and_codes(by.midi(tmp_path / "x.mid", *tracks)) == (MELODY, codes)


def test_tempo_may_change_on_several_tracks(tmp_path: Path) -> None:
    # 960 ticks a second for one second, then 480 for two, then 960 again
    tracks = (
        track([(960, tempo(1_000_000))]),
        track([(480, on(60)), (1440, off(60)), (1920, tempo(500_000)), (2880, on(64))]),
        track([(3840, off(1))]),
    )
    notes, codes = notes_and_codes(by.midi(tmp_path / "x.mid", *tracks))
    assert notes == [(0.5, 2.0, 60), (4.0, 5.0, 64)]
    assert codes == ["tempo-elsewhere", "open-note"]


def test_tracks_of_type_2_have_their_own_time(tmp_path: Path) -> None:
    first = track([(0, tempo(1_000_000)), *played([(0.5, 1.0, 60)], 480)])
    second = track(played([(2.0, 3.0, 64)], 480))  # says none: takes the first's
    path = by.midi(tmp_path / "x.mid", first, second, kind=2)
    assert notes_and_codes(path) == ([(0.5, 1.0, 60), (2.0, 3.0, 64)], ["independent-tracks"])
    silent = track([SONG])
    path = by.midi(
        tmp_path / "y.mid", silent, track([(0, tempo(666_667)), *played(MELODY, 720)]), kind=2
    )
    assert notes_and_codes(path) == (MELODY, ["independent-tracks"])


@pytest.mark.parametrize(
    ("frames", "ticks", "per_second"),
    [(25, 40, 1000), (24, 100, 2400), (30, 80, 2400), (29, 100, 100 * 30000 / 1001)],
)
def test_smpte_time_is_in_seconds(
    tmp_path: Path, frames: int, ticks: int, per_second: float
) -> None:
    events = [(0, tempo(1_000_000)), *played(MELODY, per_second)]  # the tempo has no say
    path = by.midi(tmp_path / "x.mid", track(events), kind=0, division=(-frames, ticks))
    notes, codes = notes_and_codes(path)
    assert codes == ["smpte-time"]
    for note, meant in zip(notes, MELODY, strict=True):
        assert note == pytest.approx(meant, abs=1e-3)


@pytest.mark.parametrize("division", [0, (-25, 0), (-23, 40)])
def test_a_division_without_time_is_refused(
    tmp_path: Path, division: int | tuple[int, int]
) -> None:
    path = by.midi(tmp_path / "x.mid", track(played(MELODY)), division=division)
    with pytest.raises(InputError, match=r"x\.mid: not a MIDI file \(its header says .+\); export"):
        midi.read(path)


# --- pairs


def test_of_two_of_a_pitch_the_first_to_begin_ends_first(tmp_path: Path) -> None:
    over = [(0.5, 2.0, 60), (1.5, 3.0, 60)]
    path = by.midi(tmp_path / "x.mid", track(played(over)))
    assert notes_and_codes(path) == (over, ["same-pitch-overlap"])
    # the next begins at the tick at which the first ends, and its note-on stands first
    events = [(480, on(60)), (960, on(60)), (960, off(60)), (1440, off(60))]
    path = by.midi(tmp_path / "y.mid", track(events))
    notes = [(0.5, 1.0, 60), (1.0, 1.5, 60)]
    assert notes_and_codes(path) == (notes, ["same-pitch-overlap"])


def test_channels_and_tracks_do_not_end_each_others_notes(tmp_path: Path) -> None:
    one = track([*played([(0.0, 2.0, 60)]), (1920, b"\xff\x01\x01x")])
    two = track(played([(0.5, 1.0, 60)], channel=1))
    path = by.midi(tmp_path / "x.mid", one, two, track(played([(1.0, 1.5, 60)])))
    assert notes_and_codes(path) == ([(0.0, 2.0, 60), (0.5, 1.0, 60), (1.0, 1.5, 60)], [])


@pytest.mark.parametrize(
    "crumb",
    [
        [(480, on(60)), (480, off(60))],
        [(480, off(60)), (480, on(60))],  # as pretty_midi writes it
        [(480, on(60)), (480, on(60, 0))],
    ],
)
def test_a_note_without_length_takes_no_other_notes_end(
    tmp_path: Path, crumb: list[tuple[int, bytes]]
) -> None:
    path = by.midi(tmp_path / "x.mid", track([*crumb, (2400, on(60)), (3360, off(60))]))
    assert notes_and_codes(path) == ([(2.5, 3.5, 60)], ["zero-length-note"])
    alone = by.midi(tmp_path / "y.mid", track(crumb))
    assert notes_and_codes(alone) == ([], ["zero-length-note"])


def test_a_note_off_too_many_makes_no_crumb(tmp_path: Path) -> None:
    # some programs end every pitch at the start, just before the first note
    events = [(0, off(60)), (0, on(60)), (480, off(60)), (960, on(60)), (1440, off(60))]
    path = by.midi(tmp_path / "x.mid", track(events))
    assert notes_and_codes(path) == ([(0.0, 0.5, 60), (1.0, 1.5, 60)], [])


def test_an_open_note_lasts_until_its_track_ends(tmp_path: Path) -> None:
    events = [*played(MELODY)[:-1], (3840, b"\xff\x06\x03end")]
    longer = track([(9600, b"\xff\x06\x03end")])
    path = by.midi(tmp_path / "x.mid", track(events), longer)
    assert notes_and_codes(path) == ([*MELODY[:2], (2.5, 4.0, 67)], ["open-note"])
    # where its own track ends with its onset, until the last track does
    path = by.midi(tmp_path / "y.mid", track(events[:-1]), longer)
    assert notes_and_codes(path) == ([*MELODY[:2], (2.5, 10.0, 67)], ["open-note"])
    # where none is longer there is nothing to be known
    path = by.midi(tmp_path / "z.mid", track(events[:-1]))
    assert notes_and_codes(path) == (MELODY[:2], ["open-note"])
    assert "left out" in midi.content(path).repairs[0].message


def test_all_notes_off_ends_them(tmp_path: Path) -> None:
    events = [(480, on(60)), (480, on(64, channel=1)), (960, b"\xb0\x7b\x00"), (1440, off(64, 1))]
    path = by.midi(tmp_path / "x.mid", track(events))
    assert notes_and_codes(path) == ([(0.5, 1.0, 60), (0.5, 1.5, 64)], [])


# --- channel 10


def test_channel_10_is_a_melody_where_it_is_alone(tmp_path: Path) -> None:
    alone = by.midi(tmp_path / "x.mid", track([SONG]), track(played(MELODY, channel=9)))
    assert notes_and_codes(alone) == (MELODY, ["melody-on-drum-channel"])
    drums = track(played([(0.0, 0.1, 36), (0.5, 0.6, 38)], channel=9))
    both = by.midi(tmp_path / "y.mid", track(played(MELODY)), drums)
    assert notes_and_codes(both) == (MELODY, ["drums-left-out"])
    assert midi.content(both).repairs[0].message.startswith("2 notes on channel 10")


# --- events that are odd


@pytest.mark.parametrize(
    ("event", "codes"),
    [
        (b"\xff\x59\x02\xfe\xff", ["odd-event"]),  # key signature: no such mode
        (b"\xff\x59\x02\x09\x00", ["odd-event"]),  # nine sharps
        (b"\xff\x59\x00", ["odd-event"]),
        (b"\xff\x51\x03\x00\x00\x00", ["odd-event"]),  # a tempo of nothing
        (b"\xff\x51\x04\x00\x07\xa1\x20", ["odd-event"]),
        (b"\xff\x59\x02\xfd\x01", []),
        (b"\xff\x58\x04\x04\x02\x18\x08", []),
        (b"\xff\x58\x02\x04\x02", []),  # time signatures say nothing about notes
        (b"\xff\x60\x02\x01\x02", []),  # unknown kinds are allowed for
        (b"\xff\x7f\x03\x00\xf0\xff", []),
        (b"\xff\x03\x04caf\xe9", []),
        (b"\xf0\x05\x7e\x7f\x09\x01\xf7", []),  # system exclusive
        (b"\xf0\x03\x43\x99\xf7", []),  # with a byte above 127
        (b"\xf7\x02\xf3\x01", []),
        (b"\xe0\x00\x40", []),
        (b"\xc0\x05", []),
        (b"\xd0\x05", []),
    ],
)
def test_events_that_say_nothing_about_notes_cost_none(
    tmp_path: Path, event: bytes, codes: list[str]
) -> None:
    path = by.midi(tmp_path / "x.mid", track([(0, event), *played(MELODY)]))
    assert notes_and_codes(path) == (MELODY, codes)


def test_running_status(tmp_path: Path) -> None:
    events = [(480, on(60)), (960, b"\x3c\x00"), (960, b"\x40\x50"), (1440, b"\xff\x01\x00")]
    path = by.midi(tmp_path / "x.mid", track([*events, (1440, b"\x40\x00")]))
    assert notes_and_codes(path) == ([(0.5, 1.0, 60), (1.0, 1.5, 64)], [])


# --- files that are odd


def test_odd_tracks_whose_events_are_whole_are_read(tmp_path: Path) -> None:
    events = played(MELODY)
    assert notes_and_codes(by.midi(tmp_path / "a.mid", track(events, end=b""))) == (
        MELODY,
        ["odd-track"],
    )
    for length in (0, 7, 10_000, 0xFFFFFFFF):  # never filled in, too short, too long
        path = by.midi(tmp_path / "b.mid", track(events, length=length))
        assert notes_and_codes(path) == (MELODY, ["odd-track"])
        path = by.midi(tmp_path / "b.mid", track(events, length=length), track([SONG]))
        assert notes_and_codes(path) == (MELODY, ["odd-track"])
    path = by.midi(tmp_path / "c.mid", track([SONG]), track(events), count=1)
    assert notes_and_codes(path) == (MELODY, ["odd-track"])


def test_other_chunks_and_wrappings_are_passed_over(tmp_path: Path) -> None:
    chunk = b"XFIH\x00\x00\x00\x03\x01\x02\x03"
    path = by.midi(tmp_path / "x.mid", chunk, track([SONG]), chunk, track(played(MELODY)), count=2)
    assert notes_and_codes(path) == (MELODY, [])
    whole = path.read_bytes()
    path.write_bytes(
        b"RIFF"
        + (len(whole) + 12).to_bytes(4, "little")
        + b"RMIDdata"
        + len(whole).to_bytes(4, "little")
        + whole
    )
    assert notes_and_codes(path) == (MELODY, [])
    path.write_bytes(whole[:7] + b"\x08" + whole[8:14] + b"\0\0" + whole[14:])  # a longer header
    assert notes_and_codes(path) == (MELODY, [])
    path.write_bytes(whole + b"\0" * 100)
    assert notes_and_codes(path) == (MELODY, [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = by.midi(tmp_path / "x.mid", track([SONG]), track(played(MELODY)))
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(InputError, match=r"x\.mid: not a MIDI file \(it .+\); export it again"):
        midi.read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_events_give_notes_or_a_line(tmp_path: Path, rubbish: bytes) -> None:
    path = by.midi(tmp_path / "x.mid", track([(0, rubbish), *played(MELODY)]))
    with contextlib.suppress(InputError):  # any other error fails
        midi.read(path)
