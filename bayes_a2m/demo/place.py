"""The folder of a demo, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_folder, read_json

RECORD = "demo.json"
"""The file by which a demo is known again."""

MADE_BY = "bayes-a2m demo"


def ensure_replaceable(out: Path) -> None:
    """Refuse a place that holds anything but an earlier demo.

    Raises
    ------
    InputError
        If ``out`` is a file, a folder that somebody works in, or one with files that no demo
        made.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: is a file; --out names a folder")
    here = Path.cwd().resolve()
    if out.resolve() in (here, *here.parents):
        raise InputError(f"{out}: is the folder you are in; give another --out")
    strangers = _strangers(out)
    if strangers:
        raise InputError(
            f"{out}: holds {strangers[0]}, which the demo did not make; give another --out or move "
            "it away"
        )


@contextmanager
def building(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` that takes its place when the block ends well.

    If the block raises, or is interrupted, the folder is removed and ``out`` is as it was.

    Raises
    ------
    InputError
        Where :func:`ensure_replaceable` does, or if the folder cannot be made.
    """
    ensure_replaceable(out)
    with atomic_folder(out.resolve(), lambda folder: not _strangers(folder)) as folder:
        yield folder


def files_in(folder: Path) -> list[str]:
    """Every file below a folder, relative to it, ascending."""
    return sorted(
        (Path(parent) / name).relative_to(folder).as_posix()
        for parent, _, names in os.walk(folder)
        for name in names
    )


def _strangers(out: Path) -> list[str]:
    """Files that no demo made."""
    return sorted(set(files_in(out)) - set(_recorded(out)))


def _recorded(out: Path) -> list[str]:
    """The files that an earlier demo says it made; none where there was no demo."""
    if not (out / RECORD).is_file():
        return []
    try:
        record = read_json(out / RECORD)
    except InputError:
        return []
    if not isinstance(record, dict) or record.get("made_by") != MADE_BY:
        return []
    return [str(name) for name in record.get("files", [])]
