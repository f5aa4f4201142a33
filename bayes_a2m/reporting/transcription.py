"""A transcription to look at: spectrum, probabilities, notes, and the reference if there is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.reporting import style
from bayes_a2m.reporting.panels import time_panels
from bayes_a2m.reporting.spectrum import draw_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.audio.features import Spectrum
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.prediction.posterior import FramePosterior

_POINTS = 2000
"""Frames drawn at most: more than the pixels across."""


def transcription_figure(
    posterior: FramePosterior,
    transcription: Transcription,
    spectrum: Spectrum,
    *,
    recording: int = 0,
    reference: Iterable[Note] | None = None,
) -> Figure:
    """Spectrum, the probability of every class, and the notes, on one time axis.

    Parameters
    ----------
    posterior
        Holds the recording at index ``recording``.
    transcription
        The notes of the recording.
    spectrum
        The spectrum that the model read.
    reference
        Notes to draw in a row of the same form above the transcription's.

    Returns
    -------
    Figure
        Fit for a page: 7.2 inches wide.
    """
    vocabulary, grid = posterior.vocabulary, posterior.grid
    duration = grid.seconds(int(posterior.lengths[recording]))
    known = None if reference is None else [n for n in reference if n.onset < duration]
    heights = [2.0, 1.2, *([] if known is None else [0.75]), 0.75]
    panels = time_panels(heights, duration, bar_beside=0)
    rows = panels.axes
    draw_spectrum(rows[0], panels.bar, spectrum, vocabulary)
    _draw_probabilities(rows[1], posterior, recording)
    pitches = _pitches(vocabulary, transcription.notes, known or ())
    if known is not None:
        _draw_notes(rows[2], known, pitches, vocabulary, "reference")
    _draw_notes(rows[-1], transcription.notes, pitches, vocabulary, "notes")
    style.dress(rows[0], title=transcription.id)
    panels.figure.align_ylabels(rows)
    return panels.figure


def _draw_probabilities(axes: Axes, posterior: FramePosterior, recording: int) -> None:
    """Probabilities stacked to one: the share of the height is the probability."""
    probs = posterior.of(recording)
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


def _draw_notes(
    axes: Axes,
    notes: Sequence[Note],
    pitches: Sequence[int],
    vocabulary: Vocabulary,
    what: str,
) -> None:
    """A piano roll, a line a pitch."""
    colours = dict(zip(vocabulary.pitches, style.class_colours(len(vocabulary))[1:], strict=True))
    place = {pitch: i for i, pitch in enumerate(pitches)}
    for note in notes:
        axes.broken_barh(
            [(note.onset, note.duration)],
            (place[note.pitch] - 0.38, 0.76),
            facecolor=colours.get(note.pitch, style.BLACK),
            edgecolor="white",
            linewidth=0.4,
        )
    axes.set_ylim(-0.7, len(pitches) - 0.3)
    thin = -(-len(pitches) // 8)
    axes.set_yticks(range(0, len(pitches), thin))
    axes.set_yticklabels([vocabulary.pitch_name(p) for p in pitches[::thin]])
    style.dress(axes, y=what, grid=True)


def _pitches(vocabulary: Vocabulary, *sequences: Iterable[Note]) -> list[int]:
    """The vocabulary's pitches, and strangers among the notes (of a reference, say)."""
    return sorted({*vocabulary.pitches, *(n.pitch for notes in sequences for n in notes)})
