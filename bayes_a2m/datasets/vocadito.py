"""Folders in the form of vocadito: sung recordings, notes and fundamental frequencies as CSV files.

The form (Bittner et al. 2021, https://zenodo.org/record/5578807): ``Audio/NAME.wav``,
``Annotations/Notes/NAME_notesA1.csv`` (onset s, pitch Hz, duration s; a second annotator's
``notesA2`` is not read) and ``Annotations/F0/NAME_f0.csv`` (time s, Hz, 0 where unvoiced). Classes
are all semitones from the lowest to the highest note, unless ``dataset.yaml`` names ``pitches``.
Recordings of one singer, where ``vocadito_metadata.csv`` has a column ``singer_id``, are one take.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.folder_scan import SOUND, Entry, FolderScan, read_settings
from bayes_a2m.errors import InputError
from bayes_a2m.files import is_given
from bayes_a2m.files.csv import read_csv
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.music.notes import clip

ANNOTATOR = "_notesA1"
"""Which notes are read: those of the first annotator."""


def is_vocadito(path: Path) -> bool:
    """Whether a folder has the form of vocadito."""
    return (path / "Audio").is_dir() and (path / "Annotations" / "Notes").is_dir()


def scan_vocadito(path: Path) -> FolderScan:
    """List a folder.

    Raises
    ------
    InputError
        If there is no recording, or one without notes.
    """
    singers = _singers(path / "vocadito_metadata.csv")
    entries, lowest, highest = [], 127, 0
    for sound in sorted((path / "Audio").iterdir()):
        if sound.suffix.lower() not in SOUND:
            continue
        notes = path / "Annotations" / "Notes" / f"{sound.stem}{ANNOTATOR}.csv"
        if not notes.is_file():
            raise InputError(f"{sound}: no notes {notes}")
        pitches = [note.pitch for note in read_notes(notes)]
        lowest, highest = min([lowest, *pitches]), max([highest, *pitches])
        singer = singers.get(sound.stem.rpartition("_")[2], "")
        entries.append(Entry(sound.stem, sound, notes, take=singer))
    if not entries or lowest > highest:
        raise InputError(f"{path / 'Audio'}: no recording with notes in this folder")
    settings = read_settings(path / "dataset.yaml")
    if "pitches" not in settings.model_fields_set:
        settings = settings.model_copy(update={"pitches": tuple(range(lowest, highest + 1))})
    return FolderScan(path, settings, tuple(entries), unknown=(), has_splits=False)


def read_notes(path: Path) -> list[Note]:
    """Read notes from a CSV file of onset (s), pitch (Hz) and duration (s).

    Raises
    ------
    InputError
        If a row is something else.
    """
    notes = []
    for line, (onset, frequency, duration) in _numbers(path, 3):
        if frequency <= 0 or duration <= 0 or onset < 0:
            raise InputError(f"{path}: line {line}: no note has such a pitch or duration")
        pitch = round(69 + 12 * math.log2(frequency / 440))
        if not 0 <= pitch <= 127:
            raise InputError(f"{path}: line {line}: {frequency:g} Hz is outside of MIDI")
        notes.append(Note(onset, onset + duration, pitch))
    return sorted(notes)


def read_notes_for(path: Path, vocabulary: Vocabulary, duration: float) -> list[Note]:
    """Read the notes of a recording, clipped to its length.

    Raises
    ------
    InputError
        If a row is no note, or a pitch is outside of the vocabulary.
    """
    notes = read_notes(path)
    outside = sorted({n.pitch for n in notes} - set(vocabulary.pitches))
    if outside:
        names = ", ".join(vocabulary.pitch_name(pitch) for pitch in outside)
        raise InputError(
            f"{path}: notes outside the vocabulary ({names}); add their pitches to dataset.yaml"
        )
    return clip(notes, duration)


def read_f0(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read a curve of fundamental frequencies.

    Returns
    -------
    times : ndarray, shape (frame,)
        Seconds.
    frequencies : ndarray, shape (frame,)
        Hz; 0 where unvoiced.

    Raises
    ------
    InputError
        If a row is no time and frequency.
    """
    rows = np.array([row for _, row in _numbers(path, 2)], dtype=np.float64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _numbers(path: Path, count: int) -> list[tuple[int, list[float]]]:
    """The rows of a file of so many numbers each, with the number of the line."""
    rows = []
    for line, cells in read_csv(path):
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            row = []
        if len(row) != count or not all(map(math.isfinite, row)):
            raise InputError(f"{path}: line {line}: must hold {count} numbers")
        rows.append((line, row))
    return rows


def _singers(path: Path) -> dict[str, str]:
    """The singer of every recording, by the number at the end of its name."""
    if not is_given(path):
        return {}
    lines = [cells for _, cells in read_csv(path)]
    if not lines or "singer_id" not in lines[0]:
        return {}
    place = lines[0].index("singer_id")
    return {cells[0]: f"singer {cells[place]}" for cells in lines[1:] if len(cells) > place}
