"""Scores with their intervals, by the names of their metrics, as JSON files hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field

from bayes_a2m.files.record import Record
from bayes_a2m.metrics.metric import Family, metrics_of
from bayes_a2m.resampling.bootstrap import Interval


def _listed(schema: dict[str, Any], model: type[Any]) -> None:
    """Name the metrics that ship in a schema; those of other packages may stand beside them."""
    value = schema["additionalProperties"]
    for metric in metrics_of(*model.families):
        schema.setdefault("properties", {}).setdefault(
            metric.name, {**value, "title": metric.heading}
        )


class ScoreTable(Record):
    """Scores by the names of their metrics; a score that does not exist is None.

    Subclasses say in ``families`` which metrics stand in every table, and may have fields beside
    the scores; in a file both stand side by side.

    >>> table = ScoreTable.of({"nll": Interval(0.2, 0.1, 0.3)})
    >>> table["nll"].value
    0.2
    >>> table.to_dict()
    {'nll': {'value': 0.2, 'low': 0.1, 'high': 0.3}}
    """

    model_config = ConfigDict(extra="allow", json_schema_extra=_listed)

    families: ClassVar[tuple[Family, ...]] = ()

    __pydantic_extra__: dict[str, Interval | None] = Field(init=False)

    @classmethod
    def of(cls, scores: Mapping[str, Interval | None], **fields: Any) -> Self:
        """The table of these scores, with the fields that a subclass has besides."""
        return cls.model_validate({**fields, **scores})

    @property
    def scores(self) -> Mapping[str, Interval | None]:
        """Every score by the name of its metric, in order."""
        return self.__pydantic_extra__ or {}

    def __getitem__(self, name: str) -> Interval | None:
        """The score of a metric.

        Raises
        ------
        KeyError
            If the table has no such metric.
        """
        return self.scores[name]

    def get(self, name: str) -> Interval | None:
        """The score of a metric; None, too, where the table has no such metric."""
        return self.scores.get(name)

    def only(self, names: Iterable[str]) -> dict[str, Interval | None]:
        """The scores of some metrics."""
        return {name: self[name] for name in names}


class Scores(ScoreTable):
    """The scores of a model as a whole: of its frames and of its notes."""

    families: ClassVar[tuple[Family, ...]] = ("frames", "notes")
