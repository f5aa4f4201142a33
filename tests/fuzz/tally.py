"""How many inputs a run of the fuzz made, for which readers and verbs: said at its end.

What a test counts goes into its report as a property, so that it arrives where the summary is
written, also from the processes of pytest-xdist.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROPERTY = "inputs of the fuzz"
"""The name of the property."""

READER = "reader"
"""Who read an input, where it was given to the reader itself and to no verb."""

KINDS = {"damaged": "damaged files", "absent": "pipes, folders, loops, nothing, unreadable files"}
"""What an input was: the content of a file, or something in place of it."""


@dataclass(frozen=True)
class Tally:
    """Inputs of one test, counted in a file, which its child processes write to, too."""

    path: Path

    def add(self, reader: str) -> None:
        """Count an input that a verb, or :data:`READER`, is given."""
        with self.path.open("a") as file:
            file.write(f"{reader}\n")

    def counts(self) -> dict[str, int]:
        """The number of inputs for each who was given some."""
        return dict(Counter(self.path.read_text().split())) if self.path.exists() else {}


def table(counted: list[dict[str, Any]], failed: int) -> list[str]:
    """Lines of a Markdown table, and of the sums.

    Parameters
    ----------
    counted
        A dictionary for each test: ``file``, ``kind`` (of :data:`KINDS`), ``counts``.
    failed
        The number of tests that failed; each ends at its first input that is not clean.
    """
    kinds = {kind: _sum(counted, kind) for kind in KINDS}
    readers = sorted({who for kind in kinds.values() for by in kind.values() for who in by})
    verbs = [who for who in readers if who != READER]
    rows = ["| file | itself | verbs | no file in its place |", "|---|---|---|---|"]
    for file in dict.fromkeys(str(test["file"]) for test in counted):
        damaged, absent = kinds["damaged"].get(file, Counter()), kinds["absent"].get(file, {})
        by_verb = ", ".join(f"{verb} {damaged[verb]}" for verb in verbs if damaged[verb])
        rows.append(f"| {file} | {damaged[READER]} | {by_verb} | {sum(absent.values())} |")
    by = Counter[str]()
    for kind in kinds.values():
        for counts in kind.values():
            by.update(counts)
    sums = {kind: sum(sum(c.values()) for c in kinds[kind].values()) for kind in kinds}
    return [
        *rows,
        "",
        "Given to: " + ", ".join(f"{who} {by[who]}" for who in (READER, *verbs) if by[who]),
        f"{sum(sums.values())} inputs: "
        + "; ".join(f"{sums[kind]} {words}" for kind, words in KINDS.items()),
        f"Not clean: {failed}",
    ]


def _sum(counted: list[dict[str, Any]], kind: str) -> dict[str, Counter[str]]:
    """The inputs of a kind by file and by who was given them."""
    found: dict[str, Counter[str]] = {}
    for test in counted:
        if test["kind"] == kind:
            found.setdefault(str(test["file"]), Counter()).update(test["counts"])
    return found


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many inputs there were, where there were some."""
    reports = [report for each in terminalreporter.stats.values() for report in each]
    counted, failed = [], 0
    for report in reports:
        properties = dict(getattr(report, "user_properties", ()))
        if report.__class__ is pytest.TestReport and PROPERTY in properties:
            failed += report.failed
            if report.when == "teardown":
                counted.append(properties[PROPERTY])
    if counted:
        terminalreporter.section(PROPERTY)
        for line in table(sorted(counted, key=lambda test: str(test["file"])), failed):
            terminalreporter.write_line(line)
