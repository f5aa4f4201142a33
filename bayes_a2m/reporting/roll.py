"""A piano roll of probabilities: the reference in amber, the probability as opacity of blue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.reporting import style
from bayes_a2m.reporting.panels import time_panels
from bayes_a2m.reporting.spectrum import COLUMNS, draw_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.audio.features import Spectrum
    from bayes_a2m.music import Note, Vocabulary
    from bayes_a2m.prediction.posterior import FramePredictive

_REFERENCE = 0.42
"""Half the height of a reference note, in lines of the roll; predictions are narrower."""

_PREDICTION = 0.26

_LINES = 8
"""Pitches a row names at most."""


def roll_figure(
    posteriors: Mapping[str, FramePredictive],
    recording: int,
    spectrum: Spectrum,
    reference: Sequence[Note] | None,
    *,
    title: str = "",
    marks: Sequence[tuple[float, float]] = (),
) -> Figure:
    """The spectrum of a recording and, below, a roll for every model.

    Parameters
    ----------
    posteriors
        The posteriors by the model's name; each holds the recording.
    recording
        The number of the recording in all of them.
    spectrum
        The spectrum of the recording.
    reference
        The reference notes, or None where they are not known.
    title
        Above everything.
    marks
        Stretches ``(start, end)`` in seconds to point at.

    Returns
    -------
    Figure
        Two columns wide.
    """
    first = next(iter(posteriors.values()))
    duration = first.grid.seconds(int(first.lengths[recording]))
    lines = len(first.vocabulary.pitches)
    row = 0.62 + 0.11 * min(lines, _LINES)
    panels = time_panels([1.5, *[row] * len(posteriors)], duration, bar_beside=0)
    draw_spectrum(panels.axes[0], panels.bar, spectrum, first.vocabulary)
    if title:
        style.dress(panels.axes[0], title=style.label(title, 48))
    words = "amber: reference · blue: probability" if reference is not None else "blue: probability"
    panels.axes[0].set_title(words, fontsize=style.TICK, color=style.GREY, loc="right", pad=5)
    for axes, (name, posterior) in zip(panels.axes[1:], posteriors.items(), strict=True):
        draw_probability_roll(axes, posterior, recording, reference or ())
        for start, end in marks:
            _mark(axes, start, end)
        if len(posteriors) > 1:
            style.dress(axes, y=style.label(name, 16))
    panels.figure.align_ylabels(panels.axes)
    return panels.figure


def draw_probability_roll(
    axes: Axes, posterior: FramePredictive, recording: int, reference: Sequence[Note] = ()
) -> None:
    """Draw the probability of every pitch of a recording as opacity, over its reference in amber.

    Parameters
    ----------
    axes
        Where to draw; its horizontal axis is in seconds.
    posterior
        The posterior that holds the recording.
    recording
        The number of the recording in it.
    reference
        The reference notes; pitches that the posterior does not know are left out.
    """
    _draw_reference(axes, reference, posterior.vocabulary)
    _draw_probability(axes, posterior, recording)
    _dress_lines(axes, posterior.vocabulary)


def roll_caption(
    posteriors: Mapping[str, FramePredictive], recording: int, labels: NDArray[np.int64]
) -> str:
    """The caption of the figure: the accuracy, and the confidence in right and in wrong frames.

    Parameters
    ----------
    posteriors, recording
        The same as for :func:`roll_figure`.
    labels
        Class of every frame, ``(frames,)``.

    >>> from bayes_a2m.prediction.posterior import FramePosterior
    >>> post = FramePosterior.from_probs([[[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0]]])
    >>> roll_caption({"crnn": post}, 0, np.array([0, 0]))
    'Right in 50 % of the frames; 80 % sure where it is wrong, 90 % where it is right.'
    """
    told = []
    for name, posterior in posteriors.items():
        probs = posterior.of(recording)[: labels.shape[0]]
        right = probs.argmax(axis=1) == labels[: probs.shape[0]]
        sure = probs.max(axis=1)
        words = f"right in {100 * right.mean():.0f} % of the frames"
        if not right.all() and right.any():
            wrong = f"{100 * sure[~right].mean():.0f} % sure where it is wrong"
            words += f"; {wrong}, {100 * sure[right].mean():.0f} % where it is right"
        told.append(f"{name}: {words}" if len(posteriors) > 1 else words)
    line = ". ".join(told)
    return line[:1].upper() + line[1:] + "." if len(posteriors) == 1 else line + "."


def _mark(axes: Axes, start: float, end: float) -> None:
    """A bracket along the upper edge, and a faint shade below it."""
    axes.axvspan(start, end, color=style.INK, alpha=0.07, linewidth=0, zorder=0)
    edge = axes.get_xaxis_transform()
    axes.plot(
        [start, start, end, end],
        [0.93, 1, 1, 0.93],
        color=style.INK,
        linewidth=1.2,
        transform=edge,
        clip_on=False,
        zorder=4,
    )


def _draw_reference(axes: Axes, notes: Sequence[Note], vocabulary: Vocabulary) -> None:
    place = {pitch: i for i, pitch in enumerate(vocabulary.pitches)}
    for note in notes:
        if note.pitch in place:
            axes.broken_barh(
                [(note.onset, note.duration)],
                (place[note.pitch] - _REFERENCE, 2 * _REFERENCE),
                facecolor=style.ORANGE + "70",
                edgecolor="#9a6a00",
                linewidth=0.7,
            )


def _draw_probability(axes: Axes, posterior: FramePredictive, recording: int) -> None:
    """One strip a pitch, whose opacity is the probability."""
    from matplotlib.colors import to_rgb

    probs = posterior.of(recording)[:, 1:]
    step = -(-probs.shape[0] // COLUMNS)
    starts = np.arange(0, probs.shape[0], step)
    shown = np.maximum.reduceat(probs, starts, axis=0)
    hop = posterior.grid.hop_seconds
    extent = (-hop / 2, (probs.shape[0] - 0.5) * hop)
    image = np.empty((1, shown.shape[0], 4), dtype=np.float32)
    image[..., :3] = to_rgb(style.BLUE)
    for line in range(shown.shape[1]):
        strip = image.copy()
        strip[0, :, 3] = shown[:, line]
        axes.imshow(
            strip,
            aspect="auto",
            interpolation="nearest",
            extent=(*extent, line - _PREDICTION, line + _PREDICTION),
            zorder=3,
        )


def _dress_lines(axes: Axes, vocabulary: Vocabulary) -> None:
    lines = len(vocabulary.pitches)
    thin = -(-lines // _LINES)
    axes.set_ylim(-0.6, lines - 0.4)
    axes.set_yticks(range(0, lines, thin), labels=list(vocabulary.names[1:])[::thin])
    style.dress(axes, grid=True)
