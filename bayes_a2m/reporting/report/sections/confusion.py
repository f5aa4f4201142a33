"""What is taken for what."""

from __future__ import annotations

import numpy as np

from bayes_a2m.reporting.confusion import confusion_caption, confusion_figure
from bayes_a2m.reporting.report.context import Draft, triple
from bayes_a2m.reporting.report.entry import Subject
from bayes_a2m.reporting.report.section import Part
from bayes_a2m.reporting.table import Cell, Column, Table


def confusion(draft: Draft) -> Part:
    """Confusion matrices, absolute and by row, and the errors of every class by name."""
    pictures, tables = [], []
    for subject in draft.subjects:
        table = np.asarray(subject.metrics["confusion"])
        pictures.append(
            draft.picture(
                "confusion",
                confusion_figure(table, draft.names),
                confusion_caption(table, draft.names),
                "Squares: rows are the true class, columns the class called; each holds the share "
                "of the true class and the number of frames.",
                subject=subject,
                kind="narrow",
            )
        )
        tables.append(draft.table(_matrix(draft, subject, table)))
    tables.append(draft.table(_errors(draft)))
    return Part(
        "confusion",
        "What is taken for what",
        "Read along a row: of all frames that truly are this class, how many are called what. A "
        "frame called a class it is not of is that class’s false positive; a frame of a class "
        "that is called something else is its false negative.",
        tuple(pictures),
        tuple(tables),
    )


def _matrix(
    draft: Draft, subject: Subject, table: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> Table:
    total = np.maximum(table.sum(axis=1), 1)
    columns = [Column("truth", "truth")]
    columns += [Column(f"called_{n}", f"called {n}", "number", 0) for n in draft.names]
    columns += [Column(f"share_{n}", f"share {n}", "number", 4) for n in draft.names]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *map(int, table[k]), *(float(x) for x in table[k] / total[k]))
        for k, name in enumerate(draft.names)
    )
    who = draft.title_of(subject)
    caption = f"Frames by truth and call, absolute and by row{': ' + who if who else ''}"
    return Table(f"confusion_{draft.stem(subject)}", caption, tuple(columns), rows)


def _errors(draft: Draft) -> Table:
    columns = (
        Column("model", "model"),
        Column("class", "class"),
        Column("precision", "precision", "interval"),
        Column("recall", "recall", "interval"),
        Column("false_positives", "false positives", "number", 0),
        Column("false_negatives", "false negatives", "number", 0),
    )
    rows = []
    for subject in draft.subjects:
        for name, scores in subject.metrics["per_class"].items():
            counts = (scores[key] for key in ("false_positives", "false_negatives"))
            rows.append(
                (
                    subject.name,
                    name,
                    triple(scores["precision"]),
                    triple(scores["recall"]),
                    *(None if c is None else c["value"] for c in counts),
                )
            )
    return Table("errors", "Precision, recall and errors of every class", columns, tuple(rows))
