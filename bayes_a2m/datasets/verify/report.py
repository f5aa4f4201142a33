"""All that is wrong with a data folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from bayes_a2m.datasets.verify.problem import Problem

FORMAT_VERSION = 1
"""Of :meth:`VerifyReport.to_dict`; ``schemas/verify.json`` describes it."""


@dataclass(frozen=True)
class VerifyReport:
    """What :func:`verify` found.

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
        """What must be mended."""
        return tuple(p for p in self.problems if p.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What should be looked at."""
        return tuple(p for p in self.problems if p.level == "warning")

    @property
    def summary(self) -> dict[str, int]:
        """How many problems of each code, the errors' codes first."""
        return dict(Counter(p.code for p in self.problems))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON (``schemas/verify.json``)."""
        return {
            "format_version": FORMAT_VERSION,
            "folder": self.folder,
            "recordings": self.recordings,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "summary": self.summary,
            "problems": [asdict(p) for p in self.problems],
        }
