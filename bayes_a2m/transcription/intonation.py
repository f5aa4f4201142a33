"""Intonation of a recording in words: how flat or sharp its notes are on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_a2m.baselines.pitch_curve import PitchCurve
from bayes_a2m.music import Note
from bayes_a2m.music.midi import PitchBend

FEWEST_FRAMES = 5
"""Frames with a pitch below which nothing is said of a note."""

IN_TUNE = 5.0
"""Cents below which notes are in tune: what listeners hear at best."""

EDGE = 0.15
"""Share of a note's frames at either end that slide into and out of it, and are left out."""

STEP = 0.02
"""Semitones that the pitch must move before another bend is written."""


@dataclass(frozen=True)
class Intonation:
    """The intonation of the notes of a recording.

    Attributes
    ----------
    cents
        The median deviation of every note in cents, above zero where sharp; None where its pitch
        could not be followed.
    mean
        The mean over notes, each weighed by how long it sounds; None where none could be.
    """

    cents: tuple[float | None, ...]
    mean: float | None

    @property
    def words(self) -> str:
        """A sentence such as "15 cents flat on average"; empty where nothing is known."""
        if self.mean is None:
            return ""
        if abs(self.mean) < IN_TUNE:
            return f"in tune on average ({self.mean:+.0f} cents)"
        way = "sharp" if self.mean > 0 else "flat"
        return f"{abs(self.mean):.0f} cents {way} on average"


def intonation(curve: PitchCurve, notes: Sequence[Note]) -> Intonation:
    """The intonation of notes whose pitch was followed.

    Parameters
    ----------
    curve
        Their pitch curve.
    notes
        The same notes.
    """
    cents: list[float | None] = []
    for i in range(len(notes)):
        own = curve.of_note(i)
        edge = int(EDGE * own.size)
        own = own[edge : own.size - edge]
        cents.append(float(np.median(own)) if own.size >= FEWEST_FRAMES else None)
    known = [(c, n.duration) for c, n in zip(cents, notes, strict=True) if c is not None]
    mean = (
        None
        if not known
        else float(np.average([c for c, _ in known], weights=[d for _, d in known]))
    )
    return Intonation(tuple(cents), mean)


def pitch_bends(curve: PitchCurve) -> list[PitchBend]:
    """Bends of the wheel that follow a pitch curve: none where it has no pitch.

    The wheel goes back to the middle where a note begins, and wherever the pitch is lost within
    a note it stays.
    """
    bends: list[PitchBend] = []
    last, owner = 0.0, -1
    for seconds, cents, note in zip(curve.seconds, curve.cents, curve.note, strict=True):
        if note < 0:
            continue
        if note != owner and last != 0.0 and not np.isfinite(cents):
            bends.append(PitchBend(float(seconds), 0.0))
            last = 0.0
        owner = int(note)
        if np.isfinite(cents) and abs(cents / 100 - last) >= STEP:
            last = round(float(cents) / 100, 3)
            bends.append(PitchBend(float(seconds), last))
    return bends
