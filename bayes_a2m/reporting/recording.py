"""One recording on one time axis: waveform, spectrum, labels.

What a person looks at before there is any model: does the voice stand where the labels say?
The spectrum's axis is pitch (log-frequency, named notes), so the labels can be drawn over it
where they should sound, shifted by the vocabulary's ``sounding_offset``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import Spectrum
from bayes_a2m.reporting import style
from bayes_a2m.reporting.panels import time_panels
from bayes_a2m.reporting.spectrum import COLUMNS, draw_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.audio.features import FeatureExtractor
    from bayes_a2m.datasets import Recording
    from bayes_a2m.music import Note, Vocabulary

_FRAME = "#6FE8FF"
"""Colour of the labels over the spectrum: a pale blue, which the spectrum's colours lack."""


def recording_figure(
    recording: Recording,
    vocabulary: Vocabulary,
    features: FeatureExtractor,
    notes: Iterable[Note] | None = None,
) -> Figure:
    """Draw a recording's waveform, its spectrum in decibels and its labels, one above another.

    Parameters
    ----------
    recording
        A recording of any length.
    vocabulary
        Gives the classes their names and colours, and the octave in which they sound.
    features
        The spectrum to draw; reuse one extractor for many figures.
    notes
        The labels; the recording's own where None. Without either there is no panel for them.

    Returns
    -------
    Figure
        Three axes (two without labels) that share their time axis, and a colour bar.

    Raises
    ------
    InputError
        If the sound cannot be read.
    """
    labels = recording.notes if notes is None else tuple(notes)
    grid = features.settings.grid
    samples = recording.audio(grid.sample_rate)
    duration = samples.shape[0] / grid.sample_rate

    heights = [0.75, 2.4] if labels is None else [0.75, 2.4, 0.85]
    panels = time_panels(heights, duration, bar_beside=1)
    wave, heard = panels.axes[:2]
    _draw_waveform(wave, samples, grid.sample_rate)
    spectrum = Spectrum(features(samples), features.settings)
    draw_spectrum(heard, panels.bar, spectrum, vocabulary)
    if labels is not None:
        _outline_labels(heard, labels, vocabulary)
        _draw_labels(panels.axes[2], labels, vocabulary, duration)
    facts = (recording.condition, recording.split, recording.take and f"take {recording.take}")
    style.dress(wave, title="  ·  ".join([recording.id, *(fact for fact in facts if fact)]))
    if labels:
        offset = vocabulary.sounding_offset
        where = f"{abs(offset)} semitones {'below' if offset < 0 else 'above'} their names"
        words = f"outlines in the spectrum: labels{f', {where}' if offset else ''}"
        wave.set_title(words, fontsize=style.TICK, color=style.SILENCE, loc="right", pad=5)
    panels.figure.align_ylabels(panels.axes)
    return panels.figure


def _draw_waveform(axes: Axes, samples: NDArray[np.float32], sample_rate: int) -> None:
    """The envelope (lowest and highest sample a column), which looks like all the samples."""
    count = min(COLUMNS, samples.shape[0])
    edges = np.linspace(0, samples.shape[0], count + 1).astype(np.int64)
    low = np.minimum.reduceat(samples, edges[:-1])
    high = np.maximum.reduceat(samples, edges[:-1])
    times = (edges[:-1] + edges[1:]) / 2 / sample_rate
    axes.fill_between(times, low, high, color=style.INK, linewidth=0.25)
    peak = float(np.abs(samples).max()) or 1.0
    axes.set_ylim(-1.05 * peak, 1.05 * peak)
    digit = 10.0 ** np.floor(np.log10(peak))
    tick = float(np.floor(peak / digit) * digit)  # one digit, so labels stay short
    axes.set_yticks([-tick, 0, tick], labels=[f"−{tick:g}", "0", f"{tick:g}"])
    style.dress(axes, y="amplitude")


def _outline_labels(axes: Axes, notes: Iterable[Note], vocabulary: Vocabulary) -> None:
    """Each label as a thin frame where it should sound, a semitone to either side."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    frames = [
        Rectangle((n.onset, n.pitch + vocabulary.sounding_offset - 1.0), n.duration, 2.0)
        for n in notes
    ]
    axes.add_collection(PatchCollection(frames, facecolor="none", edgecolor=_FRAME, linewidth=0.8))


def _draw_labels(
    axes: Axes, notes: Iterable[Note], vocabulary: Vocabulary, duration: float
) -> None:
    """The labels as a piano roll, as written."""
    names = dict(zip(vocabulary.pitches, vocabulary.names[1:], strict=True))
    colour_of = dict(zip(names, style.class_colours(len(vocabulary))[1:], strict=True))
    low, high = vocabulary.pitches[0], vocabulary.pitches[-1]
    # bars of neighbouring pitches just do not touch; where pitches lie apart they may be taller
    gap = min((b - a for a, b in pairwise(vocabulary.pitches)), default=2)
    height = min(0.8 * gap, 1.8)
    drawn = list(notes)
    for pitch in sorted({n.pitch for n in drawn}):
        colour = colour_of.get(pitch, style.BLACK)
        axes.broken_barh(
            [(n.onset, n.duration) for n in drawn if n.pitch == pitch],
            (pitch - height / 2, height),
            facecolor=colour,
            edgecolor=colour,  # keeps notes narrower than a pixel visible
            linewidth=0.4,
        )
    if not drawn:
        axes.text(
            duration / 2,
            (low + high) / 2,
            "no notes",
            ha="center",
            va="center",
            fontsize=style.LABEL,
            color=style.SILENCE,
        )
    axes.set_ylim(low - height / 2 - 0.6, high + height / 2 + 0.6)
    thin = -(-len(names) // 8)
    axes.set_yticks(list(names)[::thin])
    axes.set_yticklabels(list(names.values())[::thin])
    style.dress(axes, y="labels", grid=True)
