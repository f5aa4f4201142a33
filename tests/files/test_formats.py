"""Versions of files: older ones are brought up to date, later ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.files.formats import check_version, migrated, read_versioned, write_versioned

MIGRATIONS = {
    1: lambda values: {"milliseconds": 1000 * values["seconds"]},
    2: lambda values: {**values, "name": "unnamed"},
}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"seconds": 2}, {"milliseconds": 2000, "name": "unnamed"}),
        ({"format_version": 1, "seconds": 2}, {"milliseconds": 2000, "name": "unnamed"}),
        ({"format_version": 2, "milliseconds": 5}, {"milliseconds": 5, "name": "unnamed"}),
        ({"format_version": 3, "milliseconds": 5, "name": "a"}, {"milliseconds": 5, "name": "a"}),
    ],
)
def test_every_earlier_version_becomes_the_current_one(values: dict, wanted: dict) -> None:
    assert migrated(values, 3, MIGRATIONS, "x.json") == wanted


def test_a_later_version_and_none_at_all_are_refused() -> None:
    with pytest.raises(InputError, match=r"x\.json: format 4, this version reads 3"):
        check_version(4, 3, "x.json")
    for nothing in (0, -1, "new", 1.5):
        with pytest.raises(InputError, match=r"x\.json: .* is no version"):
            check_version(nothing, 3, "x.json")
    assert check_version(None, 3, "x.json") == 1


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_versioned(tmp_path / "a.json", {"b": [1, 2]}, 1)
    assert read_versioned(tmp_path / "a.json", 1) == {"b": [1, 2]}
