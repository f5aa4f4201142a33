"""Accuracy and confidence by the distance from a note boundary: where a model errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.reporting import style
from bayes_a2m.resampling.bootstrap import Interval, intervals_by_class, resample_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.music import FrameGrid
    from bayes_a2m.prediction.posterior import FramePredictive

EDGES = (0.0, 0.0125, 0.025, 0.0375, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
"""Seconds at which groups of frames begin; the last one has no end."""

FEW = 20
"""Frames below which a group says nothing and is not drawn."""

NEAR = 0.05
"""Seconds within which a frame is near a boundary, in every table."""


@dataclass(frozen=True, eq=False)
class BoundaryCurve:
    """Accuracy and mean confidence of frames by their distance from the nearest change of label.

    Attributes
    ----------
    seconds
        The mean distance of every group, ``(G,)``; nan where it has no frame.
    frames
        The number of frames of every group, ``(G,)``.
    accuracy, confidence
        The accuracy and the mean confidence of every group, with 95 % intervals by recording.
    recordings
        The number of recordings with a change of label.
    """

    seconds: Floats
    frames: Floats
    accuracy: tuple[Interval, ...]
    confidence: tuple[Interval, ...]
    recordings: int


def distances(labels: Ints, grid: FrameGrid) -> Floats:
    """Compute the seconds from every frame to the nearest change of label, ``(frames,)``.

    A change lies between two frames. Without any, every distance is infinite.

    >>> from bayes_a2m.music import FrameGrid
    >>> distances(np.array([0, 0, 1, 1]), FrameGrid(sample_rate=1000, hop=10)).tolist()
    [0.015, 0.005, 0.005, 0.015]
    """
    changes = np.flatnonzero(np.diff(labels)) + 0.5
    if not changes.size:
        return np.full(labels.shape[0], np.inf)
    frames = np.arange(labels.shape[0])
    after = np.searchsorted(changes, frames)
    left = frames - changes[np.maximum(after - 1, 0)]
    right = changes[np.minimum(after, changes.size - 1)] - frames
    nearest: Floats = np.minimum(np.abs(left), np.abs(right)) / grid.frame_rate
    return nearest


def boundary_curve(
    posterior: FramePredictive,
    labels: Sequence[Ints],
    *,
    edges: Sequence[float] = EDGES,
    resamples: int = 1000,
    seed: int = 0,
) -> BoundaryCurve:
    """Compute accuracy and mean confidence of frames by their distance from a note boundary.

    Parameters
    ----------
    posterior
        Any predictive.
    labels
        Class of every frame, an array a recording; those without a change of label do not count.
    edges
        Seconds at which groups begin, ascending.
    resamples, seed
        The resampling of recordings for the intervals.

    Raises
    ------
    InputError
        If labels and recordings do not go together, or no label ever changes.
    """
    if len(labels) != len(posterior):
        raise InputError(f"labels of {len(labels)} recordings for {len(posterior)} predicted ones")
    groups = len(edges)
    sums = np.zeros((4, len(labels), groups))  # frames, seconds, right, confidence
    for i, truth in enumerate(labels):
        probs = posterior.of(i)[: truth.shape[0]]
        away = distances(truth, posterior.grid)
        known = np.isfinite(away)
        place = np.digitize(away[known], edges) - 1
        right = (probs.argmax(axis=1) == truth)[known]
        values = (np.ones(place.size), away[known], right, probs.max(axis=1)[known])
        for row, value in zip(sums, values, strict=True):
            row[i] = np.bincount(place, weights=value, minlength=groups)
    having = sums[0].any(axis=1)
    if not having.any():
        raise InputError("no label ever changes, so no frame has a distance from a boundary")
    frames, seconds, right, confidence = sums[:, having]
    weights = resample_weights(int(having.sum()), resamples, np.random.default_rng(seed))

    def means(w: Floats) -> dict[str, Floats]:
        count = w @ frames
        return {"accuracy": ratio(w @ right, count), "confidence": ratio(w @ confidence, count)}

    rows = intervals_by_class(means, weights)
    return BoundaryCurve(
        ratio(seconds.sum(axis=0), frames.sum(axis=0)),
        frames.sum(axis=0),
        tuple(row["accuracy"] for row in rows),
        tuple(row["confidence"] for row in rows),
        int(having.sum()),
    )


def boundaries_figure(curve: BoundaryCurve) -> Figure:
    """Accuracy and mean confidence by distance from a note boundary, one column wide."""
    figure = style.new_figure(style.COLUMN, 2.7)
    draw_boundaries(figure.add_subplot(), curve)
    figure.tight_layout(pad=0.4)
    return figure


def draw_boundaries(axes: Axes, curve: BoundaryCurve) -> None:
    """Draw accuracy and mean confidence with their bands, named beside their ends.

    Parameters
    ----------
    axes
        Where to draw; its horizontal axis is in milliseconds, logarithmic.
    curve
        The curve of :func:`boundary_curve`.
    """
    drawn = curve.frames >= FEW
    where = 1000 * curve.seconds[drawn]
    axes.axvspan(1e-3, 1000 * NEAR, color=style.SILENCE, alpha=0.12, linewidth=0)
    for name, scores, colour, line, marker in (
        ("accuracy", curve.accuracy, style.BLUE, "solid", "o"),
        ("mean confidence", curve.confidence, style.VERMILLION, (0, (4, 2)), "s"),
    ):
        own = [score for score, shown in zip(scores, drawn, strict=True) if shown]
        value, low, high = (_numbers([getattr(one, k) for one in own]) for k in _PARTS)
        axes.fill_between(where, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            where,
            value,
            marker=marker,
            color=colour,
            linestyle=line,
            linewidth=1.2,
            markersize=3.2,
            label=name,
        )
    axes.set_xscale("log")
    ticks = [t for t in (5, 10, 20, 50, 100, 200, 500, 1000, 2000) if t <= where.max() * 1.2]
    axes.set_xticks(ticks, labels=[str(t) for t in ticks])
    axes.minorticks_off()
    axes.set_xlim(where.min() * 0.8, where.max() * 1.25)
    axes.set_ylim(top=1.01)
    axes.annotate(
        f"near: {1000 * NEAR:g} ms",
        (1000 * NEAR, 0.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-3, 4),
        textcoords="offset points",
        ha="right",
        fontsize=style.TICK,
        color=style.GREY,
    )
    axes.legend(loc="lower right", fontsize=style.TICK, frameon=False, handlelength=2.6)
    style.dress(axes, x="distance from the nearest note boundary (ms)", y="share", grid=True)


def boundaries_caption(curve: BoundaryCurve) -> str:
    """The caption of the figure: both next to a boundary and farthest from one.

    >>> near, far = Interval(0.7, 0.6, 0.8), Interval(0.98, 0.97, 0.99)
    >>> sure = Interval(0.75, 0.7, 0.8), Interval(0.97, 0.96, 0.98)
    >>> counts = np.array([100.0, 900.0])
    >>> boundaries_caption(BoundaryCurve(np.array([0.006, 0.9]), counts, (near, far), sure, 12))
    'Frames by their distance from the nearest note boundary, bands by recording: accuracy 0.70
    and mean confidence 0.75 at 6 ms, 0.98 and 0.97 at 900 ms; 12 recordings.'
    """
    shown = np.flatnonzero(curve.frames >= FEW)
    if not shown.size:
        return "Frames by their distance from the nearest note boundary: too few to say anything."
    first, last = int(shown[0]), int(shown[-1])
    return (
        "Frames by their distance from the nearest note boundary, bands by recording: accuracy "
        f"{curve.accuracy[first].value:.2f} and mean confidence "
        f"{curve.confidence[first].value:.2f} at {1000 * curve.seconds[first]:.0f} ms, "
        f"{curve.accuracy[last].value:.2f} and {curve.confidence[last].value:.2f} at "
        f"{1000 * curve.seconds[last]:.0f} ms; {curve.recordings} recordings."
    )


_PARTS = ("value", "low", "high")


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
