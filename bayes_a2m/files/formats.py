"""Versions of written formats: a reader checks them, and brings older ones up to date.

Everything that is written holds ``format_version``; a file without one is of version 1, which is
what 0.1.0 wrote. A reader names the version that it reads and, for each one before, the migration
to the next. A file of a later version is refused with a line that says so.

>>> migrated({"gain": 2}, 1, {}, "model/part.json")
{'gain': 2}
>>> import math
>>> to_decibels = {1: lambda values: {"gain_db": 20 * math.log10(values["gain"])}}
>>> migrated({"gain": 10}, 2, to_decibels, "model/part.json")
{'gain_db': 20.0}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from bayes_a2m.errors import InputError
from bayes_a2m.files.json import read_json, write_json

KEY = "format_version"
"""What the version is called in every file."""

Migrations: TypeAlias = Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]
"""From the values of a version to those of the next, by that version."""


def check_version(found: object, current: int, place: str) -> int:
    """See that a file is of a version that can be read.

    Parameters
    ----------
    found
        The version that the file names; None where it names none, which is version 1.
    current
        The version that is written, the latest that can be read.
    place
        The file, for the error.

    Returns
    -------
    int
        The version of the file.

    Raises
    ------
    InputError
        If it is a later version, or none at all.
    """
    try:
        version = 1 if found is None else int(str(found))
    except ValueError:
        version = 0
    if version > current:
        raise InputError(
            f"{place}: format {version}, this version reads {current}; install the version of "
            "bayes_a2m that made it, or a later one"
        )
    if version < 1:
        raise InputError(f"{place}: {found!r} is no version of a format; make the file again")
    return version


def migrated(
    values: Mapping[str, Any], current: int, migrations: Migrations, place: str
) -> dict[str, Any]:
    """The values of a file as the current version has them, without the version.

    Parameters
    ----------
    values
        What the file holds.
    current, place
        As :func:`check_version` has them.
    migrations
        From every version before the current one to the next.

    Raises
    ------
    InputError
        If the file is of a version that cannot be read.
    """
    version = check_version(values.get(KEY), current, place)
    result = {key: value for key, value in values.items() if key != KEY}
    for step in range(version, current):
        result = migrations[step](result)
    return result


def write_versioned(path: Path, values: Mapping[str, Any], version: int) -> None:
    """Write a JSON file with its version."""
    write_json(path, {KEY: version, **values})


def read_versioned(path: Path, current: int, migrations: Migrations | None = None) -> Any:
    """Read a JSON file as the current version has it.

    Parameters
    ----------
    path
        The file.
    current, migrations
        As :func:`migrated` has them.

    Raises
    ------
    InputError
        If it is missing, is not JSON, or is of a version that cannot be read.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        return values
    return migrated(values, current, migrations or {}, str(path))
