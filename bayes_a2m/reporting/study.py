"""One figure of all arms of a study: their scores, and how far each lies from the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from bayes_a2m.comparison.compare import Comparison
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.metric import metric_named
from bayes_a2m.reporting import style
from bayes_a2m.reporting.comparison import SHOWN, draw_difference, places_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.comparison.difference import Difference
    from bayes_a2m.resampling.bootstrap import Interval

Scores: TypeAlias = Mapping[str, "Interval | None"]
"""Scores of an arm by the names of their metrics."""

ROW = 0.19
"""Inches: the height of an arm's row."""

PLACES = "nll"
"""The score whose differences are told by subgroup."""

BETTER, WORSE = "#cfe3f2", "#f0b38a"
"""Behind a decided difference: pale where the arm is better, darker where it is worse."""


def study_figure(
    arms: Mapping[str, Scores],
    comparisons: Mapping[str, Comparison],
    *,
    reference: str,
    metrics: Sequence[str] = SHOWN,
) -> Figure:
    """All arms of a study, a row an arm: scores, differences, and differences by subgroup.

    Parameters
    ----------
    arms
        The scores of every arm with their intervals, the reference among them.
    comparisons
        The comparison with the reference of every other arm.
    reference
        The name of the arm that the others are compared with.
    metrics
        The names of the scores, a column each; all arms share its scale.

    Returns
    -------
    Figure
        Two columns wide: above, scores with 95 % intervals, a dashed line at the reference; in the
        middle, differences from it, filled where the interval excludes zero; below, differences of
        NLL by subgroup as numbers, tinted where the interval excludes zero.

    Raises
    ------
    InputError
        If there is no arm.
    """
    if not arms:
        raise InputError("there are no arms to draw")
    others = {arm: comparisons[arm] for arm in arms if arm in comparisons}
    # a block of rows each, with room for what stands above and below it
    heights = [ROW * len(arms) + 0.1, *([ROW * len(others) + 0.1] * 2 if others else [])]
    gaps, top = 0.78, 0.42
    inches = sum(heights) + gaps * (len(heights) - 1) + top + 0.42
    figure = style.new_figure(style.WIDTH, inches)
    left, right = _margin([*arms]) / style.WIDTH, 1 - 0.12 / style.WIDTH
    bottom = inches - top
    for block, height in enumerate(heights):
        cells = figure.add_gridspec(
            1,
            len(metrics) if block < 2 else 1,
            left=left,
            right=right,
            top=bottom / inches,
            bottom=(bottom - height) / inches,
            wspace=0.16,
        )
        bottom -= height + gaps
        if block == 2:
            _draw_places(figure.add_subplot(cells[0]), others, reference)
            continue
        for column, metric in enumerate(metrics):
            axes = figure.add_subplot(cells[column])
            if block == 0:
                _draw_scores(axes, arms, metric, reference)
            else:
                _draw_differences(axes, others, metric)
            names = list(arms if block == 0 else others)
            axes.set_yticks(range(len(names)), labels=[_name(n, reference) for n in names])
            axes.tick_params(labelleft=column == 0)
    return figure


def study_caption(comparisons: Mapping[str, Comparison], *, reference: str) -> str:
    """The caption of the figure: how many of its differences exclude zero.

    >>> study_caption({}, reference="adam")
    'Scores of every arm with 95 % intervals from recordings and seeds.'
    """
    line = "Scores of every arm with 95 % intervals from recordings and seeds"
    if not comparisons:
        return f"{line}."
    known = [
        difference
        for comparison in comparisons.values()
        for metric in SHOWN
        if (difference := comparison.metrics.get(metric)) is not None and difference.low is not None
    ]
    decided = sum(difference.decided for difference in known)
    return (
        f"{line}; in the middle, differences from {reference}, filled where the interval excludes "
        f"zero ({decided} of {len(known)}); below, differences of NLL by subgroup, tinted where it "
        "does (pale: better, dark: worse)."
    )


def _name(arm: str, reference: str) -> str:
    name = style.label(arm, 24)
    return f"{name} (ref.)" if arm == reference else name


def _margin(names: Sequence[str]) -> float:
    """Inches that the names take at the left, with the mark of the reference."""
    return 0.25 + 0.056 * (6 + min(24, max(map(len, names))))


