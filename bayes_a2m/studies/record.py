"""The content of a study's ``compare.json``: its cells, its failures, and every comparison."""

from __future__ import annotations

from typing import Literal

from bayes_a2m.comparison.compare import Comparison
from bayes_a2m.files.record import Record


class StudyRecord(Record):
    """The results of a study.

    Attributes
    ----------
    format_version
        The version of this file; raised when a reader must change.
    version
        The version of the program that wrote it.
    study, description
        The study's name, and the question it asks.
    reference
        The arm that the others are compared with.
    seeds
        The seeds that every arm is trained from.
    split
        The split that cells are scored on, or that is divided into folds; empty: all recordings.
    folds
        The number of folds; None: there are none.
    cells
        The folder of every cell that was made, by arm and seed; with folds, seed and fold, such as
        ``0.3``.
    failed
        The reason why a cell is missing, by its name.
    comparisons
        Every other arm's comparison with the reference.
    """

    format_version: Literal[1] = 1
    version: str
    study: str
    description: str
    reference: str
    seeds: list[int]
    split: str
    folds: int | None = None
    cells: dict[str, dict[str, str]]
    failed: dict[str, str]
    comparisons: dict[str, Comparison]
