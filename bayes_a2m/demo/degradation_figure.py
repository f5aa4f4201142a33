"""Accuracy and overconfidence of methods while recordings get worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.demo.steps.degrade import Curve

LINES = (
    (style.INK, "o", "-"),
    (style.BLUE, "s", "--"),
    (style.VERMILLION, "^", "-."),
)
"""Colour, marker and stroke of each method, to be told apart in grey, too."""


def degradation_figure(curves: Sequence[Curve]) -> Figure:
    """Accuracy above, mean confidence minus accuracy below, by severity.

    Parameters
    ----------
    curves
        Every method under every degradation.

    Returns
    -------
    Figure
        A column for each degradation, a line for each method, named at its end in the last column.
    """
    kinds = list(dict.fromkeys(curve.degradation for curve in curves))
    methods = list(dict.fromkeys(curve.method for curve in curves))
    figure = style.new_figure(style.WIDTH, 4.2)
    panels = figure.subplots(2, len(kinds), sharex=True, sharey="row", squeeze=False)
    for curve in curves:
        colour, marker, stroke = LINES[methods.index(curve.method) % len(LINES)]
        column = panels[:, kinds.index(curve.degradation)]
        for axes, values in zip(column, (curve.accuracy, curve.gap), strict=True):
            axes.plot(
                curve.severity, values, marker=marker, linestyle=stroke, color=colour,
                markersize=4, label=curve.method,
            )  # fmt: skip
    for axes, kind in zip(panels[0], kinds, strict=True):
        style.dress(axes, title=kind, grid=True)
    for axes in panels[1]:
        axes.axhspan(-0.03, 0.03, color=style.SILENCE, alpha=0.15, linewidth=0)
        axes.axhline(0.0, color=style.SILENCE, linewidth=0.8)
        axes.set_xticks(curves[0].severity)
        style.dress(axes, x="severity", grid=True)
    style.dress(panels[0, 0], y="accuracy")
    style.dress(panels[1, 0], y="confidence − accuracy")
    _legend(panels[0, 0])
    figure.tight_layout(pad=0.4, w_pad=1.2, h_pad=1.0)
    return figure


def _legend(axes: Axes) -> None:
    axes.legend(fontsize=style.TICK, frameon=False, loc="lower left")
