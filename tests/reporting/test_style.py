"""What every figure shares: series that differ without colour, and words that touch nothing."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.diagnostics.monte_carlo import DrawsCurve
from bayes_a2m.reporting import figures, style
from bayes_a2m.reporting.draws import draws_figure
from bayes_a2m.reporting.selective import risk_coverage_figure
from tests.plot.predictions import predicted

POST, LABELS = predicted()
METHODS = ("point", "mc_dropout", "ensemble", "laplace", "variational", "hmc", "sgmcmc", "more")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def drawn() -> dict[str, Figure]:
    counts = np.array([1, 5, 50])
    curves = {
        name: DrawsCurve("nll", counts, 0.2 + 0.001 * k + 0.1 / counts, 0.01 / counts, 20)
        for k, name in enumerate(METHODS)
    }
    accepted = AcceptStatistics.stack(
        [AcceptStatistics.of(POST.of(i), y) for i, y in enumerate(LABELS)]
    )
    return {
        "reliability": figures.reliability(POST, LABELS).figure,
        "class_reliability": figures.class_reliability(POST, LABELS).figure,
        "confusion": figures.confusion(POST, LABELS).figure,
        "confidence": figures.ecdf(POST, LABELS).figure,
        "entropy_by_class": figures.ecdf(POST, LABELS, quantity="entropy", by="class").figure,
        "boundaries": figures.boundaries(POST, LABELS).figure,
        "variance": figures.variance(POST, LABELS).figure,
        "entropy": figures.entropy(POST, LABELS).figure,
        "draws": draws_figure(curves),
        "risk": risk_coverage_figure(dict.fromkeys(METHODS, accepted), resamples=5),
        "places": figures.places(POST, LABELS).figure,
    }


FIGURES = drawn()


def series(axes: Axes) -> list[tuple[str, str, str]]:
    """Colour, line and marker of every line of more than three points."""
    return [
        (str(line.get_color()), str(line._dash_pattern), str(line.get_marker()))
        for line in axes.lines
        if len(line.get_xdata()) >= 3 and line.get_linestyle() != "None"
    ]


@pytest.mark.parametrize("name", ["confidence", "entropy_by_class", "boundaries", "draws", "risk"])
def test_series_differ_in_grey(name: str) -> None:
    found = series(FIGURES[name].axes[0])
    assert len(found) > 1
    assert len({colour for colour, _, _ in found}) == len(found)
    for one, other in combinations(found, 2):
        lighter = abs(luminance(one[0]) - luminance(other[0]))
        assert one[1:] != other[1:] or lighter > 0.15, (one, other)


@pytest.mark.parametrize("count", [2, 6, 7, 30])
def test_looks_differ_in_colour_and_without_it(count: int) -> None:
    found = style.looks(count)
    assert len({look.colour for look in found}) == count
    assert len({(str(look.line), look.marker) for look in found}) == count
    assert style.YELLOW not in {look.colour for look in found}


@pytest.mark.parametrize("name", list(FIGURES))
def test_ticks_do_not_collide(name: str) -> None:
    figure = FIGURES[name]
    figure.canvas.draw()
    for axes in figure.axes:
        for axis, horizontal in ((axes.xaxis, True), (axes.yaxis, False)):
            texts = [
                text
                for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
                for text in (tick.label1,)
                if text.get_visible() and text.get_text()
            ]
            low, high = sorted(axis.get_view_interval())
            boxes = sorted(
                (box.x0, box.x1) if horizontal else (box.y0, box.y1)
                for text in texts
                for box in (text.get_window_extent(),)
                if low <= text.get_position()[0 if horizontal else 1] <= high
            )
            assert all(one[1] <= other[0] for one, other in pairwise(boxes)), (name, boxes)


def test_names_beside_line_ends_have_room_one_below_another() -> None:
    figure = FIGURES["draws"]
    figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in figure.axes[0].texts), key=lambda b: b.y0)
    assert len(boxes) == len(METHODS)
    # letters of neighbours do not touch: their middles are apart by the size of the letters
    size = style.TICK * figure.dpi / 72
    middles = [t.xyann[1] * figure.axes[0].bbox.height for t in figure.axes[0].texts]
    assert all(other - one >= size for one, other in pairwise(sorted(middles)))


def test_no_point_or_bar_touches_the_words_of_the_diagonal() -> None:
    figure = FIGURES["reliability"]
    figure.canvas.draw()
    axes = figure.axes[0]
    words = axes._right_title
    assert words.get_text() == "dashed: perfect calibration"
    assert words.get_window_extent().y0 > axes.bbox.y1
