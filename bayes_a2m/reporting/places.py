"""Scores by place: near boundaries, by condition, by length and level, for one or more models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.metric import metric_named
from bayes_a2m.reporting import style
from bayes_a2m.resampling.score_table import ScoreTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Scores = Mapping[str, Mapping[str, ScoreTable]]
"""Model to place to the scores there."""


def places_figure(scores: Scores, *, metrics: Sequence[str] = ("accuracy", "ece")) -> Figure:
    """A panel a score, a row a place, a marker a model, with 95 % intervals.

    Parameters
    ----------
    scores
        The scores by model and slice; a score of None is left out.
    metrics
        The names of the scores, a panel each.

    Returns
    -------
    Figure
        Two columns wide.

    Raises
    ------
    InputError
        If there is no model.
    """
    if not scores:
        raise InputError("there are no scores to draw")
    rows = list(dict.fromkeys(place for own in scores.values() for place in own))
    models = list(scores)
    bottom = 0.25 * ((len(models) + 2) // 3) if len(models) > 1 else 0.0
    height = 0.75 + (0.16 + 0.06 * len(models)) * len(rows) + bottom
    figure = style.new_figure(style.WIDTH, height)
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    looks = style.looks(len(models))
    for i, model in enumerate(models):
        colour = looks[i].colour
        for place, name in enumerate(rows):
            at = place + 0.6 * ((i + 0.5) / len(models) - 0.5)
            for axes, metric in zip(panels, metrics, strict=True):
                there = scores[model].get(name)
                score = None if there is None else there.get(metric)
                if score is None or score.value is None:
                    continue
                if score.low is not None and score.high is not None:
                    axes.plot([score.low, score.high], [at, at], color=colour, linewidth=1.0)
                marker = looks[i].marker
                label = style.label(model) if place == 0 else None
                axes.plot(score.value, at, marker, color=colour, markersize=3.4, label=label)
    for axes, metric in zip(panels, metrics, strict=True):
        style.dress(axes, x=metric_named(metric).heading, grid=True)
    panels[0].set_yticks(range(len(rows)), labels=[style.label(name) for name in rows])
    panels[0].set_ylim(len(rows) - 0.4, -0.6)
    if len(models) > 1:
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="lower center", ncols=3, fontsize=style.TICK, frameon=False
        )
    figure.tight_layout(pad=0.4, w_pad=1.2, rect=(0, bottom / height, 1, 1))
    return figure


def places_caption(scores: Scores, *, metrics: Sequence[str] = ("accuracy", "ece")) -> str:
    """The caption of the figure: the slice on which the first model does worst.

    >>> from bayes_a2m.resampling.bootstrap import Interval
    >>> near, away = (ScoreTable.of({"ece": Interval(v)}) for v in (0.09, 0.01))
    >>> places_caption({"crnn": {"near": near, "away": away}}, metrics=("ece",))
    'By subgroup, with 95 % intervals: crnn does worst in ECE at near (0.090).'
    """
    name, own = next(iter(scores.items()))
    told = []
    for metric in metrics:
        values = {
            place: score.value
            for place, scores_there in own.items()
            if (score := scores_there.get(metric)) is not None and score.value is not None
        }
        if not values:
            continue
        known = metric_named(metric)
        worst = (max if known.better == "lower" else min)(values, key=lambda place: values[place])
        told.append(f"in {known.label} at {worst} ({values[worst]:.3f})")
    summary = f"{name} does worst {', '.join(told)}" if told else "nothing could be measured"
    return f"By subgroup, with 95 % intervals: {summary}."
