"""Requirements are read, held against scores, and say what they do not know."""

from __future__ import annotations

import pytest

from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import EvaluationResults, evaluate, results_of
from bayes_a2m.posteriors.point import Point
from bayes_a2m.reporting.report.requirement import Requirement, check


@pytest.fixture(scope="module")
def results(tiny_point: Point, tiny_data: Dataset) -> EvaluationResults:
    return results_of(evaluate(tiny_point, tiny_data.split("validation")), resamples=50)


@pytest.mark.parametrize(
    ("text", "score", "where", "at_least", "bound"),
    [
        ("precision:E4>=0.9", "precision", "E4", True, 0.9),
        (" ece <= 2e-2 ", "ece", None, False, 0.02),
        ("accuracy:a loud room>=.5", "accuracy", "a loud room", True, 0.5),
    ],
)
def test_they_are_read(
    text: str, score: str, where: str | None, at_least: bool, bound: float
) -> None:
    one = Requirement.parse(text)
    assert (one.score, one.where, one.at_least, one.bound) == (score, where, at_least, bound)


@pytest.mark.parametrize(
    "text", ["", "ece", "ece<0.1", "ece<=", "ece<=a", "ece<=1..2", ">=1", "a=1"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"write SCORE>=NUMBER"):
        Requirement.parse(text)


def test_scores_are_held_against_bounds(results: EvaluationResults) -> None:
    accuracy = results.metrics["accuracy"]
    assert accuracy is not None
    assert accuracy.value is not None
    texts = ("accuracy>=0", "accuracy<=0", f"accuracy:studio>={accuracy.value - 1}")
    checked = check([Requirement.parse(text) for text in texts], "m", results)
    assert [one.passed for one in checked] == [True, False, True]
    assert checked[0].score == accuracy
    assert checked[0].certain
    exact = check([Requirement.parse(f"accuracy>={accuracy.value!r}")], "m", results)[0]
    assert exact.passed  # a bound that is met is kept
    assert exact.certain == (accuracy.low is None or accuracy.low >= accuracy.value)


def test_names_that_are_not_there_are_told(results: EvaluationResults) -> None:
    with pytest.raises(InputError, match=r"no score 'acuracy' \(did you mean 'accuracy'\?\)"):
        check([Requirement.parse("acuracy>=0.9")], "m", results)
    with pytest.raises(InputError, match="no class or condition 'E5'"):
        check([Requirement.parse("precision:E5>=0.9")], "m", results)


def test_a_score_that_is_not_known_fails(results: EvaluationResults) -> None:
    unknown = results.metrics.model_copy(update={"accuracy": None})
    assert unknown["accuracy"] is None
    found = check(
        [Requirement.parse("accuracy>=0")], "m", results.model_copy(update={"metrics": unknown})
    )
    assert not found[0].passed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("acuracy>=0.9", r"no score 'acuracy' \(did you mean 'accuracy'\?\)"),
        ("precision>=0.9", "no score 'precision'"),  # a class has it
        ("precision:studio>=0.9", "no score 'precision'"),
        ("trust:E4>=0.9", "no score 'trust'"),
        ("precision:E5>=0.9", "no class or condition 'E5'; there are studio, silence, C4, E4"),
    ],
)
def test_names_are_refused_before_anything_is_predicted(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Requirement.parse(text).ensure_known(("silence", "C4", "E4"), ("studio",))


def test_what_results_have_is_not_refused(results: EvaluationResults) -> None:
    classes, conditions = list(results.per_class), list(results.per_condition)
    texts = [f"{score}>=0" for score in results.metrics.scores]
    texts += [
        f"{score}:{conditions[0]}>=0" for score in results.per_condition[conditions[0]].scores
    ]
    texts += [f"{score}:{classes[1]}>=0" for score in results.per_class[classes[1]].scores]
    required = [Requirement.parse(text) for text in texts]
    for one in required:
        one.ensure_known(classes, conditions)
    assert len(check(required, "m", results)) == len(texts) > 30
