"""Is a stated 0.8 right eight times in ten?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.calibration.bootstrap import LEVEL, resample_weights
from bayes_a2m.calibration.inputs import Floats
from bayes_a2m.calibration.sums import ratio
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.calibration.counts import FrameCounts

FEW = 20
"""Frames in a bin below which its share says nothing and is not drawn."""


def reliability_figure(counts: FrameCounts, *, resamples: int = 1000, seed: int = 0) -> Figure:
    """Share of frames called right, by the confidence stated, over how many frames there are.

    Parameters
    ----------
    counts
        Of every recording; the bins are those of the ECE.
    resamples, seed
        Of the recordings, for the bars of each point: 95 % of the resamples.

    Returns
    -------
    Figure
        One column wide: points and diagonal above, frames a bin below, on a logarithmic axis.
    """
    weights = resample_weights(len(counts), resamples, np.random.default_rng(seed))
    figure = style.new_figure(style.COLUMN, 3.7)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    _draw_shares(upper, counts, np.asarray(weights, dtype=np.float64))
    frames = counts.top_count.sum(axis=0)
    edges = np.linspace(0, 1, frames.size + 1)
    lower.bar(edges[:-1], frames, width=np.diff(edges), align="edge", color=style.SKY, ec="white")
    lower.set_yscale("log")
    lower.set_ylim(0.8, 2 * max(1.0, frames.max()))
    lower.yaxis.set_major_formatter("{x:,.0f}")
    lower.minorticks_off()
    lower.set_xlim(_lowest(frames), 1)
    style.dress(lower, x="confidence: probability of the class called", y="frames")
    figure.align_ylabels((upper, lower))
    figure.tight_layout(pad=0.4, h_pad=0.6)
    return figure


def shares(counts: FrameCounts) -> tuple[Floats, Floats, Floats]:
    """Of every bin: frames, mean confidence, and share right (nan in an empty bin).

    Returns
    -------
    frames, stated, right : ndarray, shape (bin,)
    """
    frames = counts.top_count.sum(axis=0)
    stated = ratio(counts.top_confidence.sum(axis=0), frames)
    return frames, stated, ratio(counts.top_right.sum(axis=0), frames)


def _draw_shares(axes: Axes, counts: FrameCounts, weights: Floats) -> None:
    """The diagonal, a point for every bin with enough frames, its interval."""
    frames, stated, right = shares(counts)
    resampled = ratio(weights @ counts.top_right, weights @ counts.top_count)
    axes.plot([0, 1], [0, 1], color=style.SILENCE, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.annotate(
        "stated = true",
        (0.93, 0.93),
        xytext=(-4, 5),
        textcoords="offset points",
        ha="right",
        fontsize=style.TICK,
        color="#595959",
    )
    for k in np.flatnonzero(frames >= FEW):
        known = resampled[np.isfinite(resampled[:, k]), k]
        low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        axes.plot([stated[k], stated[k]], [low, high], color=style.BLUE, linewidth=1.1)
    drawn = frames >= FEW
    axes.plot(stated[drawn], right[drawn], "o", color=style.BLUE, markersize=4)
    axes.set_ylim(0, 1.03)
    style.dress(axes, y="share called right", grid=True)


def _lowest(frames: Floats) -> float:
    """Where the axis starts: the edge of the first bin that has a frame."""
    return float(np.flatnonzero(frames)[0] / frames.size) if frames.any() else 0.0
