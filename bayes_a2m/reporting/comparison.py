"""A figure of two sides, score by score and slice by slice: which differences are decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bayes_a2m.comparison.compare import Comparison, Differences
from bayes_a2m.comparison.difference import Difference
from bayes_a2m.metrics.metric import metric_named
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = ("nll", "accuracy", "ece", "note_onset_f1_50ms")
"""Scores, a panel each."""


def comparison_figure(comparison: Comparison, *, metrics: Sequence[str] = SHOWN) -> Figure:
    """A panel a score, a row a place: the difference of two sides with its 95 % interval.

    Differences whose interval excludes zero are filled, blue where the first side is better and
    orange where the other is; the others are open and grey.

    Parameters
    ----------
    comparison
        A comparison of two sides.
    metrics
        The names of the scores, a panel each.

    Returns
    -------
    Figure
        Two columns wide.
    """
    rows = places_of(comparison)
    figure = style.new_figure(style.WIDTH, 0.95 + 0.2 * len(rows))
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        draw_comparison(axes, comparison, metric)
    first, second = (style.label(name) for name in comparison.names)
    figure.suptitle(f"{first} − {second}", fontsize=style.TITLE, color=style.INK, x=0.01, ha="left")
    figure.tight_layout(pad=0.4, w_pad=1.0)
    return figure


def draw_comparison(axes: Axes, comparison: Comparison, metric: str) -> None:
    """Draw the differences of one score, a row a subgroup.

    Parameters
    ----------
    axes
        Where to draw.
    comparison
        A comparison of two sides.
    metric
        The name of the score.
    """
    rows = places_of(comparison)
    known = metric_named(metric)
    axes.axvline(0, color=style.INK, linewidth=0.8)
    for place, own in enumerate(rows.values()):
        if metric in own:
            draw_difference(axes, place, own[metric])
    side = "left" if known.better == "lower" else "right"
    style.dress(axes, title=known.label, x=f"{side}: better", grid=True)
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=4)
    axes.set_yticks(range(len(rows)), labels=[style.label(name) for name in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)


def comparison_caption(comparison: Comparison) -> str:
    """The caption of the figure: how many of its differences are decided.

    >>> parts = ("metrics", "per_class", "per_condition", "near_boundary", "away_from_boundary")
    >>> comparison_caption(Comparison(names=("a", "b"), models=(3, 3), recordings=45,
    ...     paired_seeds=True, stages={}, **{part: {} for part in parts}))
    'a − b, with 95 % intervals from recordings and seeds: 0 of 0 exclude zero.'
    """
    shown = [
        own[metric] for own in places_of(comparison).values() for metric in SHOWN if metric in own
    ]
    known = [difference for difference in shown if difference.low is not None]
    decided = sum(difference.decided for difference in known)
    first, second = comparison.names
    return (
        f"{first} − {second}, with 95 % intervals from recordings and seeds: "
        f"{decided} of {len(known)} exclude zero."
    )


def places_of(comparison: Comparison) -> dict[str, Differences]:
    """The differences by subgroup, in the order of the rows."""
    stages = {"silence": "silence or sound", "pitch": "pitch, given sound"}
    return {
        "all frames": comparison.metrics,
        **comparison.per_condition,
        "near boundaries": comparison.near_boundary,
        "away from them": comparison.away_from_boundary,
        **{stages.get(name, name): own for name, own in comparison.stages.items()},
    }


def draw_difference(axes: Axes, place: int, shown: Difference) -> None:
    """Draw one difference with its interval in a row; nothing where it is undefined."""
    if shown.difference is None:
        return
    good = shown.probability_better is not None and shown.probability_better > 0.5
    colour = style.SILENCE
    if shown.decided:
        colour = style.BLUE if good else style.VERMILLION
    if shown.low is not None and shown.high is not None:
        axes.plot([shown.low, shown.high], [place, place], color=colour, linewidth=1.2)
    axes.plot(
        shown.difference,
        place,
        "o",
        color=colour,
        markersize=4.0,
        markerfacecolor=colour if shown.decided else "white",
    )
