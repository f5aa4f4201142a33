"""Velocities of notes from how loud they are.

General MIDI has amplitudes go with the square of velocities (MIDI Manufacturers Association,
"General MIDI Level 2", recommended practice RP-024): ``40 log10(velocity / 127)`` dB. The loudest
note of a recording gets :data:`LOUDEST`, the others follow by their level, so that neither the
microphone's gain nor how sure the model is plays a part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.music import Note

LOUDEST = 112
"""The velocity of the loudest note of a recording."""

SOFTEST = 8
"""The least velocity that is written."""


def velocities(samples: NDArray[np.float32], rate: int, notes: Sequence[Note]) -> list[int]:
    """The velocity of every note, 8 to 112, from the level of its loudest half.

    Parameters
    ----------
    samples
        The recording, mono, ``(samples,)``.
    rate
        Its sample rate, Hz.
    notes
        Its notes.

    >>> quiet_then_loud = np.repeat(np.float32([0.1, 0.4]), 1000)
    >>> velocities(quiet_then_loud, 1000, [Note(0.0, 1.0, 60), Note(1.0, 2.0, 60)])
    [56, 112]
    """
    levels = [_level(samples, rate, note) for note in notes]
    top = max(levels, default=0.0)
    if top <= 0.0:
        return [Note(0.0, 1.0, 60).velocity for _ in levels]
    # a level goes with the square root of power, a velocity with the square root of the level
    return [max(SOFTEST, round(LOUDEST * float(np.sqrt(level / top)))) for level in levels]


def _level(samples: NDArray[np.float32], rate: int, note: Note) -> float:
    """Root mean square of the louder half of a note's 20 ms blocks."""
    start, end = (round(time * rate) for time in (note.onset, note.offset))
    own = samples[max(start, 0) : max(end, start + 1)].astype(np.float64)
    size = max(1, round(0.02 * rate))
    if own.size == 0:
        return 0.0
    count = max(1, own.size // size)
    power = np.array([np.square(part).mean() for part in np.array_split(own, count)])
    louder = np.sort(power)[power.size // 2 :]
    return float(np.sqrt(louder.mean()))
