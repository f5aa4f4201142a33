"""The f0 that a synthetic singer was asked for, over the spectrum of what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import Spectrum
from bayes_a2m.reporting import style
from bayes_a2m.reporting.panels import time_panels
from bayes_a2m.reporting.spectrum import draw_spectrum

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bayes_a2m.audio.features import FeatureExtractor
    from bayes_a2m.datasets import Recording
    from bayes_a2m.music import Vocabulary

CURVE = "#FFFFFF"
"""Colour of the curve: the spectrum is dark beside a partial, and the curve has a dark edge."""

LABELS = "#6FE8FF"
"""Colour of the labels' outlines, as in the picture of a recording."""

_THUMBNAIL = 2.5
"""Inches: three of them beside each other on a page."""

_MARGIN = (5.0, 17.0)
"""Semitones drawn below the lowest pitch and above the highest: up to the second partial."""


def thumbnail_figure(
    recording: Recording, vocabulary: Vocabulary, features: FeatureExtractor
) -> Figure:
    """The spectrum of a recording and nothing else, small."""
    spectrum = _spectrum(recording, features)
    figure = style.new_figure(_THUMBNAIL, 0.75 * _THUMBNAIL)
    axes = figure.add_axes((0.1, 0.2, 0.88, 0.78))
    bar = figure.add_axes((0.0, 0.0, 0.01, 0.01))
    draw_spectrum(axes, bar, spectrum, vocabulary)
    bar.remove()  # too small for numbers
    axes.set_xlim(0.0, recording.duration)
    axes.set_ylabel("")
    axes.locator_params("x", nbins=5)
    style.dress(axes, x="time (s)")
    return figure


def truth_figure(
    recording: Recording,
    vocabulary: Vocabulary,
    features: FeatureExtractor,
    f0: Sequence[float | None] | NDArray[np.float64],
) -> Figure:
    """The f0 asked for, as a curve over the spectrum around the pitches, and the labels.

    Parameters
    ----------
    recording
        With its notes.
    vocabulary
        Says which pitches there are, and in which octave they sound.
    features
        The spectrum to draw.
    f0
        Hertz in every frame, shape ``(frames,)``; None, zero or nan where there is none. It is
        drawn where a label says that a note sounds.

    Returns
    -------
    Figure
        One panel and a colour bar.
    """
    spectrum = _spectrum(recording, features)
    panels = time_panels([3.0], recording.duration, bar_beside=0)
    (axes,) = panels.axes
    draw_spectrum(axes, panels.bar, spectrum, vocabulary)
    for note in recording.notes or ():
        middle = note.pitch + vocabulary.sounding_offset
        axes.broken_barh(
            [(note.onset, note.duration)],
            (middle - 1, 2),
            facecolor="none",
            edgecolor=LABELS,
            linewidth=0.8,
        )
    grid = features.settings.grid
    pitch = pitch_curve(f0, recording.labels(grid, vocabulary))
    times = grid.times(len(pitch))
    axes.plot(times, pitch, color=style.INK, linewidth=2.6)
    axes.plot(times, pitch, color=CURVE, linewidth=1.1)
    sounding = [p + vocabulary.sounding_offset for p in vocabulary.pitches]
    axes.set_ylim(sounding[0] - _MARGIN[0], sounding[-1] + _MARGIN[1])
    axes.set_yticks(sounding, labels=[vocabulary.pitch_name(p) for p in sounding])
    style.dress(axes, title=recording.id, y="CQT")
    words = "white: f0 asked for; outlines: labels"
    axes.set_title(words, fontsize=style.TICK, color=style.SILENCE, loc="right", pad=5)
    return panels.figure


def pitch_curve(
    f0: Sequence[float | None] | NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Hertz as MIDI pitch where a note is labelled, nan elsewhere, shape ``(frames,)``.

    >>> pitch_curve([440.0, None, 440.0, 880.0], np.array([1, 1, 0, 1]))
    array([69., nan, nan, 81.])
    """
    hertz = np.array([np.nan if value is None else value for value in f0], dtype=np.float64)
    frames = min(hertz.size, labels.size)
    hertz = np.where((hertz[:frames] > 0) & (labels[:frames] > 0), hertz[:frames], np.nan)
    pitch: NDArray[np.float64] = 69 + 12 * np.log2(hertz / 440)
    return pitch


def _spectrum(recording: Recording, features: FeatureExtractor) -> Spectrum:
    settings = features.settings
    return Spectrum(features(recording.audio(settings.grid.sample_rate)), settings)
