"""The results of a study as tables, with intervals from recordings and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.comparison.compare import take_numbers, take_weights
from bayes_a2m.comparison.difference import difference
from bayes_a2m.comparison.model_counts import Scored, scores_of
from bayes_a2m.files import OutputFolder, write_text
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.metric import metric_named, registered
from bayes_a2m.metrics.recording_statistics import scores_of_others
from bayes_a2m.reporting.table import Cell, Column, Table
from bayes_a2m.resampling.bootstrap import Interval, of_distinct_rows

if TYPE_CHECKING:
    from bayes_a2m.comparison.compare import Comparison
    from bayes_a2m.studies.study import Study

SHOWN: tuple[tuple[str, str, str], ...] = (
    ("all", "accuracy", ""),
    ("all", "macro_f1", ""),
    ("all", "nll", ""),
    ("all", "ece", ""),
    ("all", "error_auroc", ""),
    ("notes", "note_onset_f1_50ms", ""),
    ("notes", "note_onset_f1_100ms", ""),
    ("near", "accuracy", " near boundaries"),
    ("away", "accuracy", " away from boundaries"),
    ("silence", "nll", " of silence"),
    ("pitch", "nll", " of pitch, given sound"),
)
"""The part of the statistics, the score, and the addition to its label in the heading."""


BESIDE = ("cells", "data", "data.json", "report", "README.md")
"""What lies in a study's folder beside its results; each looks after itself."""


def study_folder(path: Path, *, force: bool = False) -> OutputFolder:
    """The folder of a study's results; only what a study wrote there is replaced."""
    return OutputFolder(path, "run", force=force, beside=BESIDE)


def written_names(study: Study) -> list[str]:
    """Every file that a study's results consist of, relative to its folder."""
    return ["table.md", "table.csv", "differences.csv", "compare.json", "arms.png"]


def _shown() -> tuple[tuple[str, str, str], ...]:
    """The scores of the table: those that ship, and the metrics of other packages."""
    return (*SHOWN, *(("other", metric.name, "") for metric in registered()))


def results_table(
    name: str,
    arms: Mapping[str, Sequence[Scored]],
    resamples: int,
    takes: Mapping[str, str] | None = None,
) -> Table:
    """Make the table of results: one row an arm, every score's mean over seeds and its interval.

    The 95 % intervals are those of :mod:`bayes_a2m.comparison.compare`, of one side alone; with
    ``takes``, from resampling whole takes.
    """
    columns = [Column("arm", "arm"), Column("seeds", "seeds", "number", 0)]
    columns += [
        Column(_key(part, score), metric_named(score).label + where, "interval")
        for part, score, where in _shown()
    ]
    columns += [
        Column("parameters", "parameters", "number", 0),
        Column("training_seconds", "training, s", "number", 0),
        Column("seconds_per_audio_second", "s per s of audio", "number", 4),
    ]
    rows = tuple(_row(arm, models, resamples, takes) for arm, models in arms.items())
    what = "recordings" if takes is None else "takes, out of fold,"
    return Table(
        name, f"Mean over seeds, 95 % interval from {what} and seeds", tuple(columns), rows
    )


