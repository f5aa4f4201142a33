"""MIDI files in and out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path, read_bytes, reading
from bayes_a2m.music.midi_events import MidiError, parse
from bayes_a2m.music.midi_notes import notes_of
from bayes_a2m.music.notes import Note, clip
from bayes_a2m.music.vocabulary import Vocabulary
from bayes_a2m.repairs import Repair

LIMIT = 4 * 2**20
"""Bytes that a MIDI file may have: a million events."""

TEMPO = 120.0
"""Beats a minute where nothing else is asked for."""

TEMPOS = (10.0, 1000.0)
"""The slowest and the fastest tempo that is written."""

CHOIR = 52
"""The program of a voice: choir aahs."""

BEND_RANGE = 2.0
"""Semitones that a pitch bend reaches, up and down, unless a synthesiser is told otherwise."""


@dataclass(frozen=True)
class PitchBend:
    """A bend of the pitch: from ``seconds`` on it is higher by ``semitones``."""

    seconds: float
    semitones: float


@dataclass(frozen=True)
class MidiContent:
    """The notes of a MIDI file, and what had to be put right.

    Attributes
    ----------
    notes
        All notes of all tracks, by onset; those of drums are left out.
    truncated
        Notes that end after the recording.
    outside
        Notes whose pitch is not in the vocabulary.
    repairs
        What had to be put right to read the notes.
    """

    notes: tuple[Note, ...]
    truncated: tuple[Note, ...] = ()
    outside: tuple[Note, ...] = ()
    repairs: tuple[Repair, ...] = ()


def content(path: Path) -> MidiContent:
    """Every note of a MIDI file, by onset, and what had to be put right.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, is not MIDI, or was cut off.
    """
    data = read_bytes(path, "a MIDI file", limit=LIMIT)
    with reading(path, "a MIDI file", "export it again"):
        try:
            notes, repairs = notes_of(parse(data))
        except MidiError as error:
            raise InputError(f"{path}: not a MIDI file ({error}); export it again") from error
    return MidiContent(notes, repairs=repairs)


def read(path: Path) -> list[Note]:
    """The notes of :func:`content` alone."""
    return list(content(path).notes)


def inspect(path: Path, vocabulary: Vocabulary, duration: float) -> MidiContent:
    """Read a MIDI file and say what does not fit a recording of ``duration`` seconds."""
    whole = content(path)
    return replace(
        whole,
        truncated=tuple(n for n in whole.notes if n.offset > duration + 1e-6),
        outside=tuple(n for n in whole.notes if n.pitch not in vocabulary.pitches),
    )


RESOLUTION = 480
"""Ticks of a beat of the files that are written."""

ORDER = (
    *("track_name", "set_tempo", "time_signature", "lyrics", "text"),
    *("program_change", "pitchwheel", "note_on"),
)
"""Kinds of events in the order that they have at one tick."""


def read_for(path: Path, vocabulary: Vocabulary, duration: float) -> list[Note]:
    """The notes of a recording, clipped to its length.

    Raises
    ------
    InputError
        If the file is not MIDI, or holds a pitch outside the vocabulary.
    """
    found = inspect(path, vocabulary, duration)
    if found.outside:
        strange = sorted({vocabulary.pitch_name(n.pitch) for n in found.outside})
        raise InputError(
            f"{path}: notes outside the vocabulary ({', '.join(strange)}); add their pitches "
            "to dataset.yaml or correct the file"
        )
    return clip(found.notes, duration)


def ensure_pitches(notes: Iterable[Note], transpose: int) -> None:
    """Refuse to move a note out of MIDI's pitches.

    Raises
    ------
    InputError
        If ``transpose`` (semitones) moves a note outside 0 to 127.
    """
    for note in notes:
        if not 0 <= note.pitch + transpose <= 127:
            raise InputError(f"--transpose {transpose} moves pitch {note.pitch} outside 0–127")


def write(
    path: Path,
    notes: Iterable[Note],
    *,
    transpose: int = 0,
    doubtful: Sequence[bool] = (),
    probabilities: Sequence[float] = (),
    tempo: float = TEMPO,
    bends: Iterable[PitchBend] = (),
    middle_c: str = "C4",
) -> None:
    """Write notes as a MIDI file, atomically.

    Parameters
    ----------
    path
        The file.
    notes
        Any notes; times are in seconds and do not depend on the tempo.
    transpose
        Semitones by which the notes are moved.
    doubtful
        Whether each note is doubtful, where that is known. Doubtful notes are on a track of their
        own, called "doubtful", with the lyric "?", which sequencers and score editors show.
    probabilities
        The probability of each note, where known: a text at its onset, such as "E4 0.79".
    tempo
        Beats a minute, which bars and beats of a sequencer follow.
    bends
        Pitch bends of the notes, in semitones; the range of the wheel is the usual two semitones.
    middle_c
        Name of MIDI 60 in the texts, as :class:`~bayes_a2m.music.vocabulary.Vocabulary` has it.

    Raises
    ------
    InputError
        If ``transpose`` (semitones) moves a note outside MIDI's 0 to 127, or the tempo is none.
    """
    import mido

    ensure_tempo(tempo)
    notes = list(notes)
    ensure_pitches(notes, transpose)
    scale = 60.0 / (tempo * RESOLUTION)

    def tick(seconds: float) -> int:
        return round(seconds / scale)

    timing = [
        mido.MetaMessage("set_tempo", tempo=int(6e7 / (60.0 / (scale * RESOLUTION)))),
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
    ]
    for note, unsure in zip(notes, doubtful, strict=False):
        if unsure:
            timing.append(mido.MetaMessage("lyrics", text="?", time=tick(note.onset)))
    for note, probability in zip(notes, probabilities, strict=False):
        name = Vocabulary((note.pitch + transpose,), middle_c=middle_c).names[1]
        words = f"{name} {probability:.2f}"
        timing.append(mido.MetaMessage("text", text=words, time=tick(note.onset)))
    file = mido.MidiFile(ticks_per_beat=RESOLUTION)
    file.tracks.append(_track(mido, timing))
    wheels = [(round(8192 * bend.semitones / BEND_RANGE), tick(bend.seconds)) for bend in bends]
    for channel, title in enumerate(("voice", "doubtful") if any(doubtful) else ("voice",)):
        events = [
            mido.MetaMessage("track_name", name=title),
            mido.Message("program_change", program=CHOIR, channel=channel),
        ]
        for wheel, time in wheels:
            bent = min(max(wheel, -8192), 8191)
            events.append(mido.Message("pitchwheel", channel=channel, pitch=bent, time=time))
        for i, note in enumerate(notes):
            if channel != int(bool(doubtful) and doubtful[i]):
                continue
            for velocity, seconds in ((note.velocity, note.onset), (0, note.offset)):
                events.append(
                    mido.Message(
                        "note_on",
                        channel=channel,
                        note=note.pitch + transpose,
                        velocity=velocity,
                        time=tick(seconds),
                    )
                )
        file.tracks.append(_track(mido, events))
    with atomic_path(path) as temporary:
        file.save(str(temporary))


def _track(mido: Any, events: list[Any]) -> Any:
    """A track of events, whose times are ticks from the start.

    At one tick a note ends before the next begins, and both after what changes how they sound.
    """

    def place(event: Any) -> tuple[int, int, int, int]:
        at_one_tick = {"pitchwheel": ("pitch",), "note_on": ("note", "velocity")}
        keys = [getattr(event, name) for name in at_one_tick.get(event.type, ())]
        first, second, *_ = (*keys, 0, 0)
        return event.time, ORDER.index(event.type), first, second

    ordered = sorted(events, key=place)
    ordered.append(mido.MetaMessage("end_of_track", time=ordered[-1].time + 1))
    times = [event.time for event in ordered]
    # a file has the ticks from one event to the next
    for event, before in zip(ordered, [0, *times], strict=False):
        event.time -= before
    return mido.MidiTrack(ordered)


def ensure_tempo(tempo: float) -> None:
    """Refuse a tempo that no file has.

    Raises
    ------
    InputError
        If it is not between 10 and 1000 beats a minute.
    """
    if not TEMPOS[0] <= tempo <= TEMPOS[1]:
        raise InputError(
            f"--tempo {tempo:g}: must lie between {TEMPOS[0]:g} and {TEMPOS[1]:g} beats a minute"
        )
