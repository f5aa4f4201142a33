"""Transcriptions sampled from a posterior, all of one recording's in flat arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.semi_markov import Segments
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.notes import SHORTEST
from bayes_a2m.music import FrameGrid, Note, Vocabulary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SampledNotes:
    """The notes of S sampled transcriptions, in order of pitch and onset.

    Attributes
    ----------
    sample
        Which transcription each note is of, ``(note,)``, 0 to S - 1.
    pitch
        MIDI number of each, ``(note,)``.
    onset, offset
        Seconds in the label's clock, cut to the recording, ``(note,)``.
    draw, lag
        The network's draw and the lag in seconds of each transcription, ``(S,)``.
    duration
        Seconds of the recording.
    """

    sample: Ints
    pitch: Ints
    onset: Floats
    offset: Floats
    draw: Ints
    lag: Floats
    duration: float

    def __len__(self) -> int:
        """Number of transcriptions."""
        return int(self.draw.size)

    @classmethod
    def of_segments(
        cls,
        segmentations: Sequence[Segments],
        lags: Ints,
        draws: Ints,
        grid: FrameGrid,
        vocabulary: Vocabulary,
        duration: float,
        *,
        releases: Floats | None = None,
        too_short: bool = False,
    ) -> SampledNotes:
        """Notes of segmentations in the network's clock, each moved by its own lag in frames.

        A note that sounds from the recording's start to some frame keeps that start, and one that
        sounds to its end keeps that end: where they are is not known. Other times are those of the
        middle of their frame, since a label's frame is the one its time falls into. What is cut to
        less than 50 ms inside the recording is no note, as in :mod:`bayes_a2m.metrics.notes`;
        with ``too_short`` these are given instead, less those that start after its end.
        ``releases (segment,)``, of all segments in order, are seconds by which the ends of notes
        that a rest follows come later, though not after the rest, and not so early that no note is
        left.
        """
        counts = [len(one) for one in segmentations]
        sample = np.repeat(np.arange(len(counts)), counts)
        classes = _joined([one.classes for one in segmentations])
        frames = np.array([one.ends[-1] for one in segmentations])[sample]
        starts = _joined([one.starts for one in segmentations])
        ends = _joined([one.ends for one in segmentations])
        moved = lags[sample]
        onset = np.where(starts > 0, (starts + moved + 0.5) * grid.hop_seconds, 0.0)
        offset = np.where(ends < frames, (ends + moved + 0.5) * grid.hop_seconds, duration)
        if releases is not None and offset.size:
            # within one transcription the next segment is the next place
            rest = np.append((classes[1:] == 0) & (sample[1:] == sample[:-1]), False)
            until = np.append(offset[1:], duration)
            least = np.minimum(offset, onset + SHORTEST)
            moves = (classes > 0) & rest & (ends < frames)
            released = np.clip(offset + releases, least, np.maximum(until, least))
            offset = np.where(moves, released, offset)
        onset, offset = onset.clip(0.0, duration), offset.clip(0.0, duration)
        long_enough = offset - onset >= SHORTEST - 1e-9
        kept = long_enough if not too_short else ~long_enough & (starts + moved < frames)
        kept &= classes > 0
        pitch = np.array((0, *vocabulary.pitches))[classes]
        order = np.flatnonzero(kept)[np.lexsort((onset[kept], pitch[kept]))]
        return cls(
            sample[order],
            pitch[order],
            onset[order],
            offset[order],
            np.asarray(draws, dtype=np.int64),
            lags.astype(np.float64) * grid.hop_seconds,
            duration,
        )

    def __getitem__(self, number: int) -> list[Note]:
        """One transcription's notes, by onset."""
        if not 0 <= number < len(self):
            raise InputError(f"there are {len(self)} transcriptions, none of number {number}")
        mine = np.flatnonzero(self.sample == number)
        return sorted(
            Note(float(self.onset[i]), float(self.offset[i]), int(self.pitch[i])) for i in mine
        )

    def __iter__(self) -> Iterator[list[Note]]:
        order = np.argsort(self.sample, kind="stable")
        bounds = np.searchsorted(self.sample[order], np.arange(len(self) + 1))
        for a, b in pairwise(bounds):
            yield sorted(
                Note(float(self.onset[i]), float(self.offset[i]), int(self.pitch[i]))
                for i in order[a:b]
            )

    @cached_property
    def counts(self) -> Ints:
        """Number of notes of each transcription, ``(S,)``."""
        return np.bincount(self.sample, minlength=len(self))

    def of_pitch(self, pitch: int) -> slice:
        """Places of the notes of a pitch in the arrays, by onset."""
        low, high = np.searchsorted(self.pitch, [pitch, pitch + 1])
        return slice(int(low), int(high))

    def near(self, pitch: int, onset: float, tolerance: float) -> Ints:
        """Places of the notes of a pitch whose onset is within ``tolerance`` seconds."""
        here = self.of_pitch(pitch)
        # distances are rounded to 0.1 ms, as mir_eval's
        low, high = np.searchsorted(
            self.onset[here], [onset - tolerance - 5e-5, onset + tolerance + 5e-5]
        )
        return np.arange(here.start + low, here.start + high)

    def overlapping(self, pitch: int, onset: float, offset: float) -> tuple[Ints, Floats]:
        """Places of the notes of a pitch that sound within a stretch, and for how many seconds."""
        here = self.of_pitch(pitch)
        if here.start == here.stop:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        longest = self._longest[pitch]
        low, high = np.searchsorted(self.onset[here], [onset - longest, offset])
        places = np.arange(here.start + low, here.start + high)
        shared = np.minimum(self.offset[places], offset) - np.maximum(self.onset[places], onset)
        return places[shared > 0], shared[shared > 0]

    @cached_property
    def _longest(self) -> dict[int, float]:
        """The longest note of each pitch, in seconds."""
        lengths = self.offset - self.onset
        return {int(p): float(lengths[self.of_pitch(int(p))].max()) for p in np.unique(self.pitch)}


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
