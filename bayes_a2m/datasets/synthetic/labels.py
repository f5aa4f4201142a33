"""Labels of synthetic recordings: exact, or with the faults of people's labels."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.music import Note
from bayes_a2m.music.notes import clip, monophonic

SHORTEST = 0.02
"""Seconds a label keeps, whatever jitter does to it."""

CRUMB = 0.05
"""Seconds; of a label moved over an end of the recording, nothing shorter is left."""


def exact_labels(notes: Iterable[SungNote], seconds: float) -> list[Note]:
    """List the notes of the vocabulary, where the voice sounds them, within ``[0, seconds]``.

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
    """Make labels as people do: late by ``lag``, each edge off by a normal error.

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
    end = _last_tick(seconds)
    moved: list[Note] = []
    for note in sorted(labels):
        onset = note.onset + lag + jitter * generator.standard_normal()
        offset = note.offset + lag + jitter * generator.standard_normal()
        # where the recording cuts a note, nobody hears it start or stop
        onset = 0.0 if note.onset <= 0 else onset
        offset = end if note.offset >= end else offset
        if moved:
            onset = max(onset, moved[-1].onset + SHORTEST)
        moved.append(Note(onset, max(offset, onset + SHORTEST), note.pitch, note.velocity))
    kept = monophonic(clip(moved, end))
    if not lag and not jitter:
        return kept
    return [n for n in kept if n.duration >= CRUMB or (n.onset > 0 and n.offset < end)]


def _last_tick(seconds: float) -> float:
    """The last instant that MIDI can hold (960 ticks a second): one later lies past the end."""
    return math.floor(seconds * 960 + 1e-6) / 960


def _velocity(level_db: float) -> int:
    """Loudness as MIDI velocity: 40 at -9 dB, 80 at the usual loudness, 120 at 9 dB."""
    return int(np.clip(round(80 + level_db * 40 / 9), 1, 127))
