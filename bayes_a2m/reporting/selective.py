"""Risk-coverage curves: the errors that remain if only confident frames are accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.calibration.selective import Accepted, AcceptStatistics, realised
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.reporting import style
from bayes_a2m.resampling.bootstrap import LEVEL, resample_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 20
"""Accepted frames below which their error says nothing and is not drawn."""

LEAST = 0.01
"""Share accepted below which nothing is drawn, either."""


def risk_coverage_figure(
    counts: AcceptStatistics | Mapping[str, AcceptStatistics],
    *,
    accept: Accepted | Mapping[str, Accepted] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Figure:
    """Error of the frames accepted, by the share accepted: the risk-coverage curve.

    Parameters
    ----------
    counts
        The sufficient statistics of every recording; or those by method, for a curve each.
    accept
        The choice of :func:`~bayes_a2m.calibration.selective.accept`, on other recordings or on
        these; by the method's name where the counts are. Its threshold is marked on the curve, and
        the error rate asked for is a dashed line.
    resamples, seed
        The resampling of recordings for the bands: 95 % of the resamples, at each threshold.

    Returns
    -------
    Figure
        One column wide, both axes in per cent.
    """
    from matplotlib.patheffects import withStroke

    curves, chosen = _named(counts, accept)
    figure = style.new_figure(style.COLUMN, max(2.5, 0.8 + 0.13 * len(curves)))
    axes = figure.add_subplot()
    looks = style.looks(len(curves))
    top = 0.0
    for look, statistics in zip(looks, curves.values(), strict=True):
        weights = resample_weights(len(statistics), resamples, np.random.default_rng(seed))
        band = 0.16 if len(curves) <= 3 else 0.05
        top = max(top, _draw_curve(axes, statistics, weights.astype(np.float64), look, band))
    for rate in sorted({choice.asked for choice in chosen.values()}):
        axes.axhline(100 * rate, color=style.SILENCE, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{100 * rate:g} % asked for",
            (0, 100 * rate),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=style.TICK,
            color=style.GREY,
            path_effects=[withStroke(linewidth=2.0, foreground="white")],
            zorder=4,
        )
        top = max(top, 140 * rate)  # room for the words
    for name, look in zip(curves, looks, strict=True):
        if name in chosen:
            _mark(axes, curves[name], chosen[name], look)
    axes.set_xlim(0, 101)
    axes.set_ylim(0, 1.05 * top if top else 1)
    style.dress(axes, x="frames accepted (%)", y="wrong among them (%)", grid=True)
    if len(curves) > 1:
        ends = [
            (100.0, float(100 * c.metrics_of(np.ones((1, len(c))))["error"][0, 0]), name, look)
            for look, (name, c) in zip(looks, curves.items(), strict=True)
        ]
        named = [(x, y, name.replace("_", " "), look.colour) for x, y, name, look in ends]
        style.name_ends(axes, [end for end in named if np.isfinite(end[1])])
    figure.tight_layout(pad=0.4)
    return figure


def risk_coverage_caption(
    counts: AcceptStatistics | Mapping[str, AcceptStatistics],
    *,
    accept: Accepted | Mapping[str, Accepted] | None = None,
) -> str:
    """The caption of the figure, in one line.

    >>> from bayes_a2m.calibration.selective import accept as choose
    >>> one = AcceptStatistics.of([[0.9, 0.1]] * 8 + [[0.6, 0.4]] * 2, [0] * 8 + [1, 1])
    >>> both = AcceptStatistics.stack([one, one])
    >>> risk_coverage_caption(both, accept=choose(both, 0.05))
    'Errors among accepted frames by the share accepted, surest first, with 95 % bands from
    resampling 2 recordings; for 5 % wrong: 80 % accepted, 0.0 % of them wrong.'
    """
    curves, chosen = _named(counts, accept)
    recordings = sorted({len(statistics) for statistics in curves.values()})
    many = " to ".join(str(n) for n in dict.fromkeys((recordings[0], recordings[-1])))
    line = (
        "Errors among accepted frames by the share accepted, surest first, with "
        f"{100 * LEVEL:g} % bands from resampling {many} recordings"
    )
    for rate in sorted({choice.asked for choice in chosen.values()}):
        told = (
            f"{_label(name)}{_result(curves[name], chosen[name])}"
            for name in curves
            if name in chosen and chosen[name].asked == rate
        )
        line += f"; for {100 * rate:g} % wrong: {'; '.join(told)}"
    return f"{line}."


def _named(
    counts: AcceptStatistics | Mapping[str, AcceptStatistics],
    accept: Accepted | Mapping[str, Accepted] | None,
) -> tuple[dict[str, AcceptStatistics], dict[str, Accepted]]:
    """Curves and choices by name; a lone curve has no name."""
    curves = {"": counts} if isinstance(counts, AcceptStatistics) else dict(counts)
    if accept is None:
        return curves, {}
    if isinstance(accept, Accepted):
        return curves, dict.fromkeys(curves, accept)
    return curves, {name: accept[name] for name in curves if name in accept}


def _draw_curve(
    axes: Axes, counts: AcceptStatistics, weights: Floats, look: style.Look, opacity: float
) -> float:
    """A curve with its band; the largest error drawn, in per cent."""
    once = {key: 100 * v[0] for key, v in counts.metrics_of(np.ones((1, len(counts)))).items()}
    drawn = (counts.accepted.sum(axis=0) >= FEW) & (once["kept"] >= 100 * LEAST)
    if not drawn.any():
        return 0.0
    kept, error = once["kept"][drawn], once["error"][drawn]
    resampled = 100 * counts.metrics_of(weights)["error"][:, drawn]
    # a resample that accepts nothing at a threshold says nothing about its error
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    axes.fill_between(kept, low, high, color=look.colour, alpha=opacity, linewidth=0)
    axes.plot(kept, error, color=look.colour, linestyle=look.line, linewidth=1.3)
    return float(max(error.max(), np.max(high)))


def _mark(axes: Axes, counts: AcceptStatistics, chosen: Accepted, look: style.Look) -> None:
    """A point where the threshold chosen is on the curve; none where nothing is accepted."""
    error, kept = realised(counts, chosen.threshold, resamples=1)
    if error.value is None or kept.value is None:
        return
    axes.plot(
        100 * kept.value,
        100 * error.value,
        look.marker,
        color=look.colour,
        markersize=5.5,
        markeredgecolor="white",
        markeredgewidth=0.8,
        zorder=3,
        clip_on=False,
    )


def _result(counts: AcceptStatistics, chosen: Accepted) -> str:
    """The coverage and the errors at the threshold, in words."""
    error, kept = realised(counts, chosen.threshold, resamples=1)
    if error.value is None or kept.value is None:
        return "nothing accepted"
    return f"{100 * kept.value:.0f} % accepted, {100 * error.value:.1f} % of them wrong"


def _label(name: str) -> str:
    return f"{name} " if name else ""
