"""MIDI files in and out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path
from bayes_a2m.music.midi_events import MidiError, parse
from bayes_a2m.music.midi_notes import notes_of
from bayes_a2m.music.notes import Note, clip
from bayes_a2m.music.vocabulary import Vocabulary
from bayes_a2m.repairs import Repair


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
        If the file is missing, is not MIDI, or was cut off.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such MIDI file")
    try:
        notes, repairs = notes_of(parse(path.read_bytes()))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
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
    path: Path, notes: Iterable[Note], *, transpose: int = 0, doubtful: Sequence[bool] = ()
) -> None:
    """Write notes as a single-track MIDI file, atomically.

    Notes that are ``doubtful`` (one truth value a note, where any) get the lyric "?" at their
    onset, which sequencers and score editors show.

    Raises
    ------
    InputError
        If ``transpose`` (semitones) moves a note outside MIDI's 0 to 127.
    """
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(initial_tempo=120.0, resolution=480)
    voice = pretty_midi.Instrument(program=52, name="voice")  # 52: choir aahs
    for note in notes:
        pitch = note.pitch + transpose
        if not 0 <= pitch <= 127:
            raise InputError(f"--transpose {transpose} moves pitch {note.pitch} outside 0–127")
        moved = replace(note, pitch=pitch)
        voice.notes.append(pretty_midi.Note(moved.velocity, moved.pitch, moved.onset, moved.offset))
    midi.instruments.append(voice)
    for note, unsure in zip(voice.notes, doubtful, strict=False):
        if unsure:
            midi.lyrics.append(pretty_midi.Lyric("?", note.start))
    with atomic_path(path) as temporary:
        midi.write(str(temporary))
