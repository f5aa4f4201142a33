"""Panels one above another on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Panels:
    """A figure, its panels from above, and the narrow axes beside one of them for a colour bar."""

    figure: Figure
    axes: tuple[Axes, ...]
    bar: Axes


def time_panels(heights: Sequence[float], duration: float, *, bar_beside: int) -> Panels:
    """Panels of these heights (inches) that share a time axis from 0 to ``duration`` seconds.

    Margins are set outright: a layout engine costs more than the drawing.
    """
    inches = sum(heights) + 0.1 * len(heights) + 0.66
    figure = style.new_figure(style.WIDTH, inches)
    cells = figure.add_gridspec(
        len(heights),
        2,
        height_ratios=heights,
        width_ratios=(1, 0.016),
        left=0.65 / style.WIDTH,
        right=1 - 0.5 / style.WIDTH,
        top=1 - 0.26 / inches,
        bottom=0.4 / inches,
        hspace=0.12,
        wspace=0.025,
    )
    first = figure.add_subplot(cells[0, 0])
    rows = [figure.add_subplot(cells[i, 0], sharex=first) for i in range(1, len(heights))]
    axes = (first, *rows)
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
    style.dress(axes[-1], x="time (s)")
    first.set_xlim(0.0, duration)
    return Panels(figure, axes, figure.add_subplot(cells[bar_beside, 1]))
