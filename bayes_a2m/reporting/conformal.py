"""Coverage and size of conformal prediction sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.evaluation.results import ConformalResults, SetScores
from bayes_a2m.metrics.inputs import Ints
from bayes_a2m.reporting import style
from bayes_a2m.reporting.many import shown_of, told

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def conformal_figure(found: Sequence[ConformalResults], names: Sequence[str]) -> Figure:
    """Coverage by class against the level asked for, and the mean size of the sets.

    Parameters
    ----------
    found
        ``calibration.conformal`` of ``metrics.json``: the results of each level.
    names
        The names of the classes.

    Returns
    -------
    Figure
        Two columns wide; it says so where no sets are stored.
    """
    names = [names[k] for k in _shown(found, names)]
    rows = ["all frames", *names]
    figure = style.new_figure(style.WIDTH, 0.9 + 0.26 * len(rows))
    if not found:
        figure.text(0.5, 0.5, "no conformal sets are stored with this model", ha="center")
        return figure
    left, right = figure.subplots(1, 2, sharey=True)
    looks = style.looks(len(found))
    for i, results in enumerate(found):
        colour, marker = looks[i].colour, looks[i].marker
        left.axvline(100 * results.level, color=colour, linewidth=0.9, linestyle=looks[i].line)
        for place, name in enumerate(rows):
            scores: SetScores = results if place == 0 else results.per_class[name]
            at = place + 0.22 * (i - (len(found) - 1) / 2)
            label = f"{100 * results.level:g} % asked for" if place == 0 else None
            for axes, score, scale in ((left, scores.coverage, 100), (right, scores.size, 1)):
                if score.value is None:
                    if axes is left and i == 0:
                        axes.text(
                            0.02,
                            at,
                            "no frames",
                            fontsize=style.TICK,
                            va="center",
                            transform=axes.get_yaxis_transform(),
                        )
                    continue
                if score.low is not None and score.high is not None:
                    span = [scale * score.low, scale * score.high]
                    axes.plot(span, [at, at], color=colour, linewidth=1.1)
                axes.plot(scale * score.value, at, marker, color=colour, markersize=4, label=label)
    left.set_yticks(range(len(rows)), labels=rows)
    left.invert_yaxis()
    style.dress(left, x="truth in the set (%)", grid=True)
    style.dress(right, x="classes in the set", grid=True)
    right.set_xlim(left=min(1.0, right.get_xlim()[0]))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", ncols=len(found), fontsize=style.TICK, frameon=False
    )
    figure.tight_layout(pad=0.4, w_pad=1.2, rect=(0, 0.1, 1, 1))
    return figure


def conformal_caption(found: Sequence[ConformalResults], names: Sequence[str]) -> str:
    """The caption of the figure, in one line.

    >>> from bayes_a2m.evaluation.results import ClassSetScores, ConformalResults
    >>> from bayes_a2m.resampling.bootstrap import Interval
    >>> held, size = Interval(0.97, 0.96, 0.98), Interval(1.2)
    >>> scores = {"coverage": held, "size": size, "single": held}
    >>> conformal_caption([ConformalResults(level=0.95, way="recordings", **scores,
    ...     per_class={"C4": ClassSetScores(**scores)}, per_condition={}, warnings=[])], ["C4"])
    'Sets of 95 % hold the truth in 97.0 % of the frames with 1.20 classes on average, least
    often for C4 (97.0 %).'
    """
    said = []
    for results in found:
        coverage, size = results.coverage.value, results.size.value
        if coverage is None or size is None:
            continue
        words = (
            f"sets of {100 * results.level:g} % hold the truth in {100 * coverage:.1f} % of the "
            f"frames with {size:.2f} classes on average"
        )
        by_class = {
            name: scores.coverage.value
            for name in names
            if (scores := results.per_class.get(name)) is not None
            and scores.coverage.value is not None
        }
        if by_class:
            least = min(by_class, key=lambda name: by_class[name])
            words += f", least often for {least} ({100 * by_class[least]:.1f} %)"
        said.append(words)
    line = "; ".join(said) or "no conformal sets are stored with this model"
    limited = told(names, _shown(found, names), "whose sets hold the truth least often")
    return f"{line[:1].upper()}{line[1:]}.{limited}"


def _shown(found: Sequence[ConformalResults], names: Sequence[str]) -> Ints:
    """The numbers of the classes that are drawn, of many those whose sets fail most often."""
    misses = []
    for name in names:
        own = [results.per_class.get(name) for results in found]
        held = [one.coverage.value for one in own if one is not None]
        misses.append(1 - min((value for value in held if value is not None), default=np.nan))
    return shown_of(misses)
