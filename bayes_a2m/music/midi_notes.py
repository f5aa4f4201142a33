"""Notes in seconds from the events of a MIDI file.

The conventions: tempo is that of all tracks together, as players have it; a note-off ends the note
of its channel and pitch that began first; a note that is never ended lasts until its track ends;
an SMPTE division is read in seconds, whatever the tempo; channel 10 is for drums where another
channel has notes, and a melody where none has. Whatever of this was needed is a
:class:`~bayes_a2m.repairs.Repair`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from bayes_a2m.music.midi_events import MidiError, MidiFile, Track
from bayes_a2m.music.notes import Note
from bayes_a2m.repairs import Repair

Clock = Callable[[int], float]
"""Seconds of a tick."""

DRUMS = 9
"""The channel of percussion in General MIDI, counted from 0: people call it channel 10."""

_OFF, _ON, _CONTROL = 0x80, 0x90, 0xB0
_ALL_OFF = (120, 123)
"""Controllers that end every note of a channel: all sound off, all notes off."""

_DROP_FRAME = 30000 / 1001
"""Frames a second of the SMPTE code that is written as 29."""

_DEFAULT_TEMPO = 500_000


def notes_of(file: MidiFile) -> tuple[tuple[Note, ...], tuple[Repair, ...]]:
    """Every note of a file by onset, and what had to be put right.

    Raises
    ------
    MidiError
        If the file's division says no time.
    """
    repairs = list(file.repairs)
    clocks = _clocks(file, repairs)
    last = max((track.end for track in file.tracks), default=0)
    paired = [_paired(track, last) for track in file.tracks]
    repairs += _pairing_repairs(paired, clocks)
    voices = [_voices(spans.notes, clock) for spans, clock in zip(paired, clocks, strict=True)]
    if file.kind == 2 and len(file.tracks) > 1:
        text = "a file of type 2: every track has a time and tempo of its own, all begin at 0 s"
        repairs.append(Repair("independent-tracks", text))
    drums = [note for channel, note in chain(*voices) if channel == DRUMS]
    others = [note for channel, note in chain(*voices) if channel != DRUMS]
    if drums and others:
        text = (
            f"{_count(len(drums), 'note')} on channel 10, which is for drums: left out, since "
            "other channels hold notes"
        )
        repairs.append(Repair("drums-left-out", text))
    elif drums:
        text = (
            f"all {_count(len(drums), 'note')} on channel 10, which is for drums: read as a "
            "melody, since no other channel holds a note"
        )
        repairs.append(Repair("melody-on-drum-channel", text))
    return tuple(sorted(others or drums)), tuple(repairs)


# --- time


def _clocks(file: MidiFile, repairs: list[Repair]) -> list[Clock]:
    """A clock for every track."""
    if file.division == 0:
        raise MidiError("its header says 0 ticks a beat")
    if file.division < 0:
        rate = _smpte_rate(file.division)
        text = f"its time is in SMPTE frames ({rate:g} ticks a second), tempo has no say in it"
        repairs.append(Repair("smpte-time", text))
        return [lambda tick: tick / rate] * len(file.tracks)
    together = _tempo_map(file.tracks, file.division)
    if file.kind == 2:  # a track without a tempo takes that of the others
        return [
            _tempo_map([track], file.division) if track.tempos else together
            for track in file.tracks
        ]
    first = _tempo_map(file.tracks[:1], file.division)
    if first != together:
        where = next(i for i, t in enumerate(file.tracks) if i and t.tempos)
        text = (
            f"track {where + 1} sets a tempo, which belongs on the first: it is followed by "
            "all tracks"
        )
        repairs.append(Repair("tempo-elsewhere", text))
    return [together] * len(file.tracks)


def _smpte_rate(division: int) -> float:
    """Ticks a second of an SMPTE division: minus the frames a second above, ticks a frame below.

    >>> _smpte_rate(-25 * 256 + 40)
    1000.0
    """
    frames, ticks = -(division >> 8), division & 0xFF
    if frames not in (24, 25, 29, 30) or not ticks:
        raise MidiError(f"its header says {ticks} ticks in each of {frames} SMPTE frames a second")
    return (_DROP_FRAME if frames == 29 else float(frames)) * ticks


@dataclass(frozen=True)
class _TempoMap:
    """Seconds of ticks, piece by piece of equal tempo."""

    ticks: tuple[int, ...]
    seconds: tuple[float, ...]
    scales: tuple[float, ...]

    def __call__(self, tick: int) -> float:
        i = bisect_right(self.ticks, tick) - 1
        return self.seconds[i] + self.scales[i] * (tick - self.ticks[i])


def _tempo_map(tracks: Iterable[Track], division: int) -> _TempoMap:
    """The tempo of all tracks together; of several at one tick the last track's counts."""

    def scale(tempo: int) -> float:
        return 60.0 / ((6e7 / tempo) * division)  # as pretty_midi has it, to the last bit

    changes = {0: _DEFAULT_TEMPO}
    changes.update(sorted(chain(*(t.tempos for t in tracks)), key=lambda change: change[0]))
    ticks, seconds, scales = [0], [0.0], [scale(changes.pop(0))]
    for tick, tempo in changes.items():
        if scale(tempo) != scales[-1]:
            seconds.append(seconds[-1] + scales[-1] * (tick - ticks[-1]))
            ticks.append(tick)
            scales.append(scale(tempo))
    return _TempoMap(tuple(ticks), tuple(seconds), tuple(scales))


