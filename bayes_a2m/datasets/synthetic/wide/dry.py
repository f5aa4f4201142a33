"""Sound before any recording condition, with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic import voice
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.music import Note
from bayes_a2m.music.notes import clip

Floats = NDArray[np.float64]

F0_SECONDS = 0.005
"""Distance of two values of the true fundamental, seconds."""

AUDIBLE_DB = -30.0
"""Level against the voice's own above which it counts as voiced."""


@dataclass(frozen=True)
class Dry:
    """Sound before any recording condition.

    Attributes
    ----------
    samples
        Shape ``(samples,)``.
    notes
        Notes at the pitch that sounds.
    f0
        Fundamental every 5 ms, Hz, 0 where unvoiced.
    """

    samples: Floats
    notes: tuple[Note, ...]
    f0: Floats


def sounding_notes(
    notes: Sequence[SungNote], curves: voice.Curves, seconds: float
) -> tuple[Note, ...]:
    """List the notes at the semitone nearest to what is sung.

    A recording half a semitone flat has its notes where a tuner would see them, not where the
    singer meant them. A note within half a semitone of its pitch keeps it.
    """
    sung = []
    for note in notes:
        inside = slice(*np.searchsorted(curves.times, [note.onset, note.offset]))
        f0 = curves.f0[inside]
        pitch = note.pitch
        if f0.size:
            middle = float(69 + 12 * np.log2(np.median(f0) / 440))
            pitch = pitch if abs(middle - pitch) <= 0.5 else round(middle)
        sung.append(Note(note.onset, note.offset, pitch))
    return tuple(clip(sung, seconds))


def audible_f0(curves: voice.Curves, seconds: float) -> Floats:
    """Sample the fundamental every 5 ms, 0 where the voice is not heard, ``(time,)``."""
    times = np.arange(round(seconds / F0_SECONDS), dtype=np.float64) * F0_SECONDS
    level = np.interp(times, curves.times, np.maximum(curves.level_db, -120.0))
    return np.where(level > AUDIBLE_DB, curves.f0_at(times), 0.0)


def unvoiced(seconds: float) -> Floats:
    """Make the fundamental of what has none: zeros, ``(time,)``."""
    return np.zeros(round(seconds / F0_SECONDS))
