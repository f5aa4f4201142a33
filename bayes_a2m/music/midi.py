"""MIDI files in and out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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


def write(
    path: Path,
    notes: Iterable[Note],
    *,
    transpose: int = 0,
    doubtful: Sequence[bool] = (),
    probabilities: Sequence[float] = (),
    tempo: float = TEMPO,
    bends: Iterable[PitchBend] = (),
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

    Raises
    ------
    InputError
        If ``transpose`` (semitones) moves a note outside MIDI's 0 to 127, or the tempo is none.
    """
    import pretty_midi

    ensure_tempo(tempo)
    file = pretty_midi.PrettyMIDI(initial_tempo=tempo, resolution=480)
    names = ("voice", "doubtful") if any(doubtful) else ("voice",)
    tracks = [pretty_midi.Instrument(program=CHOIR, name=name) for name in names]
    moved = []
    for i, note in enumerate(notes):
        pitch = note.pitch + transpose
        if not 0 <= pitch <= 127:
            raise InputError(f"--transpose {transpose} moves pitch {note.pitch} outside 0–127")
        moved.append(replace(note, pitch=pitch))
        sung = pretty_midi.Note(note.velocity, pitch, note.onset, note.offset)
        tracks[int(bool(doubtful) and doubtful[i])].notes.append(sung)
    file.instruments.extend(tracks)
    for note, unsure in zip(moved, doubtful, strict=False):
        if unsure:
            file.lyrics.append(pretty_midi.Lyric("?", note.onset))
    for note, probability in zip(moved, probabilities, strict=False):
        name = Vocabulary((note.pitch,)).names[1]
        file.text_events.append(pretty_midi.Text(f"{name} {probability:.2f}", note.onset))
    for bend in bends:
        wheel = round(8192 * bend.semitones / BEND_RANGE)
        for track in tracks:
            track.pitch_bends.append(
                pretty_midi.PitchBend(min(max(wheel, -8192), 8191), bend.seconds)
            )
    with atomic_path(path) as temporary:
        file.write(str(temporary))


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