# --- pairs of note-on and note-off


@dataclass(frozen=True)
class _Span:
    """A note in ticks."""

    onset: int
    offset: int
    channel: int
    pitch: int
    velocity: int


@dataclass
class _Paired:
    """What pairing the events of one track gave."""

    notes: list[_Span] = field(default_factory=list)
    hanging: list[_Span] = field(default_factory=list)
    overlapping: list[_Span] = field(default_factory=list)
    empty: list[_Span] = field(default_factory=list)


@dataclass
class _Open:
    """A note that sounds; ``doubtful`` where its note-off may have stood before it."""

    tick: int
    velocity: int
    doubtful: bool


def _paired(track: Track, last: int) -> _Paired:
    """Pair note-ons with note-offs, first in first out.

    A note without length may be written with its note-off first (pretty_midi does so), which
    ends nothing; the note-on that follows at the same tick then waits for no other. That is known
    only when the next note of the pitch begins, or the track ends, before another note-off.

    Parameters
    ----------
    track
        The events.
    last
        The tick at which the last track ends: for a note that starts where its own track ends.
    """
    found = _Paired()
    sounding: dict[tuple[int, int], deque[_Open]] = defaultdict(deque)
    unmatched: dict[tuple[int, int], int] = {}

    def end(key: tuple[int, int], tick: int) -> _Span:
        first = sounding[key].popleft()
        span = _Span(first.tick, tick, *key, first.velocity)
        (found.notes if tick > first.tick else found.empty).append(span)
        return span

    for event in track.events:
        kind, channel, (pitch, value) = event.status & 0xF0, event.status & 0x0F, event.data
        key = (channel, pitch)
        if kind == _ON and value:
            if sounding[key] and sounding[key][-1].doubtful and sounding[key][-1].tick < event.tick:
                crumb = sounding[key].pop()
                found.empty.append(_Span(crumb.tick, crumb.tick, *key, crumb.velocity))
            if sounding[key]:
                found.overlapping.append(_Span(event.tick, event.tick, *key, value))
            doubtful = unmatched.pop(key, -1) == event.tick
            sounding[key].append(_Open(event.tick, value, doubtful))
        elif kind in (_OFF, _ON):
            if sounding[key]:
                end(key, event.tick)
            else:
                unmatched[key] = event.tick
        elif kind == _CONTROL and pitch in _ALL_OFF:
            for other in [k for k, notes in sounding.items() if k[0] == channel and notes]:
                while sounding[other]:
                    end(other, event.tick)
    for key, notes in sounding.items():
        while notes:
            if notes[0].doubtful:
                crumb = notes.popleft()
                found.empty.append(_Span(crumb.tick, crumb.tick, *key, crumb.velocity))
                continue
            until = track.end if track.end > notes[0].tick else last
            found.hanging.append(end(key, until))
    return found


def _pairing_repairs(paired: Sequence[_Paired], clocks: Sequence[Clock]) -> list[Repair]:
    """What to say of the notes that were not simply on and off."""

    def gathered(name: str) -> list[tuple[_Span, Clock]]:
        return [
            (span, clock)
            for one, clock in zip(paired, clocks, strict=True)
            for span in getattr(one, name)
        ]

    repairs = []
    hanging, overlapping, empty = (gathered(n) for n in ("hanging", "overlapping", "empty"))
    if hanging:
        span, clock = hanging[0]
        text = (
            f"{_count(len(hanging), 'note')} never ended (the first: pitch {span.pitch} from "
            f"{clock(span.onset):.3f} s): "
        )
        text += (
            f"held until the track ends, at {clock(span.offset):.3f} s"
            if span.offset > span.onset
            else "left out, since its track ends there; end it in the file"
        )
        repairs.append(Repair("open-note", text))
    if overlapping:
        span, clock = overlapping[0]
        text = (
            f"{_count(len(overlapping), 'note')} begun while the same pitch sounds (the first: "
            f"pitch {span.pitch} at {clock(span.onset):.3f} s): the one that began first ends first"
        )
        repairs.append(Repair("same-pitch-overlap", text))
    empty = [(span, clock) for span, clock in empty if not any(span == s for s, _ in hanging)]
    if empty:
        span, clock = empty[0]
        text = (
            f"{_count(len(empty), 'note')} without length (the first: pitch {span.pitch} at "
            f"{clock(span.onset):.3f} s): left out"
        )
        repairs.append(Repair("zero-length-note", text))
    return repairs


def _voices(spans: Iterable[_Span], clock: Clock) -> list[tuple[int, Note]]:
    """Notes in seconds, each with its channel."""
    return [(s.channel, Note(clock(s.onset), clock(s.offset), s.pitch, s.velocity)) for s in spans]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
