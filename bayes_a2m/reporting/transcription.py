"""A transcription to look at: spectrum, probabilities, notes, and the reference if there is one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.audio.features import Spectrum
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.music import Note
from bayes_a2m.reporting import style
from bayes_a2m.reporting.panels import time_panels
from bayes_a2m.reporting.piano_roll import (
    draw_curve,
    draw_roll,
    label_times,
    legend_words,
    pitches_of,
    roll_notes,
)
from bayes_a2m.reporting.spectrum import draw_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.baselines.pitch_curve import PitchCurve
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.prediction.posterior import FramePosterior

PAGE_SECONDS = 30.0
"""Seconds of a recording that one picture shows; longer ones have pages."""

SILENT = "#e6e6e6"
"""The colour of silence where probabilities are stacked."""

LEAST_SHOWN = 0.2
"""The probability that a pitch among many has somewhere, or it is drawn with the other pitches."""

OTHERS = "#9a9a9a"
"""The colour of the other pitches together."""

_FEW = 9
"""Classes up to which each has its colour in a legend."""

_POINTS = 2000
"""Frames drawn at most: more than the pixels across."""


def transcription_figure(
    posterior: FramePosterior,
    transcription: Transcription,
    spectrum: Spectrum,
    *,
    recording: int = 0,
    reference: Iterable[Note] | None = None,
    curve: PitchCurve | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> Figure:
    """Spectrum, the probability of every class, and the notes, on one time axis.

    Parameters
    ----------
    posterior
        Holds the recording at index ``recording``.
    transcription
        The notes of the recording.
    spectrum
        The spectrum that the model read, of the whole recording.
    reference
        Notes to draw in amber below the transcription's.
    curve
        The continuous pitch, drawn over the spectrum.
    start, end
        The seconds that are drawn; all of them unless given.

    Returns
    -------
    Figure
        Fit for a page: 7.2 inches wide.
    """
    vocabulary, grid = posterior.vocabulary, posterior.grid
    whole = grid.seconds(int(posterior.lengths[recording]))
    end = whole if end is None else min(end, whole)
    known = None if reference is None else [n for n in reference if n.onset < whole]
    notes = roll_notes(transcription)
    pitches = pitches_of(vocabulary, transcription.notes, known or ())
    panels = time_panels([2.0, 1.0, 0.62 + 0.13 * min(len(pitches), 8)], end - start, bar_beside=0)
    rows = panels.axes
    draw_spectrum(rows[0], panels.bar, _between(spectrum, start, end), vocabulary)
    if curve is not None:
        draw_curve(rows[0], curve, start)
    _draw_probabilities(rows[1], posterior, recording, start, end)
    draw_roll(rows[2], notes, pitches, vocabulary, reference=known or (), start=start, end=end)
    style.dress(rows[2], y="notes")
    label_times(rows[2], start)
    pages = f", {start:g} to {end:.4g} s" if end - start < whole else ""
    style.dress(rows[0], title=style.label(transcription.id, 40) + pages)
    rows[0].set_title(
        legend_words({"": notes}, known, curve),
        fontsize=style.TICK,
        color=style.GREY,
        loc="right",
        pad=5,
    )
    panels.figure.align_ylabels(rows)
    return panels.figure


def pages_of(duration: float) -> list[tuple[float, float]]:
    """The seconds from and to which each page of a recording's picture goes.

    >>> pages_of(12.0), pages_of(70.0)
    ([(0.0, 12.0)], [(0, 25), (25, 50), (50, 70.0)])
    """
    count = max(1, math.ceil(duration / PAGE_SECONDS))
    # whole five seconds, so that the times on the axis are round
    width = 5 * math.ceil(duration / count / 5) if count > 1 else duration
    count = math.ceil(duration / width) if width else 1
    return [(i * width, min((i + 1) * width, duration)) for i in range(count)]


def _between(spectrum: Spectrum, start: float, end: float) -> Spectrum:
    """The frames of a spectrum between two times."""
    low, high = spectrum.settings.grid.span(start, end)
    return Spectrum(spectrum.level[low : max(high, low + 1)], spectrum.settings)


def _draw_probabilities(
    axes: Axes, posterior: FramePosterior, recording: int, start: float, end: float
) -> None:
    """Probabilities stacked to one: the share of the height is the probability."""
    low, high = posterior.grid.span(start, end)
    probs = posterior.of(recording)[low : max(high, low + 1)]
    stride = -(-len(probs) // _POINTS)
    times = posterior.grid.times(len(probs))
    names = posterior.vocabulary.names
    shown = probs[::stride].T
    heights, labels = shown[1:], list(names[1:])
    colours = list(style.class_colours(len(names))[1:])
    if len(names) > _FEW:
        # of many pitches few sound: these get colours that differ between neighbours, and names
        heard = 1 + np.flatnonzero(shown[1:].max(axis=1) >= LEAST_SHOWN)
        others = 1 - shown[0] - shown[heard].sum(axis=0)
        heights, labels = np.vstack([shown[heard], others]), [*(names[k] for k in heard), "others"]
        colours = [*(style.PALETTE[i % len(style.PALETTE)] for i in range(len(heard))), OTHERS]
        for row, label in zip(shown[heard], labels, strict=False):
            _name_longest(axes, times[::stride], row, label)
    # silence on top, so that the coloured height is the probability of any sound
    axes.stackplot(
        times[::stride],
        np.vstack([heights, shown[:1]]),
        colors=[*colours, SILENT],
        labels=[*labels, "silence"],
        linewidth=0,
    )
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    if len(names) <= _FEW:
        axes.legend(
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            fontsize=style.TICK - 1,
            frameon=False,
            handlelength=0.8,
            handletextpad=0.4,
            borderaxespad=0.2,
            reverse=True,
        )
    style.dress(axes, y="probability")


def _name_longest(axes: Axes, times: Floats, probability: Floats, name: str) -> None:
    """Write the name of a pitch into its longest stretch of more than one half, if it fits."""
    from matplotlib.patheffects import withStroke

    inside = np.concatenate([[False], probability > 0.5, [False]])
    starts, ends = np.flatnonzero(np.diff(inside.astype(int))).reshape(-1, 2).T
    if not starts.size:
        return
    longest = int(np.argmax(ends - starts))
    low, high = times[starts[longest]], times[ends[longest] - 1]
    if high - low < 0.03 * (times[-1] - times[0]):
        return
    axes.annotate(
        name,
        ((low + high) / 2, 0.5),
        ha="center",
        va="center",
        fontsize=style.TICK,
        color="white",
        path_effects=[withStroke(linewidth=1.6, foreground="black")],
        zorder=5,
    )
