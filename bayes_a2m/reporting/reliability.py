"""Reliability diagrams: predicted probability against observed frequency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.diagnostics.reliability import (
    Reliability,
    class_reliability,
    predicted_reliability,
    top_reliability,
)
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.reporting import style
from bayes_a2m.reporting.many import most_confused, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.metrics.sufficient_statistics import FrameStatistics

FEW = 20
"""Frames in a bin below which its share says nothing and is not drawn."""

KINDS = ("rest", "called")
"""Diagrams of a class: against the rest, over all frames; or where it is called."""

WORDS: Mapping[str, str] = MappingProxyType(
    {"rest": "probability of the class", "called": "confidence where predicted"}
)
"""The horizontal axis of a diagram, by its kind."""

SHARES: Mapping[str, str] = MappingProxyType(
    {"rest": "frequency of the class", "called": "accuracy where predicted"}
)
"""The vertical axis of a diagram, by its kind."""


def reliability_figure(counts: FrameStatistics) -> Figure:
    """Accuracy of frames by confidence, over how many frames there are.

    Parameters
    ----------
    counts
        The sufficient statistics of every recording; the bins are those of the ECE.

    Returns
    -------
    Figure
        One column wide: above, points with their simultaneous 95 % band by recording, an isotonic
        curve, and the diagonal; below, frames a bin, on a logarithmic axis.
    """
    return diagram_figure(top_reliability(counts))


def diagram_figure(diagram: Reliability) -> Figure:
    """:func:`reliability_figure` of a diagram of the predicted class.

    Parameters
    ----------
    diagram
        The diagram, measured or restored from bins that were stored.
    """
    figure = style.new_figure(style.COLUMN, 3.7)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    draw_reliability(upper, diagram)
    draw_frames(lower, diagram)
    lower.set_xlim(_lowest(diagram.frames), 1)
    style.dress(lower, x="confidence: probability of the predicted class", y="frames")
    figure.align_ylabels((upper, lower))
    figure.tight_layout(pad=0.4, h_pad=0.6)
    return figure


def reliability_caption(counts: FrameStatistics) -> str:
    """The caption of the figure, in one line.

    >>> from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
    >>> one = FrameStatistics.of([[0.9, 0.1]] * 40, [0] * 34 + [1] * 6)
    >>> reliability_caption(FrameStatistics.stack([one] * 9))
    'The predicted class, whichever it is: accuracy 85.0 %, mean confidence 90.0 %; over
    the bins the two lie 5.0 points apart (ECE).'
    """
    frames, stated, right = shares(counts)
    if not frames.any():
        return "The predicted class: there are no frames."
    said, true = (float(np.nansum(x * frames) / frames.sum()) for x in (stated, right))
    apart = float(np.nansum(np.abs(stated - right) * frames) / frames.sum())
    return (
        f"The predicted class, whichever it is: accuracy {100 * true:.1f} %, mean confidence "
        f"{100 * said:.1f} %; over the bins the two lie {100 * apart:.1f} points apart (ECE)."
    )


def class_reliability_figure(
    counts: FrameStatistics, names: Sequence[str], *, kind: str = "rest"
) -> Figure:
    """The reliability diagram of every class, side by side.

    Parameters
    ----------
    counts
        The sufficient statistics of every recording; the bins are those of the ECE.
    names
        The names of the classes.
    kind
        One of :data:`KINDS`.

    Returns
    -------
    Figure
        Two columns wide, four classes a row; a class without frames has a panel that says so. Of
        more than twelve classes the ten with most errors are shown.

    Raises
    ------
    InputError
        If there is no such kind, or there are not as many names as classes.
    """
    if kind not in KINDS:
        raise InputError(
            f"no reliability diagram called {kind!r}{suggest(kind, KINDS)}; known: "
            f"{', '.join(KINDS)}"
        )
    shown = most_confused(counts.confusion.sum(axis=0))
    every = _diagrams(counts, names, kind)
    colours = style.class_colours(len(names))
    diagrams = {names[k]: (every[k], colours[k]) for k in shown}
    return class_diagrams_figure(diagrams, kind=kind, widest=4 if len(shown) == len(names) else 5)


def class_diagrams_figure(
    diagrams: Mapping[str, tuple[Reliability, str]], *, kind: str = "rest", widest: int = 4
) -> Figure:
    """:func:`class_reliability_figure` of diagrams, measured or restored from stored bins.

    Parameters
    ----------
    diagrams
        The diagram of every class that is shown, and its colour, by its name.
    kind
        One of :data:`KINDS`.
    widest
        Classes a row at most.
    """
    columns = min(widest, len(diagrams))
    rows = -(-len(diagrams) // columns)
    figure = style.new_figure(style.WIDTH, 2.75 * rows)
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[3, 1] * rows)
    # long words side by side would touch: they stand once below all
    worded = columns <= 4 and kind == "rest"
    for k, (name, (diagram, colour)) in enumerate(diagrams.items()):
        row, column = divmod(k, columns)
        upper = figure.add_subplot(grid[2 * row, column])
        lower = figure.add_subplot(grid[2 * row + 1, column], sharex=upper)
        first = column == 0
        style.dress(upper, title=f"{name}: error {_error(diagram)}", grid=True)
        style.dress(upper, y=SHARES[kind] if first else "")
        style.dress(lower, x=WORDS[kind] if worded else "", y="frames" if first else "")
        upper.tick_params(labelbottom=False, labelleft=first)
        lower.set_xlim(0, 1)
        if not diagram.frames.any():
            upper.text(0.5, 0.5, "no frames", ha="center", fontsize=style.LABEL, color=style.INK)
            continue
        _draw(upper, diagram, colour)
        draw_frames(lower, diagram, colour)
    if not worded:
        figure.supxlabel(WORDS[kind], fontsize=style.LABEL, color=style.INK)
    figure.align_ylabels()
    figure.tight_layout(pad=0.4, h_pad=0.5, w_pad=0.5)
    return figure


def class_reliability_caption(
    counts: FrameStatistics, names: Sequence[str], *, kind: str = "rest"
) -> str:
    """The caption of the figure: which classes leave their band, and which way.

    >>> from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
    >>> one = FrameStatistics.of([[0.9, 0.1]] * 40, [0] * 36 + [1] * 4)
    >>> class_reliability_caption(FrameStatistics.stack([one] * 9), ("silence", "E4"))
    'Confidence and frequency of each class, bands by recording: every class within its band.'
    """
    found = []
    every = _diagrams(counts, names, kind)
    shown = most_confused(counts.confusion.sum(axis=0))
    for name, diagram in ((names[k], every[k]) for k in shown):
        drawn = diagram.frames >= FEW
        below = drawn & (diagram.confidence < diagram.low - 1e-9)
        above = drawn & (diagram.confidence > diagram.high + 1e-9)
        if below.any():
            found.append(f"{name} is more frequent than its confidence {_where(diagram, below)}")
        if above.any():
            found.append(f"{name} is less frequent than its confidence {_where(diagram, above)}")
    what = "of each class" if kind == "rest" else "of the frames predicted as each class"
    verdicts = "; ".join(found) if found else "every class within its band"
    limited = told(names, shown, "that most errors are of or with")
    return f"Confidence and frequency {what}, bands by recording: {verdicts}.{limited}"


def shares(counts: FrameStatistics) -> tuple[Floats, Floats, Floats]:
    """Frames, mean confidence and accuracy of every bin, nan in an empty one.

    Returns
    -------
    frames, stated, right : ndarray, shape (bin,)
    """
    frames = counts.top_count.sum(axis=0)
    stated = ratio(counts.top_confidence.sum(axis=0), frames)
    return frames, stated, ratio(counts.top_right.sum(axis=0), frames)


def _diagrams(counts: FrameStatistics, names: Sequence[str], kind: str) -> list[Reliability]:
    classes = counts.confusion.shape[1]
    if len(names) != classes:
        raise InputError(f"{len(names)} names for {classes} classes")
    make = class_reliability if kind == "rest" else predicted_reliability
    return [make(counts, k) for k in range(classes)]


def draw_reliability(axes: Axes, diagram: Reliability, colour: str = style.BLUE) -> None:
    """Draw accuracy by confidence, its band, its isotonic curve, and the diagonal.

    Parameters
    ----------
    axes
        Where to draw.
    diagram
        The diagram, as :mod:`bayes_a2m.diagnostics.reliability` makes it.
    colour
        Of its points and their bars.
    """
    _draw(axes, diagram, colour)
    style.say(axes, "dashed: perfect calibration")
    style.dress(axes, y="accuracy", grid=True)


def _draw(axes: Axes, diagram: Reliability, colour: str) -> None:
    """The diagonal, the isotonic curve, a point and its band for every bin with enough frames."""
    axes.plot([0, 1], [0, 1], color=style.SILENCE, linewidth=0.9, linestyle=(0, (4, 3)))
    curve = (diagram.isotonic_confidence, diagram.isotonic_true)
    axes.plot(*curve, color=style.INK, linewidth=0.7, alpha=0.75)
    for b in np.flatnonzero((diagram.frames >= FEW) & np.isfinite(diagram.low)):
        span = [diagram.low[b], diagram.high[b]]
        axes.plot([diagram.confidence[b]] * 2, span, color=colour, linewidth=1.3)
    drawn = diagram.frames >= FEW
    if drawn.any():  # an empty line that is not clipped has no extent, which upsets the layout
        axes.plot(
            diagram.confidence[drawn],
            diagram.true[drawn],
            "o",
            color=colour,
            markersize=3.6,
            clip_on=False,  # the surest bin stands at the corner
        )
    axes.set_ylim(0, 1.03)


def draw_frames(axes: Axes, diagram: Reliability, colour: str = style.SKY) -> None:
    """Draw the number of frames in every bin of a diagram, on a logarithmic axis."""
    edges = np.linspace(0, 1, diagram.frames.size + 1)
    axes.bar(
        edges[:-1],
        diagram.frames,
        width=np.diff(edges),
        align="edge",
        color=colour,
        alpha=0.75,
        ec="white",
        linewidth=0.4,
    )
    axes.set_yscale("log")
    axes.set_ylim(0.8, 2 * max(1.0, diagram.frames.max()))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()


def _error(diagram: Reliability) -> str:
    """The calibration error of the bins: that of the class."""
    if not diagram.frames.any():
        return "–"
    gaps = np.nan_to_num(np.abs(diagram.confidence - diagram.true)) * diagram.frames
    return f"{gaps.sum() / diagram.frames.sum():.3f}"


def _where(diagram: Reliability, bins: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    """The stated probabilities of some bins, as a range."""
    stated = diagram.confidence[bins]
    low, high = float(stated.min()), float(stated.max())
    return f"at {low:.2f}" if bins.sum() == 1 else f"from {low:.2f} to {high:.2f}"


def _lowest(frames: Floats) -> float:
    """The start of the axis: the edge of the first bin that has a frame."""
    return float(np.flatnonzero(frames)[0] / frames.size) if frames.any() else 0.0
