"""Scores as the rows of one table, which other libraries take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from bayes_a2m.evaluation.results import EvaluationResults
from bayes_a2m.resampling.score_table import ScoreTable

COLUMNS = ("of", "name", "metric", "value", "low", "high")
"""What stands in a row."""

Row: TypeAlias = tuple[str, str, str, float | None, float | None, float | None]
"""A score: whose, of which metric, its value and the bounds of its 95 % interval."""


def rows_of(results: EvaluationResults) -> list[Row]:
    """The scores of an evaluation, a row each: of all, by class, by condition and by subgroup."""
    parts: dict[str, Mapping[str, ScoreTable]] = {
        "all": {"": results.metrics},
        "class": results.per_class,
        "condition": results.per_condition,
        "boundary": {"near": results.near_boundary, "away": results.away_from_boundary},
        "run length": results.by_place.run_length,
        "level": results.by_place.level,
        "take": results.by_place.take,
    }
    return [
        (part, name, metric, score.value, score.low, score.high)
        for part, tables in parts.items()
        for name, table in tables.items()
        for metric, score in table.scores.items()
        if score is not None
    ]
