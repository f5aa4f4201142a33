"""Scores by slice: boundaries, conditions, takes, durations and levels."""

from __future__ import annotations

from bayes_a2m.metrics.metric import metric_named
from bayes_a2m.reporting.places import places_caption, places_figure
from bayes_a2m.reporting.report.context import ReportContext, known
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.resampling.score_table import ScoreTable

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
            name: {
                place: scores_there
                for place, scores_there in by_place.items()
                if not place.startswith("take ")
            }
            for name, by_place in scores.items()
        }
        picture = context.picture(
            "places",
            places_figure(shown, metrics=("accuracy", "ece")),
            places_caption(shown, metrics=("accuracy", "ece")),
            "Accuracy and calibration error with their intervals, a row a place.",
        )
        columns = [Column("model", "model"), Column("place", "frames")]
        columns += [Column(s, metric_named(s).label, "interval") for s in SCORES]
        rows = tuple(
            (name, place, *(known(scores_there.get(s)) for s in SCORES))
            for name, by_place in scores.items()
            for place, scores_there in by_place.items()
        )
        table = Table("places", "Scores by subgroup", tuple(columns), rows)
        notes = [
            "Every prediction has two stages: is there a sound, and which pitch, if there is. "
            "Their rows say which of the two an error belongs to."
        ]
        first = context.entries[0].metrics
        if first.without_seen_takes is not None:
            notes.append(
                "Some recordings are from a take that the model was trained on, which flatters it; "
                "“unseen takes” leaves them out."
            )
        return SectionContent(
            "Near means within 50 ms of a change of label. A model can be calibrated over all "
            "frames and overconfident at the boundaries, where exactly a sung note begins is the "
            "question.",
            (picture,),
            (context.table(table),),
            tuple(notes),
        )


def _places(entry: ReportEntry) -> dict[str, ScoreTable]:
    """The scores of every slice by its name, in the order of the page."""
    results = entry.metrics
    tables: dict[str, ScoreTable] = {
        "all frames": results.metrics,
        "near boundaries": results.near_boundary,
        "away from boundaries": results.away_from_boundary,
    }
    for name, words in STAGES.items():
        stage = getattr(results.stages, name)
        if stage is not None:
            tables[words] = stage
    tables |= results.per_condition
    if results.without_seen_takes is not None:
        tables["unseen takes"] = results.without_seen_takes
    slices = results.by_place
    tables |= {f"duration {name}": table for name, table in slices.run_length.items()}
    tables |= {f"level {name}": table for name, table in slices.level.items()}
    tables |= {f"take {name}": table for name, table in slices.take.items()}
    return tables
