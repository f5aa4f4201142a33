"""A transcription to look at: spectrum, probabilities, notes, and the reference if there is one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.audio.features import Spectrum
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
    colours = ["#e6e6e6", *style.class_colours(len(posterior.vocabulary))[1:]]
    shown = probs[::stride].T
    # silence on top, so that the coloured height is the probability of any sound
    axes.stackplot(
        times[::stride],
        np.concatenate([shown[1:], shown[:1]]),
        colors=[*colours[1:], colours[0]],
        labels=[*posterior.vocabulary.names[1:], "silence"],
        linewidth=0,
    )
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    if len(posterior.vocabulary) <= 9:
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
