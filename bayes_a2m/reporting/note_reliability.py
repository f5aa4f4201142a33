"""The reliability diagram of notes: predicted probability against the share that is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bayes_a2m.evaluation.note_results import NoteReliabilityBin, NoteResults


FEW = 5
"""Notes in a bin below which its share says nothing."""


def note_reliability_figure(found: NoteResults) -> Figure:
    """Share of right notes by predicted probability, with 95 % intervals, over how many there are.

    Parameters
    ----------
    found
        The scores of the probabilities of notes.

    Returns
    -------
    Figure
        One column wide: above, points with bars and the diagonal; below, notes a bin.
    """
    figure = style.new_figure(style.COLUMN, 3.5)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.0, 1))
    draw_note_reliability(upper, found)
    _draw_notes(lower, found)
    figure.align_ylabels((upper, lower))
    figure.tight_layout(pad=0.4, h_pad=0.6)
    return figure


def draw_note_reliability(axes: Axes, found: NoteResults) -> None:
    """Draw the share of right notes by predicted probability, with bars and the diagonal."""
    draw_note_bins(axes, found.reliability)


def draw_note_bins(axes: Axes, bins: Sequence[NoteReliabilityBin]) -> None:
    """:func:`draw_note_reliability` of the bins alone."""
    axes.plot([0, 1], [0, 1], color=style.SILENCE, linewidth=0.8, linestyle=(0, (4, 3)))
    for one in bins:
        accuracy = one.accuracy
        if accuracy.value is None:
            continue
        if accuracy.low is not None and accuracy.high is not None and one.notes >= FEW:
            bar = [accuracy.low, accuracy.high]
            axes.plot([one.confidence] * 2, bar, color=style.BLUE, linewidth=1.3)
        # few notes say nothing and are hollow; a larger point would cover its bar
        axes.plot(
            one.confidence,
            accuracy.value,
            "o",
            color=style.BLUE,
            markerfacecolor="white" if one.notes < FEW else style.BLUE,
            markersize=3.6,
            clip_on=False,
        )
    style.say(axes, "dashed: perfect calibration")
    axes.set_ylim(-0.02, 1.02)
    style.dress(axes, y="share of notes right", grid=True)


def _draw_notes(axes: Axes, found: NoteResults) -> None:
    """Notes a bin, each with its number."""
    for one in found.reliability:
        axes.bar(one.confidence, one.notes, width=0.05, color=style.SKY)
        axes.annotate(
            f"{one.notes}",
            (one.confidence, one.notes),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="center",
            fontsize=style.TICK - 1,
            color=style.INK,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.3 * max((one.notes for one in found.reliability), default=1))
    style.dress(axes, x="predicted probability of a note", y="notes")


def note_reliability_caption(found: NoteResults) -> str:
    """The caption of the figure, in one sentence or two."""
    if found.confidence.value is None or found.precision.value is None:
        return "There are no notes of known probability."
    words = (
        f"{found.notes} notes: mean probability {100 * found.confidence.value:.1f} %, right "
        f"{100 * found.precision.value:.1f} %"
    )
    if found.ece.value is not None and found.ece_debiased.value is not None:
        words += (
            f"; the calibration error is {found.ece.value:.3f}, debiased "
            f"{found.ece_debiased.value:.3f}"
        )
    return (
        f"{words}. Bars are 95 % intervals by recording, where all notes are right or all wrong "
        f"those of Clopper and Pearson; hollow points are of fewer than {FEW}."
    )
