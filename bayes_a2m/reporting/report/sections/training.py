"""How models were trained, and what their answers cost."""

from __future__ import annotations

import csv
import io

from bayes_a2m.reporting.report.context import Draft
from bayes_a2m.reporting.report.entry import Subject
from bayes_a2m.reporting.report.section import Part
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.reporting.training import has_losses, loss_figure


def training(draft: Draft) -> Part:
    """Loss by epoch, where there was training by epochs, and the table of cost."""
    pictures = []
    notes = []
    for subject in draft.subjects:
        if has_losses(subject.training_log):
            pictures.append(
                draft.picture(
                    "training",
                    loss_figure(subject.training_log),
                    _caption(subject),
                    "Two curves of loss by epoch: of the fitting part and of the tuning part.",
                    subject=subject,
                    kind="narrow",
                )
            )
        else:
            why = "foreign predictions" if subject.origin == "predictions" else "no epochs"
            notes.append(f"{subject.name}: no loss curve ({why}).")
    return Part(
        "training",
        "Training and cost",
        "The loss that chose the epoch, and what an answer costs: time for a second of sound on "
        "the machine of this report, the most memory this process held, trained numbers.",
        tuple(pictures),
        (draft.table(_cost(draft)),),
        tuple(notes),
    )


def _caption(subject: Subject) -> str:
    rows = list(csv.DictReader(io.StringIO(subject.training_log)))
    best = min(rows, key=lambda row: float(row["tuning_nll"]))
    return (
        f"Of {len(rows)} epochs, epoch {int(float(best['epoch'])) + 1} has the lowest loss on the "
        f"tuning part, {float(best['tuning_nll']):.3f}."
    )


def _cost(draft: Draft) -> Table:
    columns = (
        Column("model", "model"),
        Column("method", "method"),
        Column("draws", "draws", "number", 0),
        Column("seconds_per_audio_second", "s for a second of sound", "number", 4),
        Column("peak_memory_mb", "memory (MiB)", "number", 0),
        Column("parameters", "trained numbers", "number", 0),
        Column("training_seconds", "training (s)", "number", 0),
    )
    rows = []
    for subject in draft.subjects:
        cost = subject.metrics["cost"]
        rows.append(
            (
                subject.name,
                subject.method or subject.origin,
                subject.metrics["draws"],
                *(cost[c.key] for c in columns[3:]),
            )
        )
    return Table("cost", "What it costs", columns, tuple(rows))
