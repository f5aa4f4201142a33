"""Are other pitches sung than those of a vocabulary? pYIN tells, whatever a model was taught.

A model of C4, E4 and G4 can answer a D4 only wrongly: its classes leave it nothing else. pYIN has
no such classes. The posterior of its hidden Markov model (:mod:`bayes_a2m.baselines.pyin`) gives
every frame a probability of sounding, and of where; what lies more than 75 cents from every pitch
of the vocabulary counts as elsewhere. On recordings of the vocabulary that is what glides between
notes and at their ends take: 4 to 9 % of the sounding frames at the median of each condition, and
27 % at most, in 104 recordings of the train split of `reports/robustness`.

The convention is of **pitch classes**: an octave above or below a pitch counts as that pitch.
Labels may be named an octave from where the voice is (``sounding_offset``), which is not known of
a new recording, and octaves are what trackers mistake most. So a C5 sung to a model of C4 is not
told; every other pitch class is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.baselines.frames import blocks
from bayes_a2m.baselines.pitch import cents, search_range, window_for
from bayes_a2m.baselines.pitch_curve import HOP_SECONDS, THRESHOLD
from bayes_a2m.baselines.pyin import STEPS, smoothed
from bayes_a2m.baselines.yin import Candidates, candidates, difference
from bayes_a2m.music import Note, Vocabulary

Floats = NDArray[np.float64]

TOLERANCE = 75.0
"""Cents from the nearest pitch up to which a frame is of the vocabulary.

A semitone away is 100 cents; the hidden Markov model has pitches every 50.
"""

QUIET_DB = 25.0
"""Decibels below the loud parts of a recording from which on a frame does not count as sounding."""

LEAST_SECONDS = 0.1
"""Sounding seconds below which nothing is said of a recording."""

MOST_ELSEWHERE = 1 / 3
"""Share of the sounding frames at other pitches from which on a recording is told of."""

NAMED = 0.1
"""Share of the frames elsewhere from which on their pitch class is named."""


@dataclass(frozen=True, eq=False)
class PitchCheck:
    """The pitches of a recording: how much sounds, and how much of it elsewhere.

    Attributes
    ----------
    vocabulary
        The pitches that are asked about.
    sounding
        The probability of every frame that a pitch sounds, ``(frame,)``; zero where it is quiet.
    elsewhere
        The part of it at other pitches than the vocabulary's, by pitch class from C to B,
        ``(frame, 12)``.
    hop_seconds
        Seconds from one frame to the next.
    most
        The share of the sounding frames at other pitches from which on a recording is told of.
    edge
        The share of a note's frames at either end that do not count for it.
    """

    vocabulary: Vocabulary
    sounding: Floats
    elsewhere: Floats
    hop_seconds: float = HOP_SECONDS
    most: float = MOST_ELSEWHERE
    edge: float = 0.0

    @property
    def share(self) -> float | None:
        """The share of the sounding frames at other pitches; None where next to nothing sounds."""
        total = float(self.sounding.sum())
        return (
            float(self.elsewhere.sum()) / total
            if total * self.hop_seconds >= LEAST_SECONDS
            else None
        )

    def of_note(self, note: Note) -> float:
        """The share of the sounding frames of a note at other pitches; zero where none sounds."""
        span = self._span(note)
        total = float(self.sounding[span].sum())
        return float(self.elsewhere[span].sum()) / total if total > 0 else 0.0

    def sounding_seconds(self, note: Note) -> float:
        """The expected seconds of a note in which a pitch sounds."""
        return float(self.sounding[self._span(note)].sum()) * self.hop_seconds

    def _span(self, note: Note) -> slice:
        start, end = (
            min(int(np.ceil(seconds / self.hop_seconds)), len(self.sounding))
            for seconds in (note.onset, note.offset)
        )
        cut = int(self.edge * max(end - start, 0))
        return slice(start + cut, max(end - cut, start + cut))

    def differences(self) -> list[str]:
        """Say that other pitches are sung: a phrase, or none."""
        share = self.share
        if share is None or share <= self.most:
            return []
        known = ", ".join(self.vocabulary.names[1:])
        return [
            f"{100 * share:.0f} % of its sounding frames lie at other pitches than {known} "
            f"(mostly {' and '.join(self._mostly())}), which the model does not know"
        ]

    @property
    def words(self) -> str:
        """The share in words, whatever it is; empty where next to nothing sounds."""
        share = self.share
        if share is None:
            return ""
        where = f", mostly {' and '.join(self._mostly())}" if share >= self.most / 2 else ""
        return f"{100 * share:.0f} % of the sounding frames at other pitches{where}"

    def _mostly(self) -> list[str]:
        """The pitch classes of most of the frames elsewhere, the most frequent first."""
        mass = self.elsewhere.sum(axis=0)
        order = np.argsort(-mass, kind="stable")[:4]
        named = [int(k) for k in order if mass[k] >= NAMED * mass.sum()] or [int(order[0])]
        return [self.vocabulary.pitch_name(60 + k).rstrip("-0123456789") for k in named]


def check_pitches(samples: NDArray[np.float32], rate: int, vocabulary: Vocabulary) -> PitchCheck:
    """Look where the pitches of a recording lie.

    Parameters
    ----------
    samples
        The recording, mono, ``(samples,)``.
    rate
        Its sample rate, Hz.
    vocabulary
        The pitches that a model knows.
    """
    hop, length = round(HOP_SECONDS * rate), window_for(vocabulary, rate)
    frames = max(1, samples.shape[0] // hop)
    lowest, highest = search_range(vocabulary, rate)
    longest = min(int(np.ceil(rate / lowest)), length // 2)
    shortest = max(int(rate / highest), 1)
    parts, levels, done = [], [], 0
    for block in blocks(samples, length, hop, frames):
        found = candidates(difference(block, longest), THRESHOLD, shortest, rate)
        parts.append((found.frame + done, found.hertz, found.probability))
        levels.append(10 * np.log10(np.square(block).mean(axis=1) + 1e-12))
        done += len(block)
    frame, heard, probability = (np.concatenate(column) for column in zip(*parts, strict=True))
    steps = int(np.ceil(12 * STEPS * np.log2(highest / lowest))) + 1
    hertz = lowest * 2.0 ** (np.arange(steps) / (12 * STEPS))
    mass = smoothed(
        Candidates(frame, heard, probability),
        frames,
        hertz,
        _groups(hertz, vocabulary),
        HOP_SECONDS,
    )
    level = np.concatenate(levels)
    loud = (level >= np.percentile(level, 95) - QUIET_DB)[:, None]
    mass = np.where(loud, mass, 0.0)
    return PitchCheck(vocabulary, mass[:, 0], mass[:, 1:])


def _groups(hertz: Floats, vocabulary: Vocabulary) -> Floats:
    """What each frequency counts for: a pitch at all, and one elsewhere by its class; 0 or 1."""
    near = np.abs(cents(hertz, vocabulary, "fold")).min(axis=1) <= TOLERANCE
    semitone = np.floor(69 + 12 * np.log2(hertz / 440) + 0.5 + 1e-9).astype(np.int64)
    classes = semitone[:, None] % 12 == np.arange(12)
    return np.column_stack([np.ones(len(hertz)), classes & ~near[:, None]]).astype(np.float64)
