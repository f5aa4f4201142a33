"""Scores by slice: boundaries, conditions, takes, durations and levels."""

from __future__ import annotations

from typing import Any

from bayes_a2m.reporting.places import places_caption, places_figure
from bayes_a2m.reporting.report.context import ReportContext, triple
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.table import Column, Table

SCORES = ("accuracy", "nll", "ece", "macro_f1")

STAGES = {"silence": "silence or sound", "pitch": "pitch, given sound"}
"""The stages of a distribution over classes, in the words of the page."""


class Slices(Section):
    """Accuracy and calibration near and away from boundaries, by condition and by other slices."""

    name = "slices"
    title = "Where to trust it, and where not"

    def build(self, context: ReportContext) -> SectionContent:
        """Write the section's figures and tables, and give what the page shows."""
        scores = {s.name: _places(s) for s in context.entries}
        shown = {
            name: {place: one for place, one in by_place.items() if not place.startswith("take ")}
            for name, by_place in scores.items()
        }
        picture = context.picture(
            "places",
            places_figure(shown, metrics=("accuracy", "ece")),
            places_caption(shown, metrics=("accuracy", "ece")),
            "Accuracy and calibration error with their intervals, a row a place.",
        )
        columns = [Column("model", "model"), Column("place", "frames")]
        columns += [Column(s, s.replace("_", " "), "interval") for s in SCORES]
        rows = tuple(
            (name, place, *(triple(one.get(s)) for s in SCORES))
            for name, by_place in scores.items()
            for place, one in by_place.items()
        )
        table = Table("places", "Scores by place", tuple(columns), rows)
        notes = [
            "Any law is two stages: is there a sound, and which pitch, given that there is. Their "
            "rows say which of the two an error belongs to."
        ]
        first = context.entries[0].metrics
        if first["without_seen_takes"]:
            notes.append(
                "Some recordings are from a take that the model was trained on, which flatters it; "
                "“takes never seen” leaves them out."
            )
        return SectionContent(
            "Near means within 50 ms of a change of label. A model can be calibrated over all "
            "frames and overconfident at the boundaries, where exactly a sung note begins is the "
            "question.",
            (picture,),
            (context.table(table),),
            tuple(notes),
        )


def _places(entry: ReportEntry) -> dict[str, dict[str, Any]]:
    """The scores of every slice by its name, in the order of the page."""
    metrics = entry.metrics
    found: dict[str, dict[str, Any]] = {
        "all frames": metrics["metrics"],
        "near boundaries": metrics["near_boundary"],
        "away from boundaries": metrics["away_from_boundary"],
    }
    for name, words in STAGES.items():
        if metrics["stages"][name] is not None:
            found[words] = metrics["stages"][name]
    found |= dict(metrics["per_condition"])
    if metrics["without_seen_takes"]:
        found["takes never seen"] = metrics["without_seen_takes"]
    by_place = metrics["by_place"]
    found |= {f"runs {name}": one for name, one in by_place["run_length"].items()}
    found |= {f"level {name}": one for name, one in by_place["level"].items()}
    found |= {f"take {name}": one for name, one in by_place["take"].items()}
    return found
