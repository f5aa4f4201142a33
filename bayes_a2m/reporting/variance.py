"""Predictive variance of every class, in its two parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.reporting import style
from bayes_a2m.reporting.many import shown_of, told
from bayes_a2m.resampling.bootstrap import intervals_by_class, resample_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_a2m.prediction.posterior import FramePredictive

GROUPS = ("of the class", "of others")
"""Frames truly of the class, and all others."""


def variance_parts(
    posterior: FramePredictive, labels: Sequence[Ints], *, resamples: int = 1000, seed: int = 0
) -> list[dict[str, Any]]:
    """Mean predictive variance of every class, a row a class and group of frames.

    The variance of "this frame is of this class" is ``p (1 - p)``: the mean over draws of
    ``p_d (1 - p_d)`` plus the variance of ``p_d`` (the law of total variance).

    Parameters
    ----------
    posterior
        Any predictive.
    labels
        Class of every frame, an array a recording.
    resamples, seed
        The resampling of recordings for the interval of the total.

    Returns
    -------
    list
        ``class``, ``frames`` (one of :data:`GROUPS`), ``expected`` (aleatoric uncertainty),
        ``draws`` (variance over draws: epistemic uncertainty), ``total`` with ``low`` and ``high``;
        None where there is no such frame.

    Raises
    ------
    InputError
        If labels and recordings do not go together.
    """
    if len(labels) != len(posterior):
        raise InputError(f"labels of {len(labels)} recordings for {len(posterior)} predicted ones")
    expected, between = posterior.expected_variance(), posterior.variance()
    classes = len(posterior.vocabulary)
    sums = np.zeros((2, 2, len(labels), classes))  # part, group, recording, class
    frames = np.zeros((2, len(labels), classes))
    for i, truth in enumerate(labels):
        n = truth.shape[0]
        own = truth[:, None] == np.arange(classes)
        for g, mask in enumerate((own, ~own)):
            frames[g, i] = mask.sum(axis=0)
            for part, values in enumerate((expected, between)):
                sums[part, g, i] = (values[i, :n] * mask).sum(axis=0)
    weights = resample_weights(len(labels), resamples, np.random.default_rng(seed))
    rows: list[dict[str, Any]] = []
    for g, group in enumerate(GROUPS):

        def totals(w: Floats, g: int = g) -> dict[str, Floats]:
            count = w @ frames[g]
            return {
                "expected": ratio(w @ sums[0, g], count),
                "draws": ratio(w @ sums[1, g], count),
                "total": ratio(w @ (sums[0, g] + sums[1, g]), count),
            }

        for k, mean_of in enumerate(intervals_by_class(totals, weights)):
            rows.append(
                {
                    "class": posterior.vocabulary.names[k],
                    "frames": group,
                    "expected": mean_of["expected"].value,
                    "draws": mean_of["draws"].value,
                    "total": mean_of["total"].value,
                    "low": mean_of["total"].low,
                    "high": mean_of["total"].high,
                }
            )
    return rows


def variance_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Stacked bars: a pair a class, over the frames of the class and over all others.

    Parameters
    ----------
    rows
        The rows of :func:`variance_parts`.

    Returns
    -------
    Figure
        One column wide.
    """
    rows, _ = _shown(rows)
    names = list(dict.fromkeys(row["class"] for row in rows))
    figure = style.new_figure(style.COLUMN, 2.7)
    axes = figure.add_subplot()
    for row in rows:
        at = names.index(row["class"]) + (-0.2 if row["frames"] == GROUPS[0] else 0.2)
        if row["total"] is None:
            axes.text(at, 0, "none", ha="center", va="bottom", fontsize=style.TICK, rotation=90)
            continue
        pale = 1.0 if row["frames"] == GROUPS[0] else 0.45
        axes.bar(at, row["expected"], 0.36, color=style.SKY, alpha=pale, ec="white", lw=0.4)
        axes.bar(
            at,
            row["draws"],
            0.36,
            bottom=row["expected"],
            color=style.VERMILLION,
            alpha=pale,
            hatch="////",
            ec="white",
            lw=0.4,
        )
        if row["low"] is not None:
            axes.plot([at, at], [row["low"], row["high"]], color=style.INK, linewidth=0.8)
    axes.set_xticks(range(len(names)), labels=names, rotation=0 if len(names) <= 6 else 90)
    axes.set_ylim(bottom=0)
    style.dress(axes, y="mean variance", grid=True)
    axes.grid(False, axis="x")
    doubt_legend(figure)
    figure.tight_layout(pad=0.4, rect=(0, 0.14, 1, 1))
    return figure


def variance_caption(rows: Sequence[dict[str, Any]]) -> str:
    """The caption of the figure, in one line.

    >>> row = {"class": "E4", "frames": "of the class", "expected": 0.03, "draws": 0.01,
    ...        "total": 0.04, "low": None, "high": None}
    >>> variance_caption([row])
    'Mean predictive variance, of frames of the class (left) and of others (right, pale): largest
    for E4, 0.040; draws account for 25 % of it.'
    """
    own = [row for row in rows if row["frames"] == GROUPS[0] and row["total"] is not None]
    if not own:
        return "Mean predictive variance: there are no frames."
    most = max(own, key=lambda row: row["total"])
    share = most["draws"] / most["total"] if most["total"] else 0.0
    part = f"draws account for {100 * share:.0f} % of it"
    if not any(row["draws"] for row in rows):
        part = "one draw has no variance over draws"
    return (
        "Mean predictive variance, of frames of the class (left) and of others (right, pale): "
        f"largest for {most['class']}, {most['total']:.3f}; {part}.{_shown(rows)[1]}"
    )


def _shown(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The rows of the classes that are drawn, of many the most uncertain; and words for that."""
    own = {row["class"]: row["total"] for row in rows if row["frames"] == GROUPS[0]}
    names = list(own)
    shown = shown_of([np.nan if own[name] is None else own[name] for name in names])
    kept = {names[k] for k in shown}
    words = told(names, shown, "with the largest variance")
    return [row for row in rows if row["class"] in kept], words


def doubt_legend(figure: Figure) -> None:
    """The two parts of uncertainty, below a figure."""
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=style.SKY, label="aleatoric uncertainty"),
        Patch(facecolor=style.VERMILLION, hatch="////", ec="white", label="epistemic uncertainty"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=2, fontsize=style.TICK, frameon=False)
