"""The continuous pitch under notes, and how far it is from theirs.

A note is known to be an E4; how it was intoned is not. In every frame the candidates of pYIN
(:mod:`bayes_a2m.baselines.yin`) are looked at, and the likeliest of those taken that lie within a
semitone and a half of the note in the octave in which the recording sounds: that in which most of
its likely candidates lie, since notes may be named an octave above the voice. So octave errors are
not possible, and where nothing is near, the frame has no pitch. Deviations are in cents of equal
temperament at A4 = 440 Hz, above the note (sharp) or below it (flat).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.baselines.frames import blocks
from bayes_a2m.baselines.yin import candidates, difference
from bayes_a2m.music import Note

Floats = NDArray[np.float64]

HOP_SECONDS = 0.01
"""Seconds from one frame to the next."""

WINDOW_SECONDS = 0.064
"""Seconds of sound that a frame's pitch is taken from: four periods of 62 Hz."""

RANGE_HZ = (62.0, 1600.0)
"""Frequencies that are looked for."""

NEAR_CENTS = 150.0
"""How far from its note a pitch may lie."""

OCTAVES = 20
"""More octaves than there are between any note and any frequency."""

THRESHOLD = 0.1
"""Mean of the prior of YIN's threshold, pYIN's own."""


@dataclass(frozen=True, eq=False)
class PitchCurve:
    """The continuous pitch of a recording where notes sound.

    Attributes
    ----------
    seconds
        The instants of the frames, ``(frame,)``.
    hertz
        The frequency, ``(frame,)``; nan where there is none near the note.
    cents
        Cents above its note, less the octaves, ``(frame,)``; nan likewise.
    note
        The number of the note that each frame is of, ``(frame,)``; -1 between notes.
    """

    seconds: Floats
    hertz: Floats
    cents: Floats
    note: NDArray[np.int64]

    def of_note(self, number: int) -> Floats:
        """The deviations of one note in cents, those of frames without pitch left out."""
        own = self.cents[self.note == number]
        known: Floats = own[np.isfinite(own)]
        return known


def pitch_curve(samples: NDArray[np.float32], rate: int, notes: Sequence[Note]) -> PitchCurve:
    """Follow the pitch of a recording under its notes.

    Parameters
    ----------
    samples
        The recording, mono, ``(samples,)``.
    rate
        Its sample rate, Hz.
    notes
        Notes that do not overlap, by onset.
    """
    hop, length = round(HOP_SECONDS * rate), round(WINDOW_SECONDS * rate)
    frames = max(1, samples.shape[0] // hop)
    seconds = np.arange(frames) * hop / rate
    owner = np.full(frames, -1, dtype=np.int64)
    for i, note in enumerate(notes):
        low, high = np.searchsorted(seconds, [note.onset, note.offset])
        owner[low:high] = i
    pitch = np.array([note.pitch for note in notes], dtype=np.float64)
    longest = min(int(np.ceil(rate / RANGE_HZ[0])), length // 2)
    shortest = max(1, int(rate / RANGE_HZ[1]))
    parts: list[tuple[NDArray[np.int64], Floats, Floats]] = []
    done = 0
    for block in blocks(samples, length, hop, frames):
        own = owner[done : done + len(block)]
        sounding = np.flatnonzero(own >= 0)
        if sounding.size:
            found = candidates(difference(block[sounding], longest), THRESHOLD, shortest, rate)
            parts.append((done + sounding[found.frame], found.hertz, found.probability))
        done += len(block)
    hertz, cents = np.full(frames, np.nan), np.full(frames, np.nan)
    if parts:
        frame, heard, probability = (np.concatenate(column) for column in zip(*parts, strict=True))
        away = 1200 * np.log2(heard / 440) + 6900 - 100 * pitch[owner[frame]]
        octave = np.round(away / 1200).astype(np.int64)
        away -= 1200 * octave
        near = np.abs(away) <= NEAR_CENTS
        if near.any():
            mass = np.bincount(octave[near] + OCTAVES, probability[near])
            near &= octave == int(mass.argmax()) - OCTAVES
        # the last written of a frame stays: the likeliest
        order = np.flatnonzero(near)[np.argsort(probability[near], kind="stable")]
        hertz[frame[order]], cents[frame[order]] = heard[order], away[order]
    return PitchCurve(seconds, hertz, cents, owner)
