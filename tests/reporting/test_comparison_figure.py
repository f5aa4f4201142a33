"""The forest of differences: what it shows where, and what is missing."""

from __future__ import annotations

import pytest

from bayes_a2m.comparison.compare import Comparison
from bayes_a2m.comparison.difference import Difference
from bayes_a2m.reporting import style
from bayes_a2m.reporting.comparison import comparison_caption, comparison_figure


def comparison() -> Comparison:
    better = Difference(0.1, 0.2, -0.1, -0.15, -0.05, 0.99, "lower")
    unknown = Difference(0.9, 0.9, 0.0, -0.02, 0.02, 0.5, "higher")
    worse = Difference(0.3, 0.2, 0.1, 0.05, 0.15, 0.01, "lower")
    undefined = Difference(None, None)
    lonely = Difference(0.4, 0.3, 0.1)
    return Comparison(
        names=("one$", "_other"),
        models=(3, 3),
        recordings=12,
        paired_seeds=True,
        metrics={"nll": better, "accuracy": unknown, "note_onset_f1_50ms": undefined},
        per_class={},
        per_condition={"studio": {"nll": worse}, "noisy": {"nll": lonely}},
        near_boundary={"nll": better},
        away_from_boundary={},
        stages={"silence": {"nll": better}, "pitch": {}},
    )


def test_decided_differences_are_filled_in_the_colour_of_the_better_side() -> None:
    figure = comparison_figure(comparison())
    panel = figure.axes[0]
    single = [line for line in panel.lines if len(line.get_xdata()) == 1]
    points = {float(line.get_xdata()[0]): line for line in single}
    assert points[-0.1].get_markerfacecolor() == style.BLUE
    at = [line for line in single if line.get_ydata()[0] == 1]
    assert at[0].get_markerfacecolor() == style.VERMILLION
    unknown = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 1]
    assert [line.get_markerfacecolor() for line in unknown] == ["white"]


def test_every_place_has_its_row_and_what_is_undefined_is_left_out() -> None:
    figure = comparison_figure(comparison())
    rows = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert rows == [
        "all frames",
        "studio",
        "noisy",
        "near boundaries",
        "away from them",
        "silence or sound",
        "pitch, given sound",
    ]
    # the line at zero alone
    assert len(figure.axes[3].lines) == 1
    # a difference without an interval is a point
    lonely = [line for line in figure.axes[0].lines if line.get_ydata()[0] == 2]
    assert [len(line.get_xdata()) for line in lonely] == [1]


def test_the_axis_says_which_side_is_the_better() -> None:
    axes = comparison_figure(comparison()).axes
    assert axes[0].get_xlabel() == "left: better"
    assert axes[1].get_xlabel() == "right: better"


def test_the_caption_counts_what_is_decided() -> None:
    assert comparison_caption(comparison()).endswith("4 of 5 exclude zero.")


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_it_is_written(kind: str, tmp_path) -> None:
    path = tmp_path / f"comparison.{kind}"
    style.save(comparison_figure(comparison()), path)
    assert path.stat().st_size > 5000
