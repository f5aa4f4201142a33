"""Empirical distribution functions of confidence and uncertainty, with their bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.diagnostics.ecdf import Ecdf
    from bayes_a2m.metrics.inputs import Floats

_AXES = {
    "confidence": "confidence: probability of the predicted class",
    "variance": "variance over draws, of the predicted class",
    "class_variance": "variance over draws, of the class itself",
    "entropy": "entropy (nats): total uncertainty",
    "mutual_information": "mutual information (nats): epistemic uncertainty",
}
_LOGARITHMIC = frozenset({"variance", "class_variance", "entropy", "mutual_information"})
_LEAST = 1e-6
"""The lowest start of a logarithmic axis: values below it say the same."""

_UNSEEN = 0.02
"""Share of a group's frames that may lie left of a logarithmic axis."""

LEGEND = 4
"""Groups that a legend below the figure names; more are named on their curves."""

MANY = 10
"""Groups that are drawn at most: those of the most frames."""


def ecdf_figure(
    ecdfs: Mapping[str, Ecdf], *, quantity: str, names: Sequence[str] | None = None
) -> Figure:
    """Share of frames at most x, a line and a band for every group of frames.

    Parameters
    ----------
    ecdfs
        The curves by group, from :func:`~bayes_a2m.diagnostics.ecdf.ecdfs_of`.
    quantity
        One of :data:`~bayes_a2m.diagnostics.ecdf.QUANTITIES`, or what the axis is to say. The axis
        is logarithmic for entropy, variances and mutual information.
    names
        All classes, ``vocabulary.names``: a class then has its own colour and line even where
        others do not occur. The groups themselves where None.

    Returns
    -------
    Figure
        One column wide; of more than ten groups those of the most frames.

    Raises
    ------
    InputError
        If there are no groups.
    """
    if not ecdfs:
        raise InputError("there is no ECDF to draw")
    figure = style.new_figure(style.COLUMN, 2.9)
    draw_ecdf(figure.add_subplot(), ecdfs, quantity=quantity, names=names)
    figure.tight_layout(pad=0.4)
    return figure


def draw_ecdf(
    axes: Axes, ecdfs: Mapping[str, Ecdf], *, quantity: str, names: Sequence[str] | None = None
) -> None:
    """Draw a line and a band for every group of frames.

    Parameters
    ----------
    axes
        Where to draw.
    ecdfs, quantity, names
        The same as for :func:`ecdf_figure`.
    """
    colours = _colours(ecdfs, names)
    ecdfs = shown_groups(ecdfs)
    logarithmic, low, high = _reach(ecdfs, quantity)
    if logarithmic:
        axes.set_xscale("log")
    alpha = 0.18 if len(ecdfs) <= 2 else 0.1
    for name, ecdf in ecdfs.items():
        colour, line = colours[name]
        x, value = _steps(ecdf.x, ecdf.value, low, high, 0.0)
        axes.plot(
            x,
            value,
            drawstyle="steps-post",
            color=colour,
            linestyle=line,
            linewidth=1.2,
            label=name,
        )
        if ecdf.low is not None and ecdf.high is not None:
            # before the first place the share is 0, and the curve no higher than there
            _, lower = _steps(ecdf.x, ecdf.low, low, high, 0.0)
            _, upper = _steps(ecdf.x, ecdf.high, low, high, ecdf.high[0])
            axes.fill_between(
                x, lower, upper, step="post", color=colour, alpha=alpha, linewidth=0, zorder=1
            )
    _finish(axes, low, high, quantity)
    if len(ecdfs) > LEGEND:
        _name_curves(axes, ecdfs, low)
    elif len(ecdfs) > 1:
        axes.legend(
            loc="upper left",
            fontsize=style.TICK,
            frameon=False,
            handlelength=2.6,
            borderaxespad=0.2,
        )


