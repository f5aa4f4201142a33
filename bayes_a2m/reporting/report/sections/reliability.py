"""Is a stated probability how often it comes true?"""

from __future__ import annotations

from bayes_a2m.reporting.reliability import (
    class_reliability_caption,
    class_reliability_figure,
    reliability_caption,
    reliability_figure,
)
from bayes_a2m.reporting.report.context import Draft, triple
from bayes_a2m.reporting.report.section import Part
from bayes_a2m.reporting.table import Column, Table

SCORES = ("nll", "brier", "ece", "adaptive_ece", "classwise_ece", "smooth_ece")


def reliability(draft: Draft) -> Part:
    """Reliability diagrams of the class called, and of each class in two ways; all errors."""
    pictures = []
    for subject in draft.subjects:
        counts = subject.evaluation.frames
        pictures.append(
            draft.picture(
                "reliability",
                reliability_figure(counts),
                reliability_caption(counts),
                "Points near a dashed diagonal: how often calls are right, by confidence; below, "
                "the number of frames in each bin on a logarithmic axis.",
                subject=subject,
                kind="narrow",
            )
        )
        for kind, words in (
            ("rest", "each class against the rest, over all frames"),
            ("called", "the frames called each class"),
        ):
            pictures.append(
                draft.picture(
                    f"reliability_{kind}",
                    class_reliability_figure(counts, draft.names, kind=kind),
                    class_reliability_caption(counts, draft.names, kind=kind),
                    f"Reliability diagrams side by side: {words}.",
                    subject=subject,
                )
            )
    return Part(
        "reliability",
        "Is a stated 0.8 right eight times in ten?",
        "Each point gathers frames with about the same stated probability. On the dashed line "
        "what is stated is what is true; below it the model is too sure, above it not sure "
        "enough. Bars are simultaneous 95 % bands by recording; the thin line is an isotonic fit.",
        tuple(pictures),
        (draft.table(_scores(draft)), draft.table(_classes(draft))),
    )


def _scores(draft: Draft) -> Table:
    columns = [Column("model", "model"), Column("probabilities", "probabilities")]
    columns += [Column(name, name.replace("_", " "), "interval", 4) for name in SCORES]
    rows = []
    for subject in draft.subjects:
        metrics = subject.metrics
        rows.append((subject.name, "as used", *(triple(metrics["metrics"][s]) for s in SCORES)))
        if subject.evaluation.raw is not None:
            raw = (triple(metrics["raw"][s]) for s in SCORES)
            rows.append((subject.name, "before recalibration", *raw))
    return Table("calibration", "Calibration over all frames", tuple(columns), tuple(rows))


def _classes(draft: Draft) -> Table:
    columns = (
        Column("model", "model"),
        Column("class", "class"),
        Column("classwise_ece", "error against the rest", "interval", 4),
        Column("trust_ece", "error where called", "interval", 4),
        Column("ks_p", "p of the test", "number", 3),
    )
    rows = []
    for subject in draft.subjects:
        more = subject.metrics["calibration"]["per_class"]
        for name, scores in subject.metrics["per_class"].items():
            rows.append(
                (
                    subject.name,
                    name,
                    triple(scores["classwise_ece"]),
                    triple(scores["trust"]["calibration"]),
                    more[name]["test"]["ks_p"],
                )
            )
    caption = "Calibration error of every class; the test’s null is that the class is calibrated"
    return Table("calibration_by_class", caption, columns, tuple(rows))
