"""Histograms of probability integral transforms, flat where a posterior is calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.diagnostics.pit import PIT

_TITLES = {
    "silence": "share of silence",
    "notes": "number of notes",
    "onset": "onset of the first note",
}


def pit_figure(pits: Mapping[str, PIT], *, level: float = 0.95) -> Figure:
    """A histogram for every statistic, with the range that a uniform's counts have.

    Parameters
    ----------
    pits
        The values by statistic, from :func:`~bayes_a2m.diagnostics.pit.pits`.
    level
        The level of the range, that of each bar by itself: of ten bars one is outside in
        four of ten figures where nothing is wrong; the test in the caption is of all at once.

    Returns
    -------
    Figure
        One panel a statistic, side by side.

    Raises
    ------
    InputError
        If there are none.
    """
    if not pits:
        raise InputError("there is no PIT to draw")
    width = style.WIDTH if len(pits) > 1 else style.COLUMN
    figure = style.new_figure(width, 2.1)
    panels = figure.subplots(1, len(pits), squeeze=False)[0]
    for axes, (name, pit) in zip(panels, pits.items(), strict=True):
        _draw(axes, pit, level)
        style.dress(axes, title=_TITLES.get(name, name), x="share of samples below the reference")
    style.dress(panels[0], y="recordings")
    figure.tight_layout(pad=0.4, w_pad=1.2)
    return figure


def bins_of(recordings: int) -> int:
    """Bars of a histogram of so many recordings: about five recordings a bar, 4 to 10 bars.

    >>> [bins_of(n) for n in (3, 45, 1000)]
    [4, 9, 10]
    """
    return int(np.clip(recordings // 5, 4, 10))


def pit_caption(pits: Mapping[str, PIT]) -> str:
    """The caption of the figure, in one line.

    >>> from bayes_a2m.diagnostics.pit import PIT
    >>> one = PIT("notes", np.arange(0.05, 1, 0.1), tuple("abcdefghij"))
    >>> pit_caption({"notes": one}).split(". ")[1]
    'number of notes: no departure seen with 10 recordings (KS p = 1).'
    """
    count = next(iter(pits.values())).values.size
    said = "; ".join(
        f"{_TITLES.get(name, name)}: {pit.shape()} (KS p = {pit.ks()[1]:.2g})"
        for name, pit in pits.items()
    )
    whose = "the one recording" if count == 1 else f"each of {count} recordings"
    return (
        f"Where the reference of {whose} lies among transcriptions sampled from the posterior: "
        f"flat is calibrated, shaded where 95 % of a flat one's bars end. {said}."
    )


def _draw(axes: Axes, pit: PIT, level: float) -> None:
    from matplotlib.ticker import MaxNLocator
    from scipy import stats

    count, bins = pit.values.size, bins_of(pit.values.size)
    edges = np.linspace(0, 1, bins + 1)
    heights, _ = np.histogram(pit.values, edges)
    low, high = stats.binom.interval(level, count, 1 / bins)
    axes.bar(
        edges[:-1],
        heights,
        width=np.diff(edges),
        align="edge",
        color=style.SKY,
        edgecolor="white",
        linewidth=0.6,
    )
    axes.axhspan(low, high, color=style.SILENCE, alpha=0.28, linewidth=0, zorder=2)
    axes.axhline(count / bins, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.12 * max(float(heights.max()), float(high)))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
