"""A figure of the lag between labels and sound: every recording, and each condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.label_audit.lag import RecordingLag
from bayes_a2m.reporting import style
from bayes_a2m.resampling.bootstrap import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 0.28
"""Seconds to either side of zero that are drawn at most."""


def lag_figure(
    lags: Sequence[RecordingLag], conditions: Sequence[str], pooled: Mapping[str, Interval]
) -> Figure:
    """Every recording's lag with its interval, in order, a panel a condition.

    Parameters
    ----------
    lags
        The lag of every recording in seconds; positive where the sound comes after the label.
    conditions
        The condition of every recording.
    pooled
        The lag of each condition; its interval is a band behind the recordings.

    Returns
    -------
    Figure
        Two columns wide; recordings without a change of label are not drawn.
    """
    names = list(dict.fromkeys(conditions))
    figure = style.new_figure(style.WIDTH, 2.7)
    panels = figure.subplots(1, len(names), sharex=True, squeeze=False)[0]
    low, high = 0.0, 0.0
    for k, (name, axes) in enumerate(zip(names, panels, strict=True)):
        colour = style.PALETTE[k % len(style.PALETTE)]
        own = sorted(
            (lag for lag, c in zip(lags, conditions, strict=True) if c == name and lag.changes),
            key=lambda lag: lag.value,
        )
        axes.axvline(0, color=style.INK, linewidth=0.6)
        lag_of_all = pooled.get(name)
        if lag_of_all is not None and lag_of_all.value is not None:
            if lag_of_all.low is not None and lag_of_all.high is not None:
                axes.axvspan(
                    1000 * lag_of_all.low,
                    1000 * lag_of_all.high,
                    color=colour,
                    alpha=0.2,
                    linewidth=0,
                )
            axes.axvline(
                1000 * lag_of_all.value, color=colour, linewidth=1.0, linestyle=(0, (5, 2))
            )
        rows = np.arange(len(own))
        for row, lag in zip(rows, own, strict=True):
            axes.plot([1000 * lag.low, 1000 * lag.high], [row, row], color=colour, linewidth=0.5)
        axes.plot([1000 * lag.value for lag in own], rows, "o", color=colour, markersize=1.8)
        for lag in own:
            low, high = min(low, lag.low), max(high, lag.high)
        if not own:
            axes.text(0.5, 0.5, "no label changes", ha="center", transform=axes.transAxes)
        title = style.label(name, 22) if name else "all recordings"
        said = (
            ""
            if lag_of_all is None or lag_of_all.value is None
            else f": {1000 * lag_of_all.value:+.0f} ms"
        )
        style.dress(axes, title=title + said, x="lag (ms)")
        if k == 0:
            style.dress(axes, y="recordings")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    edge = 1000 * SHOWN
    panels[0].set_xlim(max(-edge, 1000 * low - 5), min(edge, 1000 * high + 5))
    figure.tight_layout(pad=0.4, w_pad=1.0)
    return figure


def lag_caption(pooled: Mapping[str, Interval]) -> str:
    """The caption of the figure, in one line.

    >>> lag_caption({"studio": Interval(0.036, 0.031, 0.041), "laptop": Interval(-0.048)})
    'Lag of every recording with its 95 % interval; dashed, the condition: studio +36 ms (31 to
    41), laptop -48 ms; above zero the sound comes after the label.'
    """
    told = []
    for name, lag in pooled.items():
        if lag.value is None:
            continue
        span = ""
        if lag.low is not None and lag.high is not None:
            span = f" ({1000 * lag.low:.0f} to {1000 * lag.high:.0f})"
        told.append(f"{name or 'all'} {1000 * lag.value:+.0f} ms{span}")
    lags = ", ".join(told) or "none could be measured"
    return (
        f"Lag of every recording with its 95 % interval; dashed, the condition: {lags}; above "
        "zero the sound comes after the label."
    )
