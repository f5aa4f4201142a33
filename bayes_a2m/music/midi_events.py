"""The events of a Standard MIDI File, read so that one odd event does not cost the others.

A file is a header (``MThd``) and tracks (``MTrk``), each a list of events with the ticks since
the one before ("Standard MIDI Files 1.0", MIDI Manufacturers Association 1996). The file is taken
apart here rather than by mido because mido gives up the whole file at one meta event that it cannot
decode (a key signature of an unknown mode), at a chunk it does not know, and at a byte of a
system-exclusive message above 127; none of these says anything about notes.

What is tolerated: unknown chunks and meta events, the RIFF wrapping of ``.rmi`` files, a wrong
length of a track whose end is marked, an end that is not marked in a track of right length, and
running status that goes on after a meta event. What is refused: a file that was cut off, since
what is missing may be notes, and bytes that are no events.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from bayes_a2m.repairs import Repair

META = 0xFF
_TEMPO, _KEY, _END = 0x51, 0x59, 0x2F
_SYSEX = (0xF0, 0xF7)
_SYSTEM_LENGTHS = {0xF1: 1, 0xF2: 2, 0xF3: 1, **dict.fromkeys((0xF6, *range(0xF8, 0xFF)), 0)}
"""Data bytes of system messages, which do not belong into files and are passed over."""


class MidiError(ValueError):
    """Bytes are no MIDI file, or not all of one; the message says why."""


@dataclass(frozen=True)
class Event:
    """One message of a channel: its tick from the start, its status byte and its two data bytes."""

    tick: int
    status: int
    data: tuple[int, int]


@dataclass(frozen=True)
class Track:
    """One track.

    Attributes
    ----------
    events
        Messages of channels (notes, controllers, ...), in the order of the file.
    tempos
        Pairs of a tick and the microseconds a quarter note from there on.
    end
        The tick of its end.
    """

    events: tuple[Event, ...]
    tempos: tuple[tuple[int, int], ...]
    end: int


@dataclass(frozen=True)
class MidiFile:
    """A file taken apart.

    Attributes
    ----------
    kind
        0: one track; 1: tracks that sound together; 2: tracks with a time of their own.
    division
        Ticks a quarter note, or, negative in its upper byte, SMPTE frames and ticks a frame.
    tracks
        In the order of the file.
    repairs
        What is odd about it.
    """

    kind: int
    division: int
    tracks: tuple[Track, ...]
    repairs: tuple[Repair, ...]


def parse(data: bytes) -> MidiFile:
    """Take a file apart.

    Raises
    ------
    MidiError
        If it is no MIDI file or was cut off.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[max(data.find(b"MThd"), 0) :]
    if data[:4] != b"MThd":
        raise MidiError("it does not begin with MThd")
    if len(data) < 14:
        raise MidiError("it is cut off in its header")
    size, kind, declared, division = struct.unpack(">IHHh", data[4:14])
    if size < 6:
        raise MidiError(f"its header has {size} bytes where there must be 6")
    tracks: list[Track] = []
    repairs: list[Repair] = []
    at = 8 + size
    while at < len(data) and not (len(tracks) >= declared and not _is_chunk(data, at)):
        name, length = data[at : at + 4], data[at + 4 : at + 8]
        if len(length) < 4:
            raise MidiError(f"it is cut off at byte {len(data)}")
        start, claimed = at + 8, int.from_bytes(length, "big")
        if name != b"MTrk":
            if not _is_chunk(data, at):
                raise MidiError(f"there is no track at byte {at}")
            at = start + claimed
            continue
        track, at = _Reader(data, start, claimed, len(tracks) + 1, repairs).track()
        tracks.append(track)
    if len(tracks) < declared:
        raise MidiError(f"it is cut off: {len(tracks)} of {declared} tracks are there")
    if len(tracks) > declared:
        text = f"the header counts {declared} tracks, there are {len(tracks)}: all are read"
        repairs.append(Repair("odd-track", text))
    return MidiFile(kind, division, tuple(tracks), tuple(repairs))


def _is_chunk(data: bytes, at: int) -> bool:
    """Whether a chunk starts here: a track of any claimed length, or another that fits."""
    name, length = data[at : at + 4], data[at + 4 : at + 8]
    if len(length) < 4:
        return False
    fits = at + 8 + int.from_bytes(length, "big") <= len(data)
    return name == b"MTrk" or (fits and name.isalnum() and name.isascii())


