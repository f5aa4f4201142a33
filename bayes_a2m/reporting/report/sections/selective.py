"""What remains if only the sure frames are accepted, and sets that hold the truth."""

from __future__ import annotations

from bayes_a2m.calibration.selective import Accepted, AcceptStatistics, accept
from bayes_a2m.evaluation import ACCEPT_CONFIDENCE
from bayes_a2m.reporting.conformal import conformal_caption, conformal_figure
from bayes_a2m.reporting.report.context import Draft, triple
from bayes_a2m.reporting.report.section import Part
from bayes_a2m.reporting.selective import risk_coverage_caption, risk_coverage_figure
from bayes_a2m.reporting.table import Cell, Column, Table

WAYS = {"recordings": "recordings", "pooled": "frames, pooled"}
"""How a set's threshold was found, in words."""


def accepting(draft: Draft) -> Part:
    """Risk by coverage, and the threshold that the tuning part gave for the error asked."""
    counts: dict[str, AcceptStatistics] = {}
    chosen: dict[str, Accepted] = {}
    for subject in draft.subjects:
        evaluation = subject.evaluation
        if evaluation.accepted is None:
            continue
        counts[subject.name] = evaluation.accepted
        if evaluation.tuned.accepted is not None:
            chosen[subject.name] = accept(
                evaluation.tuned.accepted,
                draft.options.accept_error,
                confidence=ACCEPT_CONFIDENCE,
                resamples=10,
            )
    options = draft.options
    picture = draft.picture(
        "risk_coverage",
        risk_coverage_figure(counts, accept=chosen, resamples=options.resamples),
        risk_coverage_caption(counts, accept=chosen),
        "A curve a model: share of errors among the frames accepted, by the share accepted.",
        kind="narrow",
    )
    return Part(
        "accepting",
        "Accepting only what is sure",
        f"To keep errors at {100 * options.accept_error:g} %, frames below a confidence are left "
        "open. The threshold comes from the tuning part; here is what it does to recordings "
        "that were not looked at.",
        (picture,),
        (draft.table(_kept(draft)),),
        _promises(draft),
    )


def conformal(draft: Draft) -> Part:
    """How often the stored sets hold the truth, and how large they are."""
    pictures = [
        draft.picture(
            "conformal",
            conformal_figure(s.metrics["calibration"]["conformal"], draft.names),
            conformal_caption(s.metrics["calibration"]["conformal"], draft.names),
            "Left, how often sets hold the truth, by class; right, how many classes they hold.",
            subject=s,
        )
        for s in draft.subjects
        if s.metrics["calibration"]["conformal"]
    ]
    notes = {
        warning
        for s in draft.subjects
        for one in s.metrics["calibration"]["conformal"]
        for warning in one["warnings"]
    }
    notes |= {
        f"{s.name}: no sets are stored with it."
        for s in draft.subjects
        if not s.metrics["calibration"]["conformal"]
    }
    return Part(
        "conformal",
        "Sets that hold the truth",
        "Instead of one class, a set of classes that holds the truth as often as asked. A set of "
        "one class is a clear answer; large sets say that the sound does not tell. Counted by "
        "recordings a set promises its level for a new recording; where the tuning part has too "
        "few for a level, frames are pooled, which promises less and gives smaller sets.",
        tuple(pictures),
        (draft.table(_sets(draft)),),
        tuple(sorted(notes)),
    )


def _kept(draft: Draft) -> Table:
    columns = (
        Column("model", "model"),
        Column("asked", "errors asked for", "number", 3),
        Column("threshold", "confidence", "number", 3),
        Column("kept", "frames accepted", "interval"),
        Column("error", "errors among them", "interval"),
    )
    rows: list[tuple[Cell, ...]] = []
    for subject in draft.subjects:
        one = subject.metrics["calibration"]["accept"]
        if one is None:
            rows.append((subject.name, None, None, None, None))
        else:
            kept, error = triple(one["kept"]), triple(one["error"])
            rows.append((subject.name, one["asked"], one["threshold"], kept, error))
    return Table("accepting", "Accepted frames", columns, tuple(rows))


def _promises(draft: Draft) -> tuple[str, ...]:
    """What each threshold promises, or why there is none."""
    told = []
    for subject in draft.subjects:
        one = subject.metrics["calibration"]["accept"]
        said = "nothing of its tuning part is stored, so it has no threshold"
        said = said if one is None else f"the promise is: {one['promise']}"
        told.append(f"{subject.name}: {said}.")
    return tuple(told)


def _sets(draft: Draft) -> Table:
    columns = (
        Column("model", "model"),
        Column("level", "level", "number", 2),
        Column("way", "counted by"),
        Column("frames", "frames of"),
        Column("coverage", "truth in the set", "interval"),
        Column("size", "classes in it", "interval", 2),
    )
    rows = []
    for subject in draft.subjects:
        for one in subject.metrics["calibration"]["conformal"]:
            groups = {"all": one, **one["per_class"]}
            for name, scores in groups.items():
                coverage = triple(scores.get("coverage"))
                size = triple(scores.get("size"))
                rows.append((subject.name, one["level"], WAYS[one["way"]], name, coverage, size))
    return Table("conformal", "Coverage and size of the sets", columns, tuple(rows))