def differences_table(comparisons: Mapping[str, Comparison]) -> Table:
    """Make the table of all differences from the reference: one row an arm, place and score.

    Places are ``all``, ``near_boundary``, ``away_from_boundary``, and those of a class, a
    condition or a stage, such as ``class E4``.
    """
    columns = [Column("arm", "arm"), Column("place", "place"), Column("score", "score")]
    columns += [
        Column("arm_value", "arm", "number"),
        Column("reference_value", "reference", "number"),
        Column("difference", "difference", "interval"),
        Column("probability_better", "P(arm better)", "number"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for arm, comparison in comparisons.items():
        places = {
            "all": comparison.metrics,
            **{f"class {name}": scores for name, scores in comparison.per_class.items()},
            **{f"condition {name}": scores for name, scores in comparison.per_condition.items()},
            "near_boundary": comparison.near_boundary,
            "away_from_boundary": comparison.away_from_boundary,
            **{f"stage {name}": scores for name, scores in comparison.stages.items()},
        }
        rows += [
            (
                arm,
                place,
                score,
                compared.one,
                compared.other,
                Interval(compared.difference, compared.low, compared.high),
                compared.probability_better,
            )
            for place, scores in places.items()
            for score, compared in scores.items()
        ]
    caption = "Arm − reference, 95 % interval from recordings and seeds"
    return Table("differences", caption, tuple(columns), tuple(rows))


def write_markdown(
    path: Path,
    study: Study,
    table: Table,
    comparisons: Mapping[str, Comparison],
    failed: Mapping[str, str],
) -> None:
    """Write the table and what can be concluded, as Markdown."""
    heads = [column.title for column in table.columns]
    lines = [study.description, "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in table.rows:
        cells = (_text(c, cell) for c, cell in zip(table.columns, row, strict=True))
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", f"{table.caption}.", ""]
    for comparison in comparisons.values():
        arm, reference = comparison.names
        lines += [f"**{arm} against {reference}.** {comparison.sentence}", ""]
    lines += [f"Failed: {cell} ({reason})" for cell, reason in failed.items()]
    write_text(path, "\n".join(lines).rstrip() + "\n")


def _row(
    arm: str, models: Sequence[Scored], resamples: int, takes: Mapping[str, str] | None
) -> tuple[Cell, ...]:
    values: list[Cell] = [arm, len(models)]
    count = len(models[0])
    units = take_numbers(models[0].ids, takes)
    drawn = take_weights(units, resamples, np.random.default_rng(0))
    weights = np.concatenate([np.ones((1, count)), drawn])
    scores: dict[str, list[Mapping[str, Floats]]] = {
        part: [of_distinct_rows(partial(_scores, model, part), weights) for model in models]
        for part in dict.fromkeys(part for part, _, _ in _shown())
    }
    for part, score, _ in _shown():
        by_seed = [seed_scores[score] for seed_scores in scores[part] if score in seed_scores]
        having = np.any([model.bearing(part) for model in models], axis=0)
        bearing = len(np.unique(units[having]))
        values.append(_interval(by_seed, bearing, score) if len(by_seed) == len(models) else None)
    costs = [model.cost for model in models]
    for key in ("parameters", "training_seconds", "seconds_per_audio_second"):
        known = [v for cost in costs if (v := getattr(cost, key)) is not None]
        values.append(float(np.mean(known)) if known else None)
    return tuple(values)


def _scores(model: Scored, part: str, weights: Floats) -> Mapping[str, Floats]:
    """All scores of a part that there are, in every row of weights."""
    if part == "notes":
        return model.notes.metrics_of(weights)
    if part == "other":
        return scores_of_others(model.other, weights)
    return scores_of(model.parts[part], weights)


def _interval(scores: Sequence[Floats], recordings: int, score: str) -> Cell:
    """One side's mean, as the difference from nothing; cut to what the score can be."""
    metric = metric_named(score)
    nothing = np.zeros((1, len(scores[0])))
    mean = difference(scores, nothing, recordings=recordings, better=metric.better)
    low = None if mean.low is None else max(mean.low, metric.range[0])
    high = None if mean.high is None else min(mean.high, metric.range[1])
    return Interval(mean.difference, low, high)


def _key(part: str, score: str) -> str:
    return score if part in ("all", "notes", "other") else f"{part}_{score}"


def _text(column: Column, cell: Cell) -> str:
    from bayes_a2m.reporting.table import shown

    text = shown(column, cell)
    if isinstance(cell, Interval) and cell.low is not None and cell.high is not None:
        text += f" [{cell.low:.{column.digits}f}, {cell.high:.{column.digits}f}]"
    return text
