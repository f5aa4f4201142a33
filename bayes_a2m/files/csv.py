"""CSV files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from bayes_a2m.files.reading import read_text, reading

LIMIT = 16 * 2**20
"""Bytes that a table may have."""


def read_csv(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file that are not empty, each with the number of its line.

    Spaces around cells are left out.

    Raises
    ------
    InputError
        If it cannot be read, is too large, or is no CSV.
    """
    text = read_text(path, "a table (CSV)", limit=LIMIT)
    with reading(path, "CSV"):
        reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
        return [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
