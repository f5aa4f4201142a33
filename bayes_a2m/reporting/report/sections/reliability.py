"""Calibration: reliability diagrams, and every calibration error."""

from __future__ import annotations

from bayes_a2m.metrics.metric import metric_named
from bayes_a2m.reporting.reliability import (
    class_reliability_caption,
    class_reliability_figure,
    reliability_caption,
    reliability_figure,
)
from bayes_a2m.reporting.report.context import ReportContext, known
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.table import Column, Table

SCORES = ("nll", "brier", "ece", "adaptive_ece", "classwise_ece", "smooth_ece")


class Reliability(Section):
    """Reliability diagrams of the predicted class and of each class in two ways, and all errors."""

    name = "reliability"
    title = "Reliability: is a confidence of 0.8 right eight times in ten?"

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures and tables, and give what the page shows."""
        pictures = []
        for entry in context.entries:
            counts = entry.evaluation.frames
            pictures.append(
                context.picture(
                    "reliability",
                    reliability_figure(counts),
                    reliability_caption(counts),
                    "Points near a dashed diagonal: how often calls are right, by confidence; "
                    "below, the number of frames in each bin on a logarithmic axis.",
                    entry=entry,
                    kind="narrow",
                )
            )
            for kind, words in (
                ("rest", "each class against the rest, over all frames"),
                ("called", "the frames predicted as each class"),
            ):
                pictures.append(
                    context.picture(
                        f"reliability_{kind}",
                        class_reliability_figure(counts, context.names, kind=kind),
                        class_reliability_caption(counts, context.names, kind=kind),
                        f"Reliability diagrams side by side: {words}.",
                        entry=entry,
                    )
                )
        return SectionContent(
            "Each point gathers frames with about the same confidence. On the dashed line "
            "confidence equals accuracy (perfect calibration); below it the model is "
            "overconfident, above it underconfident. Bars are simultaneous 95 % bands by "
            "recording; the thin line is an isotonic fit.",
            tuple(pictures),
            (context.table(_scores(context)), context.table(_classes(context))),
        )


def _scores(context: ReportContext) -> Table:
    columns = [Column("model", "model"), Column("probabilities", "probabilities")]
    columns += [Column(name, metric_named(name).label, "interval", 4) for name in SCORES]
    rows = []
    for entry in context.entries:
        results = entry.metrics
        rows.append((entry.name, "as used", *(known(results.metrics[s]) for s in SCORES)))
        if entry.evaluation.raw is not None:
            raw = (known(results.raw[s]) for s in SCORES)
            rows.append((entry.name, "before recalibration", *raw))
    return Table("calibration", "Calibration over all frames", tuple(columns), tuple(rows))


def _classes(context: ReportContext) -> Table:
    columns = (
        Column("model", "model"),
        Column("class", "class"),
        Column("classwise_ece", "error against the rest", "interval", 4),
        Column("trust_ece", "error where predicted", "interval", 4),
        Column("ks_p", "p of the test", "number", 3),
    )
    rows = []
    for entry in context.entries:
        more = entry.metrics.calibration.per_class
        for name, scores in entry.metrics.per_class.items():
            rows.append(
                (
                    entry.name,
                    name,
                    known(scores["classwise_ece"]),
                    known(scores.trust.calibration),
                    more[name].test.ks_p,
                )
            )
    caption = "Calibration error of every class; the test’s null is that the class is calibrated"
    return Table("calibration_by_class", caption, columns, tuple(rows))
