"""Selective prediction and conformal prediction sets: what a model answers, and how surely."""

from __future__ import annotations

from bayes_a2m.calibration.selective import Accepted, AcceptStatistics, accept
from bayes_a2m.evaluation import ACCEPT_CONFIDENCE
from bayes_a2m.evaluation.results import ConformalResults, SetScores
from bayes_a2m.reporting.conformal import conformal_caption, conformal_figure
from bayes_a2m.reporting.report.context import ReportContext, known
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.picture import Picture
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.selective import risk_coverage_caption, risk_coverage_figure
from bayes_a2m.reporting.table import Cell, Column, Table

WAYS = {"recordings": "recordings", "pooled": "frames, pooled"}
"""The ways to find the threshold of a set, in the words of the page."""


class SelectivePrediction(Section):
    """Risk by coverage, and the threshold that the tuning split gives for the error asked for."""

    name = "selective"
    title = "Selective prediction"

    def build(self, context: ReportContext) -> SectionContent | None:
        """Write the section's figures and tables, and give what the page shows."""
        if all(s.evaluation.accepted is None for s in context.entries):
            return None
        counts: dict[str, AcceptStatistics] = {}
        chosen: dict[str, Accepted] = {}
        for entry in context.entries:
            evaluation = entry.evaluation
            if evaluation.accepted is None:
                continue
            if not evaluation.inside.any():  # nothing is promised of any recording
                continue
            counts[entry.name] = evaluation.accepted.select(evaluation.inside)
            if evaluation.tuned.accepted is not None:
                chosen[entry.name] = accept(
                    evaluation.tuned.accepted,
                    context.options.accept_error,
                    confidence=ACCEPT_CONFIDENCE,
                    resamples=10,
                )
        if not counts:
            return SectionContent(
                "No recording is like those that was learned from: nothing is promised here.",
                notes=_promises(context),
            )
        options = context.options
        picture = context.picture(
            "risk_coverage",
            risk_coverage_figure(counts, accept=chosen, resamples=options.resamples),
            risk_coverage_caption(counts, accept=chosen),
            "A curve a model: share of errors among the frames accepted, by the share accepted.",
            kind="narrow",
        )
        return SectionContent(
            f"To keep errors at {100 * options.accept_error:g} %, frames below a confidence are "
            "left open. The threshold comes from the tuning split; here is what it does to "
            "recordings that were not looked at.",
            (picture,),
            (context.table(_kept(context)),),
            _promises(context),
        )


class Conformal(Section):
    """The coverage and size of the stored prediction sets."""

    name = "conformal"
    title = "Conformal prediction sets"

    def build(self, context: ReportContext) -> SectionContent | None:
        """Write the section's figures and tables, and give what the page shows."""
        stored = [s for s in context.entries if s.metrics.calibration.conformal]
        if not stored and all(s.evaluation.inside.any() for s in context.entries):
            return None
        notes = {
            warning
            for s in stored
            for results in s.metrics.calibration.conformal
            for warning in (*results.warnings, *_useless(context, s.name, results))
        }
        notes |= {
            f"{s.name}: no sets are stored with it."
            if s.evaluation.inside.any()
            else f"{s.name}: it learned from other recordings; its sets promise nothing of these."
            for s in context.entries
            if s not in stored
        }
        return SectionContent(
            "Instead of one class, a set of classes that holds the truth as often as asked. A set "
            "of one class is a clear answer; large sets say that the sound does not tell. Counted "
            "by recordings a set promises its level for a new recording; where the tuning split "
            "has too few for a level, frames are pooled, which promises less and gives "
            "smaller sets.",
            tuple(_set_picture(context, s, way) for s in stored for way in _ways(s)),
            (context.table(_sets(context)),) if stored else (),
            tuple(sorted(notes)),
        )


def _ways(entry: ReportEntry) -> list[str]:
    """The ways in which the thresholds of a model were found: a figure has one of them."""
    return list(dict.fromkeys(found.way for found in entry.metrics.calibration.conformal))


def _set_picture(context: ReportContext, entry: ReportEntry, way: str) -> Picture:
    """Coverage and size of the sets whose thresholds were found in one way."""
    found = [one for one in entry.metrics.calibration.conformal if one.way == way]
    name = context.title_of(entry)
    title = f"Thresholds by {WAYS[way]}"
    return context.picture(
        "conformal" if way == _ways(entry)[0] else f"conformal_{way}",
        conformal_figure(found, context.names),
        conformal_caption(found, context.names),
        "Left, how often sets hold the truth, by class; right, how many classes they hold.",
        entry=entry,
        title=f"{name}: {title[:1].lower()}{title[1:]}" if name else title,
    )


def _useless(context: ReportContext, name: str, results: ConformalResults) -> list[str]:
    """Say so where sets hold most of the classes."""
    size, classes = results.size.value, len(context.names)
    if size is None or size <= (classes + 1) / 2:
        return []
    return [
        f"{name}: sets of {100 * results.level:g} % hold {size:.1f} of {classes} classes on "
        "average, and so say next to nothing: it is not sure enough, or few recordings tuned it."
    ]


def _kept(context: ReportContext) -> Table:
    columns = (
        Column("model", "model"),
        Column("asked", "errors asked for", "number", 3),
        Column("threshold", "confidence", "number", 3),
        Column("kept", "frames accepted", "interval"),
        Column("error", "errors among them", "interval"),
    )
    rows: list[tuple[Cell, ...]] = []
    for entry in context.entries:
        accepted = entry.metrics.calibration.accept
        if accepted is None:
            rows.append((entry.name, None, None, None, None))
        else:
            kept, error = known(accepted.kept), known(accepted.error)
            rows.append((entry.name, accepted.asked, accepted.threshold, kept, error))
    return Table("accepting", "Accepted frames", columns, tuple(rows))


def _promises(context: ReportContext) -> tuple[str, ...]:
    """What the threshold of each model promises, or why it has none."""
    told = []
    for entry in context.entries:
        accepted = entry.metrics.calibration.accept
        said = (
            "nothing of its tuning split is stored, so it has no threshold"
            if entry.evaluation.inside.any()
            else "it learned from other recordings, and promises nothing of these"
        )
        said = said if accepted is None else f"the promise is: {accepted.promise}"
        told.append(f"{entry.name}: {said}.")
    return tuple(told)


def _sets(context: ReportContext) -> Table:
    columns = (
        Column("model", "model"),
        Column("level", "level", "number", 2),
        Column("way", "counted by"),
        Column("frames", "frames of"),
        Column("coverage", "truth in the set", "interval"),
        Column("size", "classes in it", "interval", 2),
    )
    rows = []
    for entry in context.entries:
        for results in entry.metrics.calibration.conformal:
            groups: dict[str, SetScores] = {"all": results, **results.per_class}
            for name, scores in groups.items():
                coverage, size = known(scores.coverage), known(scores.size)
                rows.append((entry.name, results.level, WAYS[results.way], name, coverage, size))
    return Table("conformal", "Coverage and size of the sets", columns, tuple(rows))
