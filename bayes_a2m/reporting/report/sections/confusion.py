"""Confusion matrices, and precision and recall by class."""

from __future__ import annotations

import numpy as np

from bayes_a2m.reporting.confusion import confusion_caption, confusion_figure
from bayes_a2m.reporting.report.context import ReportContext, known
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.table import Cell, Column, Table


class Confusion(Section):
    """Confusion matrices, absolute and by row, and the errors of every class by name."""

    name = "confusion"
    title = "Confusion matrix"

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures and tables, and give what the page shows."""
        pictures, tables = [], []
        for entry in context.entries:
            table = np.asarray(entry.metrics.confusion)
            pictures.append(
                context.picture(
                    "confusion",
                    confusion_figure(table, context.names),
                    confusion_caption(table, context.names),
                    "Squares: rows are the true class, columns the predicted class; each holds the "
                    "share of the true class and the number of frames.",
                    entry=entry,
                    kind="narrow",
                )
            )
            tables.append(context.table(_matrix(context, entry, table)))
        tables.append(context.table(_errors(context)))
        return SectionContent(
            "Read along a row: of all frames that truly are this class, how many are predicted "
            "as what. A frame predicted as a class it is not of is that class’s false positive; a "
            "frame of a class that is predicted as something else is its false negative.",
            tuple(pictures),
            tuple(tables),
        )


def _matrix(
    context: ReportContext,
    entry: ReportEntry,
    table: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> Table:
    total = np.maximum(table.sum(axis=1), 1)
    columns = [Column("truth", "truth")]
    columns += [Column(f"called_{n}", f"predicted {n}", "number", 0) for n in context.names]
    columns += [Column(f"share_{n}", f"share {n}", "number", 4) for n in context.names]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *map(int, table[k]), *(float(x) for x in table[k] / total[k]))
        for k, name in enumerate(context.names)
    )
    who = context.title_of(entry)
    caption = (
        f"Frames by true and predicted class, and shares of each row{': ' + who if who else ''}"
    )
    return Table(f"confusion_{context.stem(entry)}", caption, tuple(columns), rows)


def _errors(context: ReportContext) -> Table:
    columns = (
        Column("model", "model"),
        Column("class", "class"),
        Column("precision", "precision", "interval"),
        Column("recall", "recall", "interval"),
        Column("false_positives", "false positives", "number", 0),
        Column("false_negatives", "false negatives", "number", 0),
    )
    rows = []
    for entry in context.entries:
        for name, scores in entry.metrics.per_class.items():
            counts = (scores[key] for key in ("false_positives", "false_negatives"))
            rows.append(
                (
                    entry.name,
                    name,
                    known(scores["precision"]),
                    known(scores["recall"]),
                    *(None if c is None else c.value for c in counts),
                )
            )
    return Table("errors", "Precision, recall and errors of every class", columns, tuple(rows))
