"""Entropy in its two parts: what the sound does not say, and what the model does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.music.notes import near_boundary
from bayes_a2m.reporting import style
from bayes_a2m.reporting.many import shown_of, told
from bayes_a2m.reporting.variance import doubt_legend
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bayes_a2m.prediction.posterior import FramePredictive


OTHER = ("all", "right", "wrong", "near boundaries", "away from them")
"""Groups of frames that are no class."""


def entropy_parts(
    posterior: FramePredictive, labels: Sequence[Ints], *, resamples: int = 1000, seed: int = 0
) -> list[dict[str, Any]]:
    """Mean entropy of groups of frames: all, by true class, right and wrong, near and away.

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
        ``frames`` (the group), ``expected`` (mean entropy of a draw), ``information`` (mutual
        information), ``total`` with ``low`` and ``high``, in nats; None where there is no frame.

    Raises
    ------
    InputError
        If labels and recordings do not go together.
    """
    if len(labels) != len(posterior):
        raise InputError(f"labels of {len(labels)} recordings for {len(posterior)} predicted ones")
    expected, information = posterior.expected_entropy(), posterior.mutual_information()
    sums: dict[str, NDArray[np.float64]] = {}
    for i, truth in enumerate(labels):
        n = truth.shape[0]
        for name, mask in _groups(posterior, i, truth).items():
            row = sums.setdefault(name, np.zeros((len(labels), 3)))
            row[i] = mask.sum(), expected[i, :n][mask].sum(), information[i, :n][mask].sum()
    weights = resample_weights(len(labels), resamples, np.random.default_rng(seed))
    rows = []
    for name, row in sums.items():

        def means(w: Floats, row: NDArray[np.float64] = row) -> dict[str, Floats]:
            frames = w @ row[:, 0]
            return {
                "expected": ratio(w @ row[:, 1], frames),
                "information": ratio(w @ row[:, 2], frames),
                "total": ratio(w @ (row[:, 1] + row[:, 2]), frames),
            }

        mean_of = intervals(means, weights)
        rows.append(
            {
                "frames": name,
                "expected": mean_of["expected"].value,
                "information": mean_of["information"].value,
                "total": mean_of["total"].value,
                "low": mean_of["total"].low,
                "high": mean_of["total"].high,
            }
        )
    return rows


def entropy_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Stacked bars of the two parts, a bar a group of frames.

    Parameters
    ----------
    rows
        The rows of :func:`entropy_parts`.

    Returns
    -------
    Figure
        One column wide.
    """
    rows, _ = _shown(rows)
    figure = style.new_figure(style.COLUMN, 0.85 + 0.24 * len(rows))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        if row["total"] is None:
            axes.text(0, place, " no frames", va="center", fontsize=style.TICK, color=style.INK)
            continue
        axes.barh(place, row["expected"], 0.66, color=style.SKY, ec="white", lw=0.4)
        axes.barh(
            place,
            row["information"],
            0.66,
            left=row["expected"],
            color=style.VERMILLION,
            hatch="////",
            ec="white",
            lw=0.4,
        )
        if row["low"] is not None:
            axes.plot([row["low"], row["high"]], [place, place], color=style.INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), labels=[row["frames"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    style.dress(axes, x="mean entropy (nats)", grid=True)
    axes.grid(False, axis="y")
    doubt_legend(figure)
    figure.tight_layout(pad=0.4, rect=(0, 0.1, 1, 1))
    return figure


def entropy_caption(rows: Sequence[dict[str, Any]]) -> str:
    """The caption of the figure, in one line.

    >>> entropy_caption([{"frames": "all", "expected": 0.15, "information": 0.01, "total": 0.16}])
    'Mean entropy 0.160 nats, of which 6.2 % is about the model.'
    """
    by_name = {row["frames"]: row for row in rows}
    whole = by_name.get("all")
    if whole is None or whole["total"] is None:
        return "Mean entropy: there are no frames."
    words = f"Mean entropy {whole['total']:.3f} nats"
    if whole["total"]:
        words += (
            f", of which {100 * whole['information'] / whole['total']:.1f} % is about the model"
        )
    wrong, right = (by_name.get(key, {}).get("total") for key in ("wrong", "right"))
    if wrong and right:
        words += f"; {wrong / right:.0f} times as much where it is wrong as where it is right"
    return f"{words}.{_shown(rows)[1]}"


def _shown(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The rows that are drawn, of many classes those of the most uncertain; and words for that."""
    classes = [row for row in rows if row["frames"] not in OTHER]
    shown = shown_of([np.nan if row["total"] is None else row["total"] for row in classes])
    kept = {*OTHER, *(classes[k]["frames"] for k in shown)}
    words = told([row["frames"] for row in classes], shown, "with the largest entropy")
    return [row for row in rows if row["frames"] in kept], words


def _groups(posterior: FramePredictive, i: int, truth: Ints) -> dict[str, NDArray[np.bool_]]:
    """Masks of the groups of one recording, ``(frames,)`` each."""
    right = posterior.of(i).argmax(axis=1) == truth
    near = near_boundary(truth, posterior.grid)
    names = posterior.vocabulary.names
    return {
        "all": np.ones(truth.shape[0], dtype=bool),
        **{name: truth == k for k, name in enumerate(names)},
        "right": right,
        "wrong": ~right,
        "near boundaries": near,
        "away from them": ~near,
    }
