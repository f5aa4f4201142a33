"""The bar on a class's card stands where the numbers are."""

from __future__ import annotations

import pytest

from bayes_a2m.reporting.report.gap_bar import WIDTH, gap_bar
from bayes_a2m.reporting.report.verdict import ClassVerdict, withdrawn_verdicts
from bayes_a2m.resampling.bootstrap import Interval


def verdict(gap: Interval, tolerance: float = 0.03) -> ClassVerdict:
    (blank,) = withdrawn_verdicts(["C4"], tolerance=tolerance)
    return blank.model_copy(update={"overconfidence": gap})


def test_ten_points_are_the_ends() -> None:
    bar = gap_bar(verdict(Interval(0.05, 0.0, 0.1)))
    assert bar.end == pytest.approx(0.1)
    assert bar.zero == WIDTH / 2
    assert bar.dot == 0.75 * WIDTH
    assert bar.interval == (WIDTH / 2, WIDTH)
    assert bar.inside == (pytest.approx(0.35 * WIDTH), pytest.approx(0.65 * WIDTH))


def test_the_ends_give_way_to_what_is_larger() -> None:
    assert gap_bar(verdict(Interval(-0.3, -0.5, -0.1))).end == 0.5
    assert gap_bar(verdict(Interval(-0.3, -0.5, -0.1))).interval == (0.0, 0.4 * WIDTH)


def test_what_is_not_known_is_not_drawn() -> None:
    bar = gap_bar(verdict(Interval(None)))
    assert bar.dot is None
    assert bar.interval is None
    assert gap_bar(verdict(Interval(0.01))).interval is None
