"""A piano roll of notes that know how sure they are.

Reference notes are amber and broad, predicted ones blue and narrow, so that both are seen where
they lie on each other; the opacity of blue is the note's probability. Whiskers span the 90 %
interval of an onset, a tick stands at its median. Doubtful notes have a dashed edge and their
probability beside them. Notes of unknown probability are outlined and not filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.reporting import style
from bayes_a2m.reporting.panels import time_panels
from bayes_a2m.reporting.spectrum import draw_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.audio.features import Spectrum
    from bayes_a2m.baselines.pitch_curve import PitchCurve
    from bayes_a2m.decoding.note_posterior import NoteHypothesis
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.music import Note, Vocabulary

REFERENCE_EDGE = "#9a6a00"
"""The edge of a reference note: amber that is seen on white."""

CURVE = "#6FE8FF"
"""The colour of the pitch curve: a pale blue, which the spectrum's colours lack."""

_REFERENCE, _PREDICTION = 0.42, 0.25
"""Half the heights of notes, in lines of the roll."""

_PALEST = 0.12
"""The least opacity, so that an unlikely note is seen at all."""

MANY = 24
"""Pitches above which a roll shows only those around the notes."""

BESIDE = 3
"""Semitones that it shows below the lowest and above the highest note then."""

_LINES = 8
"""Pitches that an axis names at most."""


@dataclass(frozen=True)
class RollNote:
    """A note of a piano roll.

    Attributes
    ----------
    note
        Where it is.
    probability
        How sure it is; None where that is not known.
    onset
        The low end, the median and the high end of its onset's interval, in seconds; None where
        it has none.
    doubtful
        Whether it is marked as doubtful.
    """

    note: Note
    probability: float | None = None
    onset: tuple[float, float, float] | None = None
    doubtful: bool = False


def roll_notes(transcription: Transcription) -> list[RollNote]:
    """The notes of a transcription, with what is known of each."""
    doubtful = transcription.doubtful or (False,) * len(transcription.notes)
    if transcription.hypotheses is None:
        pairs = zip(transcription.notes, doubtful, strict=True)
        return [RollNote(note, doubtful=unsure) for note, unsure in pairs]
    own = zip(transcription.notes, transcription.hypotheses, doubtful, strict=True)
    return [_known(note, hypothesis, doubtful=unsure) for note, hypothesis, unsure in own]


def hypotheses_notes(hypotheses: Sequence[NoteHypothesis]) -> list[RollNote]:
    """The notes of a posterior over notes, none of them marked as doubtful."""
    return [_known(one.note, one, doubtful=False) for one in hypotheses]


def _known(note: Note, hypothesis: NoteHypothesis, *, doubtful: bool) -> RollNote:
    low, high = hypothesis.onset_interval
    onset = (low, hypothesis.onset_median, high) if np.isfinite([low, high]).all() else None
    return RollNote(note, hypothesis.probability, onset, doubtful)


def piano_roll_figure(
    rows: Mapping[str, Sequence[RollNote]],
    spectrum: Spectrum,
    vocabulary: Vocabulary,
    *,
    reference: Sequence[Note] | None = None,
    curve: PitchCurve | None = None,
    start: float = 0.0,
    title: str = "",
    marks: Sequence[tuple[float, float]] = (),
) -> Figure:
    """The spectrum of a stretch of sound and, below, a piano roll for every model.

    Parameters
    ----------
    rows
        The notes by the model's name, in seconds of the recording.
    spectrum
        The spectrum of the stretch.
    vocabulary
        Says which pitches have a line, and what they are called.
    reference
        The reference notes, or None where they are not known.
    curve
        The continuous pitch, drawn over the spectrum.
    start
        Seconds at which the stretch begins in the recording.
    title
        Above everything.
    marks
        Stretches ``(start, end)`` in seconds of the recording to point at.

    Returns
    -------
    Figure
        Two columns wide.
    """
    duration = spectrum.level.shape[0] * spectrum.settings.grid.hop_seconds
    end = start + duration
    pitches = pitches_of(vocabulary, reference or (), *([n.note for n in r] for r in rows.values()))
    height = 0.62 + 0.13 * min(len(pitches), _LINES)
    panels = time_panels([1.6, *[height] * len(rows)], duration, bar_beside=0)
    first = panels.axes[0]
    draw_spectrum(first, panels.bar, spectrum, vocabulary)
    if curve is not None:
        draw_curve(first, curve, start)
    first.set_title(
        style.label(title, 44), fontsize=style.TITLE, color=style.INK, loc="left", pad=5
    )
    first.set_title(
        legend_words(rows, reference, curve),
        fontsize=style.TICK,
        color=style.GREY,
        loc="right",
        pad=5,
    )
    for axes, (name, notes) in zip(panels.axes[1:], rows.items(), strict=True):
        draw_roll(axes, notes, pitches, vocabulary, reference=reference or (), start=start, end=end)
        for a, b in marks:
            axes.axvspan(a - start, b - start, color=style.INK, alpha=0.07, linewidth=0, zorder=0)
        style.dress(axes, y=style.label(name, 16) if len(rows) > 1 else "notes")
    label_times(panels.axes[-1], start)
    panels.figure.align_ylabels(panels.axes)
    return panels.figure


