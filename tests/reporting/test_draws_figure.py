"""The picture of a score against draws shows the numbers that it was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.diagnostics.monte_carlo import DrawsCurve
from bayes_a2m.reporting import style
from bayes_a2m.reporting.draws import draws_caption, draws_figure

FALLS = DrawsCurve(
    "nll",
    np.array([1, 10, 100]),
    np.array([0.4, 0.3006, 0.3]),
    np.array([0.05, 0.0008, 0.0002]),
    20,
)
STILL_FALLS = DrawsCurve("nll", np.array([1, 50]), np.array([0.5, 0.4]), np.array([0.1, 0.02]), 20)


def test_points_bars_and_stops_stand_where_the_numbers_are(tmp_path: Path) -> None:
    figure = draws_figure({"mc_dropout": FALLS, "ensemble": STILL_FALLS})
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    first, second = axes.containers
    line, _, (bars,) = first
    assert line.get_xdata().tolist() == [1, 10, 100]
    assert line.get_ydata() == pytest.approx(FALLS.value)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 2 * FALLS.error)
    assert second[0].get_xdata().tolist() == [1, 50]
    stops = [one for one in axes.lines if len(one.get_xdata()) == 2 and one.get_marker() == "None"]
    # only mc_dropout gets there, with 10 draws
    assert [list(one.get_xdata()) for one in stops] == [[10, 10]]
    assert stops[0].get_color() == line.get_color()
    named = {text.get_text(): text.xy[1] for text in axes.texts}
    assert named == {"mc dropout": FALLS.value[-1], "ensemble": STILL_FALLS.value[-1]}
    assert axes.get_legend() is None
    assert axes.get_ylabel() == "NLL (nats per frame)"
    style.save(figure, tmp_path / "x.png")
    style.save(figure, tmp_path / "x.svg")


def test_the_tolerance_moves_the_line() -> None:
    axes = draws_figure({"mc_dropout": FALLS}, tolerance=0.2).axes[0]
    stops = [one for one in axes.lines if one.is_dashed()]
    assert [list(one.get_xdata()) for one in stops] == [[1, 1]]


def test_an_error_that_is_unknown_is_no_bar(tmp_path: Path) -> None:
    one = DrawsCurve("ece", np.array([1]), np.array([0.1]), np.array([np.nan]), 20)
    figure = draws_figure({"point": one})
    assert figure.axes[0].get_ylabel() == "ECE"
    style.save(figure, tmp_path / "x.png")


def test_the_caption_is_one_line_and_names_the_stops() -> None:
    words = draws_caption({"mc_dropout": FALLS, "ensemble": STILL_FALLS})
    assert words.endswith("enough to 0.001: mc_dropout 10, ensemble more than 50.")
    assert "\n" not in words
