"""The figure of a study's arms, from the files that the study wrote: models need not be there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError
from bayes_a2m.files.reading import read_text
from bayes_a2m.reporting.study import study_figure
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.studies.record import StudyRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE = "arms.png"
"""The figure's name in a study's folder."""


def figure_of(folder: Path) -> Figure:
    """Draw the figure of a study from its ``table.csv`` and ``compare.json``.

    Raises
    ------
    InputError
        If one of the files is missing or holds something else.
    """
    record = StudyRecord.read(folder / "compare.json")
    scores = read_scores(folder / "table.csv")
    return study_figure(scores, record.comparisons, reference=record.reference)


def read_scores(path: Path) -> dict[str, dict[str, Interval | None]]:
    """Read the scores of every arm, with their intervals, from a study's ``table.csv``.

    Raises
    ------
    InputError
        If the file is missing, or is no such table.
    """
    rows = list(csv.DictReader(read_text(path, "a table").splitlines()))
    if not rows or "arm" not in rows[0]:
        raise InputError(f"{path}: not a study's table: it has no row, or no column arm")
    scored = [key for key in rows[0] if f"{key}_low" in rows[0]]
    try:
        return {
            row["arm"]: {
                key: Interval(*(_number(row[f"{key}{end}"]) for end in ("", "_low", "_high")))
                for key in scored
            }
            for row in rows
        }
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _number(text: str) -> float | None:
    return float(text) if text else None
