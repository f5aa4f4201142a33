"""Scores as a table of pandas: the same numbers as ``metrics.json`` holds."""

from __future__ import annotations

import math

from bayes_a2m.datasets import Dataset
from bayes_a2m.evaluation import evaluate, results_of
from bayes_a2m.posteriors.point import Point


def test_the_table_holds_every_score_with_its_interval(
    tiny_point: Point, tiny_data: Dataset
) -> None:
    found = evaluate(tiny_point, tiny_data.split("validation"))
    results, table = results_of(found, resamples=50), found.table(resamples=50)
    assert list(table.columns) == ["of", "name", "metric", "value", "low", "high"]
    keyed = table.set_index(["of", "name", "metric"])
    assert keyed.index.is_unique
    accuracy = keyed.loc[("all", "", "accuracy")]
    expected = results.metrics["accuracy"]
    assert expected is not None
    assert tuple(accuracy) == (expected.value, expected.low, expected.high)
    for name, own in results.per_class.items():
        recall = own["recall"]
        value = keyed.loc[("class", name, "recall")].value
        assert recall is not None
        assert value == recall.value if recall.value is not None else math.isnan(value)
    by_condition = table.query("of == 'condition' and metric == 'accuracy'")
    assert list(by_condition.name) == sorted(set(found.conditions))
    assert list(table.dtypes[["value", "low", "high"]]) == [float] * 3
