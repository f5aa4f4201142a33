"""Tables of a page: sortable there, and as CSV beside it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bayes_a2m.errors import InputError
from bayes_a2m.escape import encodable
from bayes_a2m.files import atomic_path
from bayes_a2m.resampling.bootstrap import Interval

Cell: TypeAlias = str | float | int | Interval | None
"""Text, a number, nothing, or a score with its interval."""

KINDS = ("text", "number", "interval")

_RUN = ("=", "+", "-", "@", "\t", "\r")
"""The first characters that make a spreadsheet take a text for a formula."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key
        The column's name in the CSV.
    title
        The heading on the page.
    kind
        One of :data:`KINDS`.
    digits
        Decimals on the page; the CSV has all.
    """

    key: str
    title: str
    kind: str = "text"
    digits: int = 3


@dataclass(frozen=True)
class Table:
    """A table; the first column names the rows.

    Attributes
    ----------
    name
        The name of its file: letters, digits, ``_`` and ``-``.
    caption
        The caption of the table.
    columns, rows
        Every row has a cell a column.

    Examples
    --------
    >>> table = Table("t", "Scores", (Column("model", "model"),), (("crnn",),))
    >>> len(table.rows)
    1
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if not self.name.replace("_", "").replace("-", "").isalnum():
            raise InputError(f"{self.name!r}: a table's name has letters, digits, _ and - only")
        keys = [c.key for c in self.columns]
        if not keys or len(set(keys)) < len(keys):
            raise InputError(f"table {self.name}: give columns, each with a key of its own")
        for column in self.columns:
            if column.kind not in KINDS:
                raise InputError(f"table {self.name}: {column.kind!r} is none of {KINDS}")
        for row in self.rows:
            if len(row) != len(keys):
                raise InputError(
                    f"table {self.name}: a row of {len(row)} cells for {len(keys)} columns"
                )

    def without(self, key: str) -> Table:
        """The same without a column, where it is there."""
        keep = [i for i, column in enumerate(self.columns) if column.key != key]
        return Table(
            self.name,
            self.caption,
            tuple(self.columns[i] for i in keep),
            tuple(tuple(row[i] for i in keep) for row in self.rows),
        )

    def write_csv(self, path: Path) -> None:
        """Write RFC 4180, atomically; an interval is three columns, what is not there is empty.

        A text that a spreadsheet would run as a formula gets an apostrophe in front.
        """
        header: list[str] = []
        for column in self.columns:
            header.append(column.key)
            if column.kind == "interval":
                header += [f"{column.key}_low", f"{column.key}_high"]
        with (
            atomic_path(path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(header)
            for row in self.rows:
                cells: list[str] = []
                for column, cell in zip(self.columns, row, strict=True):
                    cells += _texts(column, cell)
                writer.writerow([encodable(cell) for cell in cells])


def sort_key(cell: Cell) -> str:
    """The value that a cell is sorted by on the page; empty where there is nothing.

    >>> sort_key(Interval(0.25, 0.2, 0.3)), sort_key(None), sort_key("E4")
    ('0.25', '', 'E4')
    """
    value = cell.value if isinstance(cell, Interval) else cell
    return "" if value is None else str(value)


def shown(column: Column, cell: Cell) -> str:
    """A cell as it reads, without its interval.

    >>> shown(Column("n", "frames", "number", 0), 29970)
    '29,970'
    """
    value = cell.value if isinstance(cell, Interval) else cell
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else f"{value:,.{column.digits}f}"


def _texts(column: Column, cell: Cell) -> list[str]:
    if column.kind == "interval":
        given = cell if isinstance(cell, Interval) else Interval(None)
        values = (given.value, given.low, given.high)
        return ["" if v is None else repr(float(v)) for v in values]
    if cell is None:
        return [""]
    if isinstance(cell, str):
        return [f"'{cell}" if cell.startswith(_RUN) else cell]
    return [str(cell)]
