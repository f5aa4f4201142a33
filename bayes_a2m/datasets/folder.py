"""Data folders: ``voice_<number>.wav`` beside ``midi_<number>.mid``.

Folders in the form of MAESTRO or of vocadito (:mod:`bayes_a2m.datasets.maestro`, ``vocadito``) are
known by what lies in them, and load alike.

There may be ``metadata.csv`` (``id,condition,split,take``) and ``dataset.yaml`` (``pitches``,
``sounding_offset``, ``name``, ``seconds``). Without a ``split`` column splits are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bayes_a2m.datasets import splits
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.folder_scan import SOUND as SOUND
from bayes_a2m.datasets.folder_scan import Entry as Entry
from bayes_a2m.datasets.folder_scan import FolderScan as FolderScan
from bayes_a2m.datasets.folder_scan import FolderSettings as FolderSettings
from bayes_a2m.datasets.folder_scan import read_settings as read_settings
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.files import is_given
from bayes_a2m.files.atomic import real_path
from bayes_a2m.files.csv import read_csv
from bayes_a2m.music import Note, Vocabulary, midi
from bayes_a2m.music.polyphony import collapse

COLUMNS = ("id", "condition", "split", "take")


def scan(path: Path) -> FolderScan:
    """List a data folder.

    Raises
    ------
    InputError
        If the folder is missing or empty, or ``metadata.csv`` or ``dataset.yaml`` is malformed.
    """
    from bayes_a2m.datasets.maestro import find_table, scan_maestro
    from bayes_a2m.datasets.vocadito import is_vocadito, scan_vocadito

    if not path.is_dir():
        raise InputError(f"{path}: no such data folder")
    if is_vocadito(path):
        return scan_vocadito(path)
    if table := find_table(path):
        return scan_maestro(path, table)
    sounds = _numbered(path, "voice", SOUND)
    midis = _numbered(path, "midi", (".mid", ".midi"))
    if not sounds:
        raise InputError(
            f"{path}: no recording in this folder; recordings are named voice_001.wav, "
            "their notes midi_001.mid"
        )
    rows = read_metadata(path / "metadata.csv")
    entries = []
    for id_ in sorted({*sounds, *midis}, key=lambda i: (int(i), i)):
        row = rows.get(id_, {})
        entries.append(
            Entry(
                id_,
                sounds.get(id_),
                midis.get(id_),
                condition=row.get("condition", ""),
                split=row.get("split", ""),
                take=row.get("take", ""),
            )
        )
    return FolderScan(
        path,
        read_settings(path / "dataset.yaml"),
        tuple(entries),
        unknown=tuple(i for i in rows if i not in sounds and i not in midis),
        has_splits=any(row.get("split") for row in rows.values()),
    )


def load_folder(
    path: str | Path,
    *,
    seed: int = 0,
    read: Callable[[Path, Vocabulary, float], Sequence[Note]] = midi.read_for,
) -> Dataset:
    """Load a data folder; its sound is read when it is asked for.

    Parameters
    ----------
    path
        The folder.
    seed
        Seed of the splits that are drawn where the metadata name none.
    read
        Function that reads the notes of a MIDI file, given the vocabulary and the recording's
        seconds.

    Raises
    ------
    InputError
        If a recording has no MIDI or the other way round, a MIDI file is not one or holds a
        pitch outside the vocabulary, or the metadata name an id that has no file.
        ``bayes-a2m verify`` lists all such problems at once.
    """
    from bayes_a2m.datasets.vocadito import read_notes_for

    path = Path(path)
    content = scan(path)
    if content.unknown:
        raise InputError(
            f"{path / 'metadata.csv'}: no recording with id {', '.join(content.unknown[:5])}; "
            "correct or remove the row"
        )
    settings = content.settings
    vocabulary = settings.vocabulary
    recordings = []
    for entry in content.entries:
        if entry.sound is None:
            raise InputError(f"{entry.midi}: no recording voice_{entry.id} beside this MIDI file")
        if entry.midi is None:
            raise InputError(f"{entry.sound}: no notes midi_{entry.id}.mid beside this recording")
        recording = Recording(
            entry.id,
            path=entry.sound,
            condition=entry.condition,
            split=entry.split,
            take=entry.take,
        )
        reader = read_notes_for if entry.midi.suffix.lower() == ".csv" else read
        notes = reader(entry.midi, vocabulary, recording.duration)
        if settings.polyphony != "latest":  # which is the rule of labels anyway
            notes = collapse(notes, settings.polyphony)
        recordings.append(replace(recording, notes=tuple(notes)))
    if not content.has_splits:
        drawn = splits.draw(recordings, seed=seed)
        recordings = [replace(r, split=drawn[r.id]) for r in recordings]
    return Dataset(tuple(recordings), vocabulary, settings.name or real_path(path).name)


def read_metadata(path: Path) -> dict[str, dict[str, str]]:
    """Read the rows of ``metadata.csv`` by id; nothing where there is no such file.

    Raises
    ------
    InputError
        If it cannot be read, a column is unknown, ``id`` is missing, or an id is given twice.
    """
    if not is_given(path):
        return {}
    lines = [cells for _, cells in read_csv(path)]
    header = lines[0] if lines else []
    empty = dict.fromkeys(header, "")
    rows = [{**empty, **dict(zip(header, row, strict=False))} for row in lines[1:]]
    if "id" not in header:
        raise InputError(f"{path}: the first line must name the columns, among them 'id'")
    for name in header:
        if name not in COLUMNS:
            raise InputError(f"{path}: unknown column {name!r}{suggest(name, COLUMNS)}")
    by_id: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["id"] in by_id:
            raise InputError(f"{path}: id {row['id']} is given twice")
        by_id[row["id"]] = row
    return by_id


def _numbered(path: Path, stem: str, endings: tuple[str, ...]) -> dict[str, Path]:
    """Files ``<stem>_<number><ending>`` by number as written.

    Raises
    ------
    InputError
        If a number is there twice.
    """
    files: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        match = re.fullmatch(rf"{stem}_(\d+)", file.stem)
        if match and file.suffix.lower() in endings:
            if match[1] in files:
                raise InputError(f"{file}: {files[match[1]].name} has the same number; remove one")
            files[match[1]] = file
    return files
