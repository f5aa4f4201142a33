"""Folders in the form of MAESTRO: nested recordings and MIDI, listed in a table.

The table (Hawthorne et al. 2019, https://magenta.tensorflow.org/datasets/maestro) is a CSV file in
the folder with the columns ``audio_filename`` and ``midi_filename``, relative to the folder, and
mostly ``split``, ``canonical_composer`` and ``canonical_title``. Performances of one piece are one
take, so that drawn splits and folds keep them together. Classes are the 88 keys of a piano, and of
notes that sound together the highest is heard, unless ``dataset.yaml`` says otherwise (``pitches``,
``polyphony``). Notes last as long as their keys are held; pedals are not looked at.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

from bayes_a2m.datasets.folder_scan import Entry, FolderScan, read_settings
from bayes_a2m.errors import InputError
from bayes_a2m.files.csv import read_csv

AUDIO, MIDI = "audio_filename", "midi_filename"
"""Columns by which the table is known."""

KEYS = tuple(range(21, 109))
"""The pitches of a piano."""


def find_table(path: Path) -> Path | None:
    """Find the table of a folder; None where there is none.

    Raises
    ------
    InputError
        If there are several.
    """
    tables = [file for file in sorted(path.glob("*.csv")) if {AUDIO, MIDI} <= _header(file)]
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables)
        raise InputError(f"{path}: several tables list recordings ({names}); keep one of them")
    return tables[0] if tables else None


def scan_maestro(path: Path, table: Path) -> FolderScan:
    """List a folder by its table.

    Raises
    ------
    InputError
        If a row names no files, or files that are not there.
    """
    lines = read_csv(table)
    header = lines[0][1]
    rows = [(line, dict(zip(header, cells, strict=False))) for line, cells in lines[1:]]
    if not rows:
        raise InputError(f"{table}: lists no recording")
    stems = Counter(_stem(row.get(AUDIO, "")) for _, row in rows)
    entries = []
    for line, row in rows:
        sound = _file(path, table, line, row.get(AUDIO, ""))
        notes = _file(path, table, line, row.get(MIDI, ""))
        name = row[AUDIO]
        stem = _stem(name)
        entries.append(
            Entry(
                stem if stems[stem] == 1 else str(PurePosixPath(name).with_suffix("")),
                sound,
                notes,
                split=row.get("split", ""),
                take=": ".join(
                    filter(None, (row.get("canonical_composer"), row.get("canonical_title")))
                ),
            )
        )
    given = read_settings(path / "dataset.yaml")
    usual = {"pitches": KEYS, "polyphony": "highest"}
    missing = {key: value for key, value in usual.items() if key not in given.model_fields_set}
    return FolderScan(
        path,
        given.model_copy(update=missing),
        tuple(entries),
        unknown=(),
        has_splits=any(entry.split for entry in entries),
    )


def _header(file: Path) -> set[str]:
    """The cells of a file's first line; none where it cannot be read, which others will tell."""
    if not file.is_file():  # a pipe would never end
        return set()
    try:
        with file.open(encoding="utf-8-sig") as lines:
            return {cell.strip() for cell in lines.readline(4096).split(",")}
    except (OSError, ValueError):
        return set()


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _file(path: Path, table: Path, line: int, name: str) -> Path:
    """A file that a row names, which must lie within the folder."""
    if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise InputError(f"{table}: line {line}: must name files within the folder, not {name!r}")
    if not (path / name).is_file():
        raise InputError(f"{table}: line {line}: no file {name} in {path}")
    return path / name
