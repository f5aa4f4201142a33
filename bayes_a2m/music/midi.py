"""MIDI files in and out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path
from bayes_a2m.music.notes import Note, clip
from bayes_a2m.music.vocabulary import Vocabulary


@dataclass(frozen=True)
class MidiContent:
    """What a MIDI file holds, and what had to be put right.

    Attributes
    ----------
    notes
        All notes of all tracks but drums, as written, by onset.
    truncated
        Notes that end after the recording.
    outside
        Notes whose pitch is not in the vocabulary.
    """

    notes: tuple[Note, ...]
    truncated: tuple[Note, ...] = ()
    outside: tuple[Note, ...] = ()


def read(path: Path) -> list[Note]:
    """Every note of a MIDI file, by onset, as written.

    Raises
    ------
    InputError
        If the file is missing or is not MIDI.
    """
    import pretty_midi

    if not path.is_file():
        raise InputError(f"{path}: no such MIDI file")
    try:
        midi = pretty_midi.PrettyMIDI(str(path))
    except Exception as error:  # mido raises a dozen kinds, down to IndexError
        reason = str(error) or type(error).__name__
        raise InputError(f"{path}: not a MIDI file ({reason}); export it again") from error
    return sorted(
        Note(float(n.start), float(n.end), int(n.pitch), int(n.velocity))
        for track in midi.instruments
        if not track.is_drum
        for n in track.notes
        if n.end > n.start
    )


def inspect(path: Path, vocabulary: Vocabulary, duration: float) -> MidiContent:
    """Read a MIDI file and say what does not fit a recording of ``duration`` seconds."""
    notes = read(path)
    return MidiContent(
        tuple(notes),
        truncated=tuple(n for n in notes if n.offset > duration + 1e-6),
        outside=tuple(n for n in notes if n.pitch not in vocabulary.pitches),
    )


def read_for(path: Path, vocabulary: Vocabulary, duration: float) -> list[Note]:
    """The notes of a recording, clipped to its length.

    Raises
    ------
    InputError
        If the file is not MIDI, or holds a pitch outside the vocabulary.
    """
    content = inspect(path, vocabulary, duration)
    if content.outside:
        strange = sorted({vocabulary.pitch_name(n.pitch) for n in content.outside})
        raise InputError(
            f"{path}: notes outside the vocabulary ({', '.join(strange)}); add their pitches "
            "to dataset.yaml or correct the file"
        )
    return clip(content.notes, duration)


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
