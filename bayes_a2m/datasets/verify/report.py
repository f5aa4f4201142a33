"""All that is wrong with a data folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from bayes_a2m import renamed
from bayes_a2m.datasets.verify.problem import Code, Problem
from bayes_a2m.files.record import Count, Record


class VerifyRecord(Record):
    """Every problem of a data folder: what ``verify --json`` writes.

    Attributes
    ----------
    format_version
        The version of this file; raised when a reader must change.
    folder
        The data folder, as it was given.
    recordings
        How many recordings it holds.
    errors, warnings
        How many of the problems are errors, and how many warnings.
    summary
        How many problems there are of each code.
    problems
        Errors first, then warnings; within each by file.
    """

    format_version: Literal[1] = 1
    folder: str
    recordings: Count
    errors: Count
    warnings: Count
    summary: dict[Code, Count]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class VerifyReport:
    """The problems that :func:`verify` found.

    Attributes
    ----------
    folder
        The folder, as given.
    recordings
        How many recordings it holds.
    problems
        Errors first, then warnings; within each, the folder's own files, then by number.
    """

    folder: str
    recordings: int
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that must be mended."""
        return tuple(p for p in self.problems if p.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that should be looked at."""
        return tuple(p for p in self.problems if p.level == "warning")

    @property
    def summary(self) -> dict[Code, int]:
        """Number of problems of each code, the errors' codes first."""
        return dict(Counter(p.code for p in self.problems))

    @property
    def record(self) -> VerifyRecord:
        """The report as JSON files hold it."""
        return VerifyRecord(
            folder=self.folder,
            recordings=self.recordings,
            errors=len(self.errors),
            warnings=len(self.warnings),
            summary=self.summary,
            problems=self.problems,
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return self.record.to_dict()


__getattr__ = renamed.names_of(__name__)
