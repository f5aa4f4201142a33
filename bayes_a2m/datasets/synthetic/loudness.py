"""Loudness of the voice: attacks, releases, swells, consonants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic.score import VOICED, SungNote
from bayes_a2m.datasets.synthetic.singer import Singer
from bayes_a2m.datasets.synthetic.wander import wander

EDGE = 0.06
"""Amplitude, relative to the note's level, at which it is taken to begin and to end (-24 dB)."""

WAVER_SECONDS = 0.12
"""Time constant of the level's wander."""

MURMUR_DB = -8.0
"""Level of a voiced consonant against the vowel after it."""


def level_curve(
    generator: np.random.Generator,
    singer: Singer,
    notes: Sequence[SungNote],
    times: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Draw the level in dB at ``times``: 0 is the singer's usual loudness, -inf is silence.

    A note starts and ends at -24 dB of its own level, so the label's edge is where the voice
    begins to be heard, not where it is still or already lost in the room. Between notes that
    touch by portamento there is no edge. No breath is quite even: the level wanders.
    """
    level = np.full(len(times), -np.inf)
    rate = 1 / (times[1] - times[0])
    waver = wander(generator, len(times), rate, singer.waver_db, WAVER_SECONDS)
    for index, note in enumerate(notes):
        joins = note.slide_seconds > 0
        joined = index + 1 < len(notes) and notes[index + 1].slide_seconds > 0
        here = slice(*np.searchsorted(times, [note.onset, note.offset]))
        since, left = times[here] - note.onset, note.offset - times[here]
        part = since / (note.offset - note.onset)
        db = note.level_db + note.swell_db * (part - 0.5)
        if joins and index:
            # levels of joined notes meet: a step would click
            before = notes[index - 1]
            end = before.level_db + before.swell_db / 2
            db += (end - (note.level_db - note.swell_db / 2)) * np.exp(-since / 0.05)
        else:
            db += _rise(since / note.attack)
        if not joined:
            db += _rise(left / note.release)
        if note.consonant in VOICED:
            opening = np.clip((since - note.consonant_seconds) / 0.04, 0, 1)
            db += MURMUR_DB * (1 - opening)
        level[here] = db + waver[here]
    return level


def _rise(way: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decibels on the way from the edge (0) to full loudness (1): half a cosine in amplitude."""
    part = (1 - np.cos(np.pi * np.clip(way, 0, 1))) / 2
    db: NDArray[np.float64] = 20 * np.log10(EDGE + (1 - EDGE) * part)
    return db
