"""The training of the models, and what their predictions cost."""

from __future__ import annotations

from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.reporting.training import has_losses, loss_caption, loss_figure


class Training(Section):
    """The loss by epoch, where there was training by epochs, and the table of cost."""

    name = "training"
    title = "Training and cost"

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures and tables, and give what the page shows."""
        pictures = []
        notes = []
        for entry in context.entries:
            if has_losses(entry.training_log):
                pictures.append(
                    context.picture(
                        "training",
                        loss_figure(entry.training_log),
                        loss_caption(entry.training_log),
                        "Two curves of loss by epoch: training split and tuning split.",
                        entry=entry,
                        kind="narrow",
                    )
                )
            else:
                why = "foreign predictions" if entry.origin == "predictions" else "no epochs"
                notes.append(f"{entry.name}: no loss curve ({why}).")
        return SectionContent(
            "The loss that chose the epoch, and what an answer costs: time for a second of sound "
            "on the machine of this report, the most memory this process held, parameters.",
            tuple(pictures),
            (context.table(_cost(context)),),
            tuple(notes),
        )


def _cost(context: ReportContext) -> Table:
    columns = (
        Column("model", "model"),
        Column("method", "method"),
        Column("draws", "draws", "number", 0),
        Column("seconds_per_audio_second", "s for a second of sound", "number", 4),
        Column("peak_memory_mb", "memory (MiB)", "number", 0),
        Column("parameters", "parameters", "number", 0),
        Column("training_seconds", "training (s)", "number", 0),
    )
    rows = []
    for entry in context.entries:
        cost = entry.metrics.cost
        rows.append(
            (
                entry.name,
                entry.method or entry.origin,
                entry.metrics.draws,
                *(getattr(cost, c.key) for c in columns[3:]),
            )
        )
    return Table("cost", "What it costs", columns, tuple(rows))
