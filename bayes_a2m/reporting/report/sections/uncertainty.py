"""Predictive uncertainty: its distribution, the variance of each class, and the entropy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayes_a2m.diagnostics.ecdf import ecdfs_of
from bayes_a2m.reporting.ecdf import ecdf_caption, ecdf_figure
from bayes_a2m.reporting.entropy import entropy_caption, entropy_figure, entropy_parts
from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.picture import Picture
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.reporting.variance import variance_caption, variance_figure, variance_parts
from bayes_a2m.resampling.bootstrap import Interval


class Distributions(Section):
    """ECDFs of confidence by right and wrong, of entropy by class, and of mutual information."""

    name = "distributions"
    title = "Distributions of confidence and uncertainty"

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures and tables, and give what the page shows."""
        pictures = []
        for entry in context.entries:
            pictures += _ecdfs(context, entry)
        return SectionContent(
            "A line gives the share of the frames that have at most this much. Where the lines of "
            "right and wrong frames lie far apart, confidence tells errors; bands are by "
            "recording.",
            tuple(pictures),
        )


class Variance(Section):
    """The predictive variance of every class in its two parts."""

    name = "variance"
    title = "Predictive variance of each class"

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures and tables, and give what the page shows."""
        options = context.options
        pictures, rows = [], []
        for entry in context.entries:
            parts = variance_parts(
                entry.posterior,
                context.labels(entry),
                resamples=options.resamples,
                seed=options.seed,
            )
            pictures.append(
                context.picture(
                    "variance",
                    variance_figure(parts),
                    variance_caption(parts),
                    "Stacked bars: mean predictive variance of every class, its part about the "
                    "data and its part about the model.",
                    entry=entry,
                    kind="narrow",
                )
            )
            rows += [
                (
                    entry.name,
                    part["class"],
                    part["frames"],
                    part["expected"],
                    part["draws"],
                    _total(part),
                )
                for part in parts
            ]
        columns = (
            Column("model", "model"),
            Column("class", "class"),
            Column("frames", "frames"),
            Column("expected", "aleatoric uncertainty", "number", 4),
            Column("draws", "epistemic uncertainty", "number", 4),
            Column("total", "variance", "interval", 4),
        )
        table = Table("variance", "Mean predictive variance", columns, tuple(rows))
        return SectionContent(
            "How uncertain it is whether a frame is of a class: p (1 − p), which is the mean over "
            "draws of that (aleatoric uncertainty) plus the variance over draws (epistemic "
            "uncertainty).",
            tuple(pictures),
            (context.table(table),),
        )


class Entropy(Section):
    """The predictive entropy in its two parts."""

    name = "entropy"
    title = "Aleatoric and epistemic uncertainty"

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures and tables, and give what the page shows."""
        options = context.options
        pictures, rows = [], []
        for entry in context.entries:
            parts = entropy_parts(
                entry.posterior,
                context.labels(entry),
                resamples=options.resamples,
                seed=options.seed,
            )
            pictures.append(
                context.picture(
                    "entropy",
                    entropy_figure(parts),
                    entropy_caption(parts),
                    "Stacked bars: mean entropy by class, of right and wrong frames, near "
                    "boundaries and away, each in its two parts.",
                    entry=entry,
                    kind="narrow",
                )
            )
            rows += [
                (entry.name, part["frames"], part["expected"], part["information"], _total(part))
                for part in parts
            ]
        columns = (
            Column("model", "model"),
            Column("frames", "frames"),
            Column("expected", "aleatoric uncertainty", "number", 4),
            Column("information", "epistemic uncertainty", "number", 4),
            Column("total", "entropy (nats)", "interval", 4),
        )
        table = Table("entropy", "Mean entropy", columns, tuple(rows))
        return SectionContent(
            "The entropy of a prediction is the mean entropy of its draws (the sound does not say) "
            "plus what the draws disagree on (the model does not know). More recordings mend the "
            "second, not the first.",
            tuple(pictures),
            (context.table(table),),
        )


def _total(part: Mapping[str, Any]) -> Interval | None:
    """The total of the two parts with its interval; None where there are no frames."""
    if part["total"] is None:
        return None
    return Interval(part["total"], part["low"], part["high"])


def _ecdfs(context: ReportContext, entry: ReportEntry) -> list[Picture]:
    quantities = [("confidence", "right"), ("entropy", "class")]
    if entry.posterior.draws > 1:
        quantities.append(("mutual_information", "right"))
    pictures = []
    for quantity, by in quantities:
        ecdfs = ecdfs_of(
            entry.posterior,
            context.labels(entry),
            quantity,
            by=by,
            generator=np.random.default_rng(context.options.seed),
            resamples=min(context.options.resamples, 400),
        )
        pictures.append(
            context.picture(
                f"ecdf_{quantity}",
                ecdf_figure(ecdfs, quantity=quantity, names=context.names),
                ecdf_caption(ecdfs, quantity=quantity),
                f"Distribution functions of {quantity.replace('_', ' ')}, a line a group.",
                entry=entry,
                kind="narrow",
            )
        )
    return pictures
