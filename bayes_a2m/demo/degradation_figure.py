"""Accuracy and confidence while recordings get worse: confidence should fall as accuracy does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Course = Mapping[str, Sequence[float]]
"""``severity``, ``accuracy``, ``confidence`` and ``ece``, of equal lengths."""


def degradation_figure(courses: Mapping[str, Course]) -> Figure:
    """Accuracy, mean confidence and ECE by severity.

    Parameters
    ----------
    courses
        The scores by severity, by the name of what was done to the recordings.

    Returns
    -------
    Figure
        A panel for each name, accuracy and confidence with the gap between them filled, and a
        last one with the ECE of all.
    """
    figure = style.new_figure(style.WIDTH, 2.5)
    panels = figure.subplots(1, len(courses) + 1)
    lowest = min(min(*c["accuracy"], *c["confidence"]) for c in courses.values())
    for axes, (name, course) in zip(panels, courses.items(), strict=False):
        _draw_gap(axes, course)
        axes.set_ylim(max(0.0, lowest - 0.08), 1.01)
        style.dress(axes, title=name, x="severity", grid=True)
    style.dress(panels[0], y="share of frames")
    last = panels[-1]
    lines = zip(courses.items(), (style.BLUE, style.VERMILLION, style.GREEN), strict=False)
    markers = iter("so^")
    for (name, course), colour in lines:
        marker = next(markers)
        last.plot(
            course["severity"], course["ece"], f"{marker}-", color=colour, markersize=4, label=name
        )
    last.set_ylim(0, 1.15 * max(0.02, *(e for c in courses.values() for e in c["ece"])))
    style.dress(last, title="ECE", x="severity", grid=True)
    for axes in panels:
        axes.set_xticks(list(next(iter(courses.values()))["severity"]))
    panels[0].legend(fontsize=style.TICK, frameon=False, loc="lower left")
    last.legend(fontsize=style.TICK, frameon=False, loc="upper left")
    figure.tight_layout(pad=0.4, w_pad=1.2)
    return figure


def _draw_gap(axes: Axes, course: Course) -> None:
    """Two lines, and what lies between them."""
    x, right, stated = course["severity"], course["accuracy"], course["confidence"]
    axes.fill_between(x, right, stated, color=style.ORANGE, alpha=0.25, linewidth=0)
    axes.plot(x, stated, "o--", color=style.ORANGE, markersize=4, label="mean confidence")
    axes.plot(x, right, "o-", color=style.INK, markersize=4, label="accuracy")