def _draw_scores(axes: Axes, arms: Mapping[str, Scores], metric: str, reference: str) -> None:
    own = arms[reference].get(metric) if reference in arms else None
    if own is not None and own.value is not None:
        axes.axvline(own.value, color=style.SILENCE, linewidth=0.8, linestyle=(0, (4, 3)))
    for row, (arm, scores) in enumerate(arms.items()):
        score = scores.get(metric)
        if score is None or score.value is None:
            _say_none(axes, row)
            continue
        colour = style.INK if arm == reference else style.BLUE
        if score.low is not None and score.high is not None:
            axes.plot([score.low, score.high], [row, row], color=colour, linewidth=1.2)
        marker = "D" if arm == reference else "o"
        axes.plot(score.value, row, marker, color=colour, markersize=3.8)
    known = metric_named(metric)
    style.dress(axes, title=_wrapped(known.label, 20), grid=True)
    _dress(axes, len(arms), "← better" if known.better == "lower" else "better →")


def _draw_differences(axes: Axes, others: Mapping[str, Comparison], metric: str) -> None:
    axes.axvline(0, color=style.INK, linewidth=0.8)
    for row, comparison in enumerate(others.values()):
        difference = comparison.metrics.get(metric)
        if difference is None or difference.difference is None:
            _say_none(axes, row)
            continue
        draw_difference(axes, row, difference)
    known = metric_named(metric)
    style.dress(axes, title=_wrapped(known.label, 20), grid=True)
    direction = "← better" if known.better == "lower" else "better →"
    _dress(axes, len(others), f"arm − ref.   {direction}")


def _dress(axes: Axes, rows: int, direction: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(rows - 0.4, -0.6)
    axes.margins(x=0.08)
    low, high = axes.get_xlim()
    edge = 0.12 * (high - low)
    for most in (3, 4, 6, 8):
        found = [float(x) for x in MaxNLocator(most).tick_values(low, high)]
        # one at the edge would touch the first of the next panel; one alone is no scale
        ticks = [x for x in found if low + edge <= x <= high - edge]
        if len(ticks) >= 2:
            break
    axes.set_xticks(ticks)
    axes.set_xlim(low, high)
    axes.tick_params(axis="y", length=0)
    style.dress(axes, x=direction)


def _say_none(axes: Axes, row: int) -> None:
    axes.text(
        0.5,
        row,
        "not defined",
        transform=axes.get_yaxis_transform(),
        fontsize=style.TICK - 1,
        color=style.GREY,
        ha="center",
        va="center",
    )


def _draw_places(axes: Axes, others: Mapping[str, Comparison], reference: str) -> None:
    """A table of numbers: arms by subgroups."""
    rows = [places_of(comparison) for comparison in others.values()]
    places = list(dict.fromkeys(place for row in rows for place in row))
    for i, row in enumerate(rows):
        for k, place in enumerate(places):
            difference = row.get(place, {}).get(PLACES)
            if difference is None or difference.difference is None:
                continue
            if difference.decided:
                colour = BETTER if difference.difference < 0 else WORSE
                axes.axhspan(
                    i - 0.44, i + 0.44, k / len(places), (k + 0.97) / len(places), color=colour
                )
            axes.text(
                (k + 0.48) / len(places),
                i,
                _signed(difference),
                transform=axes.get_yaxis_transform(),
                fontsize=style.TICK,
                fontweight="bold" if difference.decided else "normal",
                color=style.INK,
                ha="center",
                va="center_baseline",
            )
    axes.set_xlim(0, 1)
    axes.set_ylim(len(others) - 0.5, -0.5)
    axes.set_yticks(range(len(others)), labels=[_name(arm, reference) for arm in others])
    axes.set_xticks(
        [(k + 0.48) / len(places) for k in range(len(places))],
        labels=[_wrapped(place, 12) for place in places],
        verticalalignment="top",
        linespacing=1.0,
    )
    style.dress(axes, title=f"{metric_named(PLACES).label}: arm − ref., by subgroup")
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _signed(difference: Difference) -> str:
    """A difference with its sign, to three places.

    >>> from bayes_a2m.comparison.difference import Difference
    >>> _signed(Difference(0.2, 0.25, -0.05)), _signed(Difference(0.2, 0.2, 0.0))
    ('−0.050', '0.000')
    """
    assert difference.difference is not None
    text = f"{difference.difference:+.3f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def _wrapped(name: str, width: int) -> str:
    """A name on one line or two."""
    import textwrap

    return "\n".join(textwrap.wrap(style.label(name, 40), width, max_lines=2, placeholder="…"))
