"""Requirements that a user sets: lines that pass or fail, for people and for scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.evaluation import EvaluationResults
from bayes_a2m.files.record import Record
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
        if one.where not in named:
            hint = suggest(one.where, named)
            raise InputError(
                f"--require {one.text}: there is no class or condition {one.where!r}{hint}; there "
                f"are {', '.join(named)}"
            )
        table = named[one.where]
    if one.score not in table.scores:
        raise InputError(
            f"--require {one.text}: there is no score {one.score!r}"
            f"{suggest(one.score, table.scores)}; there are {', '.join(table.scores)}"
        )
    return table[one.score]
