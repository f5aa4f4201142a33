"""Verify: check the data folder, as ``bayes-a2m verify`` does."""

from __future__ import annotations

from bayes_a2m.datasets import verify as checks
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.reporting.html import plural


def verify(context: DemoContext) -> Outcome:
    """Check the data folder; the record is that of ``verify --json``."""
    with context.watch.bar("checking") as update:
        report = checks.verify(context.folder / "data", update)
    record = report.record.model_copy(update={"folder": "data"})
    words = f"{plural(record.errors, 'error')}, {plural(record.warnings, 'warning')}"
    return Outcome(record, words)