class _Reader:
    """Reads the events of one track, from byte to byte."""

    def __init__(
        self, data: bytes, start: int, claimed: int, number: int, repairs: list[Repair]
    ) -> None:
        self._data, self._at, self._end = data, start, start + claimed
        self._number, self._repairs = number, repairs
        self._tick, self._running = 0, 0
        self._events: list[Event] = []
        self._tempos: list[tuple[int, int]] = []
        self._odd: list[str] = []

    def track(self) -> tuple[Track, int]:
        """The track, and the byte at which the next chunk starts."""
        marked = False
        while not marked and not self._ends_unmarked():
            marked = self._event()
        self._say_odd(marked)
        after = self._end if self._at <= self._end <= len(self._data) else self._at
        return Track(tuple(self._events), tuple(self._tempos), self._tick), after

    def _ends_unmarked(self) -> bool:
        """Whether the track is over although no event said so."""
        if self._at >= len(self._data):
            if self._end > len(self._data):
                raise MidiError(f"it is cut off in track {self._number}")
            return True
        return self._at == self._end and _is_chunk(self._data, self._at)

    def _say_odd(self, marked: bool) -> None:
        if self._odd:
            count = len(self._odd)
            what = "an event that makes" if count == 1 else f"{count} events that make"
            text = f"{what} no sense ({self._odd[0]}): passed over"
            self._repairs.append(Repair("odd-event", f"track {self._number}: {text}"))
        if not marked:
            text = f"track {self._number} has no end: it ends with its last event"
            self._repairs.append(Repair("odd-track", text))
        elif self._at != self._end:
            text = (
                f"track {self._number} says a wrong length: it is read up to its end, "
                f"byte {self._at}, instead of byte {self._end}"
            )
            self._repairs.append(Repair("odd-track", text))

    def _event(self) -> bool:
        """Read one event; says whether it was the end of the track."""
        self._tick += self._number_of_any_length()
        status = self._take(1)[0]
        if status < 0x80:  # running status: the byte is already data
            self._at -= 1
            status = self._running
        if status == META:
            return self._meta()
        if status in _SYSEX:
            self._take(self._number_of_any_length())
        elif status in _SYSTEM_LENGTHS:
            self._take(_SYSTEM_LENGTHS[status])
        elif 0x80 <= status < 0xF0:
            self._running = status
            self._channel_message(status)
        else:
            raise MidiError(f"byte {self._at} in track {self._number} is no event")
        return False

    def _channel_message(self, status: int) -> None:
        data = self._take(1 if status & 0xF0 in (0xC0, 0xD0) else 2)
        if max(data) > 127:
            raise MidiError(f"byte {self._at - 1} in track {self._number} is no event's")
        self._events.append(Event(self._tick, status, (data[0], data[-1])))

    def _meta(self) -> bool:
        kind = self._take(1)[0]
        data = self._take(self._number_of_any_length())
        if kind == _END:
            return True
        if kind == _TEMPO:
            tempo = int.from_bytes(data, "big")
            if len(data) == 3 and tempo:
                self._tempos.append((self._tick, tempo))
            else:
                self._odd.append("a tempo of no microseconds" if not tempo else "a tempo too long")
        elif kind == _KEY and not (len(data) == 2 and _is_key(data)):
            self._odd.append("a key signature that does not exist")
        return False

    def _number_of_any_length(self) -> int:
        """A number in seven bits a byte; all bytes but the last have the eighth."""
        number = 0
        for _ in range(4):
            byte = self._take(1)[0]
            number = number << 7 | byte & 0x7F
            if byte < 0x80:
                return number
        raise MidiError(f"byte {self._at - 1} in track {self._number} is no time or length")

    def _take(self, count: int) -> bytes:
        data = self._data[self._at : self._at + count]
        if len(data) < count:
            raise MidiError(f"it is cut off in track {self._number}")
        self._at += count
        return data


def _is_key(data: bytes) -> bool:
    """Whether a key signature has at most seven sharps or flats, and is major or minor."""
    sharps = int.from_bytes(data[:1], "big", signed=True)
    return -7 <= sharps <= 7 and data[1] in (0, 1)
