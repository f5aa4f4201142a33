"""A spectrum in decibels over time and pitch, its axis named in notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bayes_a2m.audio.features import Features, Spectrum
    from bayes_a2m.music import Vocabulary

COLUMNS = 1400
"""Points of time that are drawn: about the pixels across the axes."""

PIANO = (21.0, 108.0)
"""MIDI pitches between which bins without a frequency are drawn."""

_RANGE_DB = 70.0
"""The range of the colours below the loudest bin, in dB."""


def draw_spectrum(axes: Axes, bar: Axes, spectrum: Spectrum, vocabulary: Vocabulary) -> None:
    """Decibels over time and pitch, the note names of every C, and the colour bar.

    Parameters
    ----------
    axes, bar
        The axes of the spectrum and of its colour bar. The vertical axis is in MIDI pitch.
    spectrum
        A spectrum of any length; more than 1,400 frames are thinned to the loudest of each group.
    vocabulary
        Says what a C is called.
    """
    settings = spectrum.settings
    level = _columns(spectrum.level, COLUMNS)
    pitches = _pitches(settings)
    # rows of equal height in pitch; a CQT's bins are that already
    rows = np.linspace(pitches[0], pitches[-1], len(pitches))
    nearest = np.searchsorted((pitches[1:] + pitches[:-1]) / 2, rows)
    half = (rows[1] - rows[0]) / 2
    top = float(np.ceil(level.max() / 5) * 5)
    step = settings.grid.hop_seconds
    image = axes.imshow(
        level[:, nearest].T,
        origin="lower",
        aspect="auto",
        interpolation="nearest" if level.shape[0] < COLUMNS else "auto",
        cmap="magma",
        vmin=max(settings.floor_db, top - _RANGE_DB),
        vmax=max(top, settings.floor_db + 10),
        # a frame stands in the middle of its column
        extent=(
            -step / 2,
            (spectrum.level.shape[0] - 0.5) * step,
            float(rows[0] - half),
            float(rows[-1] + half),
        ),
    )
    axes.set_facecolor(image.get_cmap()(0.0))  # the last frame ends before the recording does
    axes.set_yticks([p for p in range(0, 128, 12) if rows[0] - half <= p <= rows[-1] + half])
    axes.set_yticklabels([vocabulary.pitch_name(int(p)) for p in axes.get_yticks()])
    style.dress(axes, y=settings.label or settings.name)
    colours = axes.figure.colorbar(image, cax=bar)
    colours.outline.set_visible(False)
    style.dress(bar, y="dB")
    bar.tick_params(length=2)


def _pitches(settings: Features) -> NDArray[np.float64]:
    """The MIDI pitch of every bin; bins without a frequency are spread over the keys of a piano."""
    frequencies = settings.frequencies
    if frequencies[0] > 0 and (np.diff(frequencies) > 0).all():
        pitches: NDArray[np.float64] = 69 + 12 * np.log2(frequencies / 440)
        return pitches
    return np.linspace(*PIANO, settings.bins)


def _columns(level: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """At most so many columns of time, each the loudest of its frames (short notes stay)."""
    if level.shape[0] <= most:
        return level
    starts = np.linspace(0, level.shape[0], most + 1).astype(np.int64)[:-1]
    loudest: NDArray[np.float32] = np.maximum.reduceat(level, starts, axis=0)
    return loudest
