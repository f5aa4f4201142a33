"""A score against the number of draws, for several methods at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.diagnostics.monte_carlo import TOLERANCE
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.diagnostics.monte_carlo import DrawsCurve

_AXES = {"nll": "NLL (nats per frame)", "brier": "Brier score", "ece": "ECE"}
_WORDS = {"nll": "NLL", "brier": "Brier score", "ece": "ECE"}


def draws_figure(courses: Mapping[str, DrawsCurve], *, tolerance: float = TOLERANCE) -> Figure:
    """A score against the number of draws, with its Monte Carlo error; a line where it is enough.

    Parameters
    ----------
    courses
        The curves by the name of the method, all of one score.
    tolerance
        The tolerance of the stop rule
        (:meth:`~bayes_a2m.diagnostics.monte_carlo.DrawsCurve.enough`); the fewest
        draws that meet it are marked with a dashed line in the method's colour.

    Returns
    -------
    Figure
        One column wide, draws on a logarithmic axis.
    """
    figure = style.new_figure(
        style.COLUMN + (0.9 if len(courses) > 1 else 0.0), max(2.6, 0.8 + 0.13 * len(courses))
    )
    axes = figure.add_subplot()
    draw_curves(axes, courses, tolerance=tolerance)
    figure.tight_layout(pad=0.4)
    return figure


def draw_curves(
    axes: Axes, courses: Mapping[str, DrawsCurve], *, tolerance: float = TOLERANCE
) -> None:
    """Draw a score against the number of draws, a line and a marker for every method.

    Parameters
    ----------
    axes
        Where to draw.
    courses, tolerance
        The same as for :func:`draws_figure`.
    """
    from matplotlib.ticker import FixedLocator, NullLocator

    looks = style.looks(len(courses))
    for look, course in zip(looks, courses.values(), strict=True):
        axes.errorbar(
            course.draws,
            course.value,
            np.nan_to_num(course.error),
            color=look.colour,
            marker=look.marker,
            linestyle=look.line,
            markersize=3,
            linewidth=1.1,
            elinewidth=0.8,
            capsize=1.5,
        )
        stop = course.enough(tolerance)
        if stop is not None:
            axes.axvline(stop, color=look.colour, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0.5)
    axes.set_xscale("log")
    most = max(int(course.draws[-1]) for course in courses.values())
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if t <= most]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    score = next(iter(courses.values())).score
    style.dress(axes, x="draws", y=_AXES[score], grid=True)
    if len(courses) > 1:
        style.name_ends(
            axes,
            [
                (float(c.draws[-1]), float(c.value[-1]), name.replace("_", " "), look.colour)
                for look, (name, c) in zip(looks, courses.items(), strict=True)
            ],
        )


def draws_caption(courses: Mapping[str, DrawsCurve], *, tolerance: float = TOLERANCE) -> str:
    """The caption of the figure, in one line.

    >>> from bayes_a2m.diagnostics.monte_carlo import DrawsCurve
    >>> one = DrawsCurve("nll", np.array([1, 10]), np.array([0.3, 0.2]), np.array([0.1, 0.0]), 20)
    >>> draws_caption({"mc_dropout": one})
    'NLL by number of draws ± its Monte Carlo standard error; enough to 0.001: mc_dropout 10.'
    """
    stops = {name: course.enough(tolerance) for name, course in courses.items()}
    words = ", ".join(
        f"{name} {f'more than {courses[name].draws[-1]}' if stop is None else stop}"
        for name, stop in stops.items()
    )
    score = _WORDS[next(iter(courses.values())).score]
    return (
        f"{score} by number of draws ± its Monte Carlo standard error; "
        f"enough to {tolerance:g}: {words}."
    )
