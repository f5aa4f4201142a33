"""Intonation: the continuous curve of f0 that a singer makes of a score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import Singer
from bayes_a2m.datasets.synthetic.wander import wander

DRIFT_SECONDS = 0.5
"""Time constant of the slow wander, seconds."""

VIBRATO_RISE = 0.3
"""Seconds from no vibrato to all of it."""

VIBRATO_UNEVEN = 0.05
"""Standard deviation of the vibrato's rate, relative."""


def hertz(pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert MIDI pitch (fractions allowed) to Hz in equal temperament, A4 = 440 Hz."""
    out: NDArray[np.float64] = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    return out


def f0_curve(
    generator: np.random.Generator,
    singer: Singer,
    notes: Sequence[SungNote],
    times: NDArray[np.float64],
    sounding_offset: int = 0,
) -> NDArray[np.float64]:
    """Draw the f0 asked for, in Hz, at equally spaced ``times`` in seconds.

    It is the target of each note with its error; between notes that touch, half a cosine from one
    to the next, centred on the boundary, so that the label changes where the pitch is half
    way; a scoop that dies away exponentially; vibrato that sets in late, and is gone before a
    slide is half way; a slow wander (Ornstein–Uhlenbeck). In rests the curve goes on, so that it
    has no jumps of phase.
    """
    rate = 1.0 / (times[1] - times[0])
    cents = 100 * _targets(notes, times)
    cents += singer.tuning_cents
    cents += wander(generator, len(times), rate, singer.drift_cents, DRIFT_SECONDS)
    uneven = wander(generator, len(times), rate, VIBRATO_UNEVEN, DRIFT_SECONDS)
    cycles = generator.random() + np.cumsum(singer.vibrato_hz * (1 + uneven)) / rate
    for note, following in zip(notes, [*notes[1:], None], strict=True):
        here = slice(*np.searchsorted(times, [note.onset, note.offset]))
        since = times[here] - note.onset
        cents[here] -= note.scoop_cents * np.exp(-since / note.scoop_seconds)
        depth = np.clip((since - singer.vibrato_delay) / VIBRATO_RISE, 0, 1)
        if following is not None and following.slide_seconds > 0:
            left = (note.offset - times[here]) / _half(note, following)
            depth *= (1 - np.cos(np.pi * np.clip(left, 0, 1))) / 2
        cents[here] += singer.vibrato_cents * depth * np.sin(2 * np.pi * cycles[here])
    return hertz(cents / 100 + sounding_offset)


def _half(before: SungNote, after: SungNote) -> float:
    """Seconds of the slide between two notes that lie in either of them."""
    return min(after.slide_seconds, before.offset - before.onset) / 2


def _targets(notes: Sequence[SungNote], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """MIDI pitch of the notes, with portamento; a rest belongs to the note after it."""
    wanted = np.array([n.pitch + n.error_cents / 100 for n in notes])
    ends = np.array([n.offset for n in notes])
    curve: NDArray[np.float64] = wanted[
        np.minimum(np.searchsorted(ends, times, side="right"), len(notes) - 1)
    ]
    for before, after, low, high in zip(notes, notes[1:], wanted, wanted[1:], strict=False):
        if after.slide_seconds > 0:
            half = _half(before, after)
            first, last = np.searchsorted(times, [after.onset - half, after.onset + half])
            way = (times[first:last] - (after.onset - half)) / (2 * half)
            curve[first:last] = low + (high - low) * (1 - np.cos(np.pi * way)) / 2
    return curve
