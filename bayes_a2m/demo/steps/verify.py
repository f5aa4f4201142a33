"""Verify: check the data folder, as ``bayes-a2m verify`` does."""

from __future__ import annotations

from bayes_a2m.datasets import verify as checks
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.reporting.html import plural


def verify(context: DemoContext) -> Outcome:
    """Check the data folder, and give every kind of problem with its first example."""
    with context.watch.bar("checking") as update:
        report = checks.verify(context.folder / "data", update)
    kinds = []
    for code, count in report.summary.items():
        first = next(problem for problem in report.problems if problem.code == code)
        example = {"file": first.file, "message": first.message}
        kinds.append({"level": first.level, "code": code, "count": count, **example})
    facts = {
        "recordings": report.recordings,
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        "kinds": kinds,
    }
    words = f"{plural(len(report.errors), 'error')}, {plural(len(report.warnings), 'warning')}"
    return Outcome(facts, words)