def draw_roll(
    axes: Axes,
    notes: Sequence[RollNote],
    pitches: Sequence[int],
    vocabulary: Vocabulary,
    *,
    reference: Sequence[Note] = (),
    start: float = 0.0,
    end: float = np.inf,
) -> None:
    """Draw notes on lines of pitches, those of a stretch, in seconds from its start."""
    place = {pitch: i for i, pitch in enumerate(pitches)}
    for note in reference:
        if note.offset > start and note.onset < end:
            axes.broken_barh(
                [(note.onset - start, note.duration)],
                (place[note.pitch] - _REFERENCE, 2 * _REFERENCE),
                facecolor=style.ORANGE + "60",
                edgecolor=REFERENCE_EDGE,
                linewidth=0.7,
            )
    for one in notes:
        if one.note.offset > start and one.note.onset < end:
            _draw_note(axes, one, place[one.note.pitch], start)
    axes.set_ylim(-0.62, len(pitches) - 0.38)
    thin = -(-len(pitches) // _LINES)
    axes.set_yticks(range(0, len(pitches), thin))
    axes.set_yticklabels([vocabulary.pitch_name(p) for p in pitches[::thin]])
    style.dress(axes, grid=True)


def _draw_note(axes: Axes, one: RollNote, line: int, start: float) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patheffects import withStroke

    onset = one.note.onset - start
    # squared, since eyes tell 0.7 from 0.9 badly
    opacity = 0.0 if one.probability is None else _PALEST + (1 - _PALEST) * one.probability**2
    axes.broken_barh(
        [(onset, one.note.duration)],
        (line - _PREDICTION, 2 * _PREDICTION),
        facecolor=to_rgba(style.BLUE, opacity),
        edgecolor=style.BLUE,
        linewidth=0.8,
        linestyle=(0, (2, 1.2)) if one.doubtful else "solid",
        zorder=3,
    )
    if one.onset is not None:
        low, median, high = (time - start for time in one.onset)
        at = line - _PREDICTION - 0.09
        # black reads on amber, blue and white
        axes.plot([low, high], [at, at], color=style.INK, linewidth=0.9, zorder=4)
        axes.plot([median] * 2, [at - 0.07, at + 0.07], color=style.INK, linewidth=0.9, zorder=4)
    if one.doubtful and one.probability is not None:
        axes.annotate(
            f"{one.probability:.2f}",
            (max(onset, 0.0), line + _PREDICTION),
            xytext=(1, 1),
            textcoords="offset points",
            fontsize=style.TICK - 1.5,
            color=style.INK,
            va="bottom",
            annotation_clip=True,
            zorder=5,
            path_effects=[withStroke(linewidth=1.6, foreground="white")],
        )


def draw_curve(axes: Axes, curve: PitchCurve, start: float = 0.0) -> None:
    """Draw a continuous pitch over a spectrum, whose vertical axis is MIDI pitch."""
    from matplotlib.patheffects import withStroke

    with np.errstate(invalid="ignore"):
        pitch = 69 + 12 * np.log2(curve.hertz / 440)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.plot(
        curve.seconds - start,
        pitch,
        color=CURVE,
        linewidth=1.0,
        zorder=3,
        path_effects=[withStroke(linewidth=2.2, foreground="#00000099")],
    )
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def label_times(axes: Axes, start: float) -> None:
    """Name the times of the recording where a stretch of it is drawn."""
    from matplotlib.ticker import FuncFormatter

    if start:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{round(x + start, 3):g}"))


def pitches_of(vocabulary: Vocabulary, *sequences: Sequence[Note]) -> list[int]:
    """The lines of a roll: the vocabulary's pitches, and strangers among the notes.

    Of a vocabulary of many pitches, those from somewhat below the lowest note to somewhat above the
    highest: a song that spans a fifth would lie in a tenth of four octaves.

    >>> from bayes_a2m.music import Note, Vocabulary
    >>> pitches_of(Vocabulary(tuple(range(36, 85))), [Note(0, 1, 60), Note(1, 2, 64)])[::5]
    [57, 62, 67]
    """
    sung = {n.pitch for notes in sequences for n in notes}
    lines = sorted({*vocabulary.pitches, *sung})
    if len(lines) <= MANY or not sung:
        return lines
    return [p for p in lines if min(sung) - BESIDE <= p <= max(sung) + BESIDE]


def legend_words(
    rows: Mapping[str, Sequence[RollNote]],
    reference: Sequence[Note] | None,
    curve: PitchCurve | None,
) -> str:
    """The meaning of the colours that are drawn, on one line."""
    known = any(n.probability is not None for notes in rows.values() for n in notes)
    words = [
        "amber: reference" if reference is not None else "",
        "blue: probability of a note, whiskers: 90 % of its onset" if known else "blue: notes",
        "pale line: pitch" if curve is not None else "",
    ]
    return " · ".join(word for word in words if word)
