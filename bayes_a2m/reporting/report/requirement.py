"""Requirements that a user sets: lines that pass or fail, for people and for scripts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.evaluation import EvaluationResults
from bayes_a2m.files.record import Record
from bayes_a2m.metrics.metric import headline, metrics_of
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.resampling.score_table import ScoreTable

FORM = re.compile(r"\s*([\w.]+)\s*(?::\s*([^<>=]+?))?\s*(>=|<=)\s*([-+.\deE]+)\s*")


class Requirement(Record):
    """A bound on one score.

    Attributes
    ----------
    text
        The requirement as it was given, ``precision:E4>=0.9``.
    score
        The name of a score of ``metrics.json``.
    where
        The name of a class or of a condition; None for all recordings.
    at_least
        Whether the score must be at least the bound; else at most.
    bound
        The bound.

    >>> Requirement.parse("precision:E4>=0.9").where
    'E4'
    """

    text: str
    score: str
    where: str | None
    at_least: bool
    bound: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read a requirement.

        Raises
        ------
        InputError
            If it is not of the form ``SCORE[:CLASS or CONDITION]>=NUMBER`` (or ``<=``).
        """
        match = FORM.fullmatch(text)
        try:
            if match is None:
                raise ValueError(text)
            score, where, sign, bound = match.groups()
            return cls(
                text=text.strip(), score=score, where=where, at_least=sign == ">=",
                bound=float(bound),
            )  # fmt: skip
        except ValueError as error:
            raise InputError(
                f"--require {text}: write SCORE>=NUMBER, or SCORE:CLASS>=NUMBER, "
                "as in precision:E4>=0.9 or ece:laptop<=0.02"
            ) from error

    def ensure_known(self, classes: Iterable[str], conditions: Iterable[str]) -> None:
        """Refuse what no report of these classes and conditions can have.

        Raises
        ------
        InputError
            If there is no such score, class or condition.
        """
        whole = [metric.name for metric in headline()]
        of_a_class = [metric.name for metric in metrics_of("class") if metric.name != "trust"]
        named = {**dict.fromkeys(conditions, whole), **dict.fromkeys(classes, of_a_class)}
        if self.where is not None:
            self._ensure_where(named)
        self._ensure_score(whole if self.where is None else named[self.where])

    def _ensure_where(self, named: Collection[str]) -> None:
        if self.where not in named:
            raise InputError(
                f"--require {self.text}: there is no class or condition {self.where!r}"
                f"{suggest(str(self.where), named)}; there are {', '.join(named)}"
            )

    def _ensure_score(self, known: Collection[str]) -> None:
        if self.score not in known:
            raise InputError(
                f"--require {self.text}: there is no score {self.score!r}"
                f"{suggest(self.score, known)}; there are {', '.join(known)}"
            )


class Checked(Record):
    """A requirement and what came of it.

    Attributes
    ----------
    model
        The name of the model or file.
    requirement
        The requirement as it was given.
    score
        The score and its 95 % interval.
    passed
        Whether the score keeps the bound; a score that is not known does not.
    certain
        Whether the whole interval lies on that side of the bound.
    """

    model: str
    requirement: str
    score: Interval
    passed: bool
    certain: bool


def check(
    requirements: Sequence[Requirement], model: str, results: EvaluationResults
) -> list[Checked]:
    """Hold requirements against the scores of a model.

    Raises
    ------
    InputError
        If there is no such score, class or condition.
    """
    checked = []
    for one in requirements:
        score = _score(one, results) or Interval(None)
        values = [score.value, score.low, score.high]
        kept = [
            value is not None and (value >= one.bound if one.at_least else value <= one.bound)
            for value in values
        ]
        checked.append(
            Checked(
                model=model,
                requirement=one.text,
                score=score,
                passed=kept[0],
                certain=all(kept) or not any(kept),
            )
        )
    return checked


def _score(one: Requirement, results: EvaluationResults) -> Interval | None:
    """The score that a requirement is about."""
    table: ScoreTable = results.metrics
    if one.where is not None:
        named: dict[str, ScoreTable] = {**results.per_condition, **results.per_class}
        one._ensure_where(named)
        table = named[one.where]
    one._ensure_score(table.scores)
    return table[one.score]
