"""Labels: exact, or with the faults of people's labels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.music import Note
from bayes_a2m.music.notes import clip, monophonic

SHORTEST = 0.02
"""Seconds a label keeps, whatever jitter does to it."""


def exact_labels(notes: Iterable[SungNote], seconds: float) -> list[Note]:
    """The notes of the vocabulary, where the voice sounds them, within ``[0, seconds]``.

    A note outside the vocabulary has no label: in its frames the truth is that none of the
    vocabulary's notes sounds.
    """
    return clip(
        (Note(n.onset, n.offset, n.pitch, _velocity(n.level_db)) for n in notes if n.labelled),
        seconds,
    )


def imperfect(
    generator: np.random.Generator,
    labels: Iterable[Note],
    seconds: float,
    *,
    lag: float = 0.0,
    jitter: float = 0.0,
) -> list[Note]:
    """Labels as people make them: late by ``lag``, each edge off by a normal error.

    Parameters
    ----------
    generator
        Where the errors come from.
    labels, seconds
        The exact labels, and the length of the recording.
    lag
        Seconds by which labels come after the sound (before it, where negative).
    jitter
        Standard deviation of each edge's error in seconds.
    """
    moved = []
    for note in labels:
        onset = note.onset + lag + jitter * generator.standard_normal()
        offset = note.offset + lag + jitter * generator.standard_normal()
        moved.append(Note(onset, max(offset, onset + SHORTEST), note.pitch, note.velocity))
    return monophonic(clip(moved, seconds))


def _velocity(level_db: float) -> int:
    """Loudness as MIDI velocity: 40 at -9 dB, 80 at the usual loudness, 120 at 9 dB."""
    return int(np.clip(round(80 + level_db * 40 / 9), 1, 127))
