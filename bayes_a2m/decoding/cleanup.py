"""Repairs of notes: gaps closed, short notes dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bayes_a2m.music import Note


def merge_gaps(notes: Sequence[Note], longest: float) -> list[Note]:
    """Join neighbours of one pitch that silence of less than ``longest`` seconds separates.

    Parameters
    ----------
    notes
        Notes in order of onset.
    longest
        Seconds of silence that is not closed any more.

    >>> merge_gaps([Note(0.0, 1.0, 60), Note(1.02, 2.0, 60)], 0.05)
    [Note(onset=0.0, offset=2.0, pitch=60, velocity=90)]
    """
    joined: list[Note] = []
    for note in notes:
        before = joined[-1] if joined else None
        if before and before.pitch == note.pitch and note.onset - before.offset < longest:
            joined[-1] = replace(before, offset=note.offset)
        else:
            joined.append(note)
    return joined


def drop_short(notes: Sequence[Note], shortest: float) -> list[Note]:
    """Leave out notes shorter than ``shortest`` seconds."""
    return [n for n in notes if n.duration >= shortest - 1e-9]