def ecdf_caption(ecdfs: Mapping[str, Ecdf], *, quantity: str) -> str:
    """The caption of the figure, in one line.

    >>> from bayes_a2m.diagnostics.ecdf import Ecdf
    >>> ecdf = Ecdf(np.array([0.5, 1.0]), 1200, 9, np.array([0.5, 1.0]))
    >>> ecdf_caption({"right": ecdf}, quantity="confidence")
    'Share of frames with at most so much confidence: right 1,200 frames of 9 recordings.'
    """
    said = ", ".join(
        f"{name} {_count(ecdf.frames, 'frame')} of {_count(ecdf.recordings, 'recording')}"
        for name, ecdf in shown_groups(ecdfs).items()
    )
    if len(ecdfs) > MANY:
        said += f" (the {MANY} of {len(ecdfs)} groups with the most frames)"
    words = f"Share of frames with at most so much {quantity.replace('_', ' ')}: {said}."
    ecdfs = shown_groups(ecdfs)
    banded = [ecdf for ecdf in ecdfs.values() if ecdf.low is not None]
    if not banded:
        return words
    what = "the whole curve" if banded[0].simultaneous else "the curve at each place"
    words += f" Bands: {100 * banded[0].level:g} % of resamples of the recordings, {what}"
    without = [name for name, ecdf in ecdfs.items() if ecdf.low is None]
    return f"{words}; none for {', '.join(without)} (one recording)." if without else f"{words}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _colours(
    ecdfs: Mapping[str, Ecdf], names: Sequence[str] | None
) -> dict[str, tuple[str, str | tuple[int, tuple[int, ...]]]]:
    """Colour and line of every group: those of right and wrong, or of the classes."""
    if set(ecdfs) <= {"right", "wrong"}:
        return {"right": (style.BLUE, style.LINES[0]), "wrong": (style.VERMILLION, style.LINES[1])}
    every = list(names) if names is not None and set(ecdfs) <= set(names) else list(ecdfs)
    # silence has its grey only where it is there
    shades = style.class_colours(len(every) + (every[0] != "silence"))
    shades = shades[len(shades) - len(every) :]
    return {
        name: (shade, style.LINES[k % len(style.LINES)])
        for k, (name, shade) in enumerate(zip(every, shades, strict=True))
    }


def _reach(ecdfs: Mapping[str, Ecdf], quantity: str) -> tuple[bool, float, float]:
    """Whether the axis is logarithmic, where it starts and where it ends."""
    x = np.concatenate([ecdf.x for ecdf in ecdfs.values()])
    low, high = float(x.min()), float(x.max())
    if quantity in _LOGARITHMIC and high > _LEAST:
        seen = min(float(ecdf.x[np.argmax(ecdf.value > _UNSEEN)]) for ecdf in ecdfs.values())
        start = 10 ** np.floor(np.log10(max(_LEAST, seen)) + 1e-9)
        return True, float(start), 1.1 * high
    if quantity == "confidence":
        return False, float(np.floor(20 * low) / 20), 1.005
    margin = 0.02 * (high - low or 1.0)
    return False, low - margin, high + margin


def _steps(x: Floats, curve: Floats, low: float, high: float, first: float) -> tuple[Floats, ...]:
    """A curve from edge to edge of the axis: between two places it is as at the left one."""
    inside = int(np.searchsorted(x, low, side="right"))
    start = curve[inside - 1] if inside else first
    return (
        np.concatenate([[low], x[inside:], [high]]),
        np.concatenate([[start], curve[inside:], [curve[-1]]]),
    )


def shown_groups(ecdfs: Mapping[str, Ecdf]) -> dict[str, Ecdf]:
    """The groups that are drawn: of many those of the most frames, in their order."""
    most = sorted(ecdfs, key=lambda name: -ecdfs[name].frames)[:MANY]
    return {name: ecdf for name, ecdf in ecdfs.items() if name in most}


def _name_curves(axes: Axes, ecdfs: Mapping[str, Ecdf], low: float) -> None:
    """Name every curve on itself, each at a height of its own, where no other name is."""
    from matplotlib.patheffects import withStroke

    middle = {
        n: float(e.x[np.searchsorted(e.value, 0.5).clip(0, e.x.size - 1)]) for n, e in ecdfs.items()
    }
    order = sorted(ecdfs, key=lambda name: middle[name])
    heights = np.linspace(0.93, 0.12, len(order))
    for name, height in zip(order, heights, strict=True):
        ecdf = ecdfs[name]
        at = float(ecdf.x[np.searchsorted(ecdf.value, height).clip(0, ecdf.x.size - 1)])
        axes.annotate(
            style.label(name),
            (max(at, low), float(height)),
            ha="center",
            va="center",
            fontsize=style.TICK,
            color=style.INK,
            path_effects=[withStroke(linewidth=2.2, foreground="white")],
            zorder=5,
        )


def _label_steps(axes: Axes, low: float, high: float) -> None:
    """Name 1, 2 and 5 times powers of ten."""
    steps = [m * 10.0**e for e in range(-7, 4) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    axes.set_xticks(steps, labels=[f"{step:g}" for step in steps])


def _finish(axes: Axes, low: float, high: float, quantity: str) -> None:
    from matplotlib.ticker import NullFormatter

    axes.set_xlim(low, high)
    axes.set_ylim(0, 1.01)
    if axes.get_xscale() == "log":
        if high < 100 * low:  # of powers of ten there is one, or none
            _label_steps(axes, low, high)
        axes.xaxis.set_minor_formatter(NullFormatter())
    style.dress(axes, x=_AXES.get(quantity, quantity), y="cumulative share of frames", grid=True)
