"""The transcription that maximises the expected F1 of its onsets.

Minimum-risk decoding: of all transcriptions choose the one whose expected score against the truth
is largest, the truth being as uncertain as the posterior says (Goel and Byrne 2000, "Minimum
Bayes-risk automatic speech recognition", Computer Speech and Language 14). The score is that of
:mod:`bayes_a2m.metrics.notes`: pairs of equal pitch with onsets within a tolerance, matched one to
one, ``F1 = 2 pairs / (predicted + true)``.

A note that is predicted at frame t finds a true one with the probability that the onset of its
pitch falls into the window around t. So notes are taken greedily: the likeliest window of all
pitches, placed in the middle of what it holds; its onsets are then spoken for; then the next.
Expected pairs are submodular in the set of notes, for which greed is optimal to a factor, and
exactly optimal where windows do not meet. For every number of notes the expected F1 is the mean
over sampled transcriptions, in which numerator and denominator go together; the best number wins
(as Ye et al. 2012, "Optimizing F-measure: a tale of two approaches", for sets of labels). A note
is thus predicted from about half the attainable F1 on: 0.45 where F1 is 0.9.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.sampled_notes import SampledNotes
from bayes_a2m.music import FrameGrid, Vocabulary

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST = 0.05
"""Probability below which a note is not even a candidate."""

_CENTRING = 0.05
"""Weight of the triangular window that places the rectangular one in the middle of its mass."""


_TOGGLES = 50
"""Single notes added or left out, at most, after the best number of them is found."""


@dataclass(frozen=True, order=True)
class Candidate:
    """A note that might be predicted: its onset's frame, its class, its window's probability.

    Frame -1 is the start of the recording, where a note stands whose onset is before it.
    """

    frame: int
    klass: int
    probability: float


def candidates(density: Floats, reach: int, apart: int) -> list[Candidate]:
    """Windows taken greedily, the likeliest first.

    Parameters
    ----------
    density
        Probability of an onset at the start and in every frame, ``(frames + 1, class)``; class 0
        is not looked at.
    reach
        Frames to either side that a window holds.
    apart
        Frames by which the onsets of two candidates differ at least.

    >>> density = np.zeros((20, 2))
    >>> density[[4, 5, 15], 1] = 0.5, 0.4, 0.8
    >>> [(c.frame, round(c.probability, 3)) for c in candidates(density, 2, 3)]
    [(3, 0.9), (14, 0.8)]
    """
    left = density.copy()
    left[:, 0] = 0.0
    frames = left.shape[0]
    score = _windows(left, reach)
    heap: list[tuple[float, int, int]] = []

    def push(start: int, end: int, klass: int) -> None:
        low, high = max(0, start), min(frames, end)
        here = score[max(0, low - 1) : high + 1, klass]
        padded = np.pad(here, (int(low == 0), int(high == frames)), constant_values=-1.0)
        middle = padded[1:-1]
        peaks = (middle >= padded[:-2]) & (middle > padded[2:]) & (middle > LEAST)
        for place in np.flatnonzero(peaks):
            heapq.heappush(heap, (-float(middle[place]), low + int(place), klass))

    for klass in range(1, left.shape[1]):
        push(0, frames, klass)
    taken: list[Candidate] = []
    blocked = np.zeros(frames, dtype=bool)
    while heap:
        value, frame, klass = heapq.heappop(heap)
        if blocked[frame] or -value != score[frame, klass]:
            continue
        low, high = max(0, frame - reach), frame + reach + 1
        probability = float(left[low:high, klass].sum())
        taken.append(Candidate(frame - 1, klass, min(1.0, probability)))
        blocked[max(0, frame - apart + 1) : frame + apart] = True
        # a note takes one onset; where more are expected, the rest is for another note
        left[low:high, klass] *= 1 - 1 / probability if probability > 1 else 0.0
        around = max(0, frame - 4 * reach), min(frames, frame + 4 * reach + 1)
        fresh = _windows(left[around[0] : around[1], klass : klass + 1], reach)[:, 0]
        inner = max(0, frame - 2 * reach), min(frames, frame + 2 * reach + 1)
        score[inner[0] : inner[1], klass] = fresh[inner[0] - around[0] : inner[1] - around[0]]
        push(*inner, klass)
    return taken


def _windows(density: Floats, reach: int) -> Floats:
    """Onsets expected within ``reach`` of every frame, at most one, and a little for how near."""
    width, frames = 2 * reach + 1, density.shape[0]
    sums = np.cumsum(np.pad(density, ((width + 1, width), (0, 0))), axis=0)
    box = sums[width:] - sums[:-width]  # the first is around frame -reach - 1
    again = np.cumsum(np.pad(box, ((1, 0), (0, 0))), axis=0)
    near = (again[width:] - again[:-width]) / width  # the first is around frame -1
    held = np.minimum(box[reach + 1 :][:frames], 1.0)
    score: Floats = held + _CENTRING * near[1:][:frames]
    return score


def matches(
    chosen: list[Candidate],
    samples: SampledNotes,
    grid: FrameGrid,
    vocabulary: Vocabulary,
    tolerance: float,
) -> Bools:
    """Find the samples that hold each candidate, one to one, ``(candidate, sample)``.

    Candidates choose in the order given, each the nearest onset that none before has taken.
    """
    used = np.zeros(samples.sample.size, dtype=bool)
    found = np.zeros((len(chosen), len(samples)), dtype=bool)
    for row, one in enumerate(chosen):
        onset = onset_seconds(one.frame, grid)
        places = samples.near(vocabulary.pitch_of(one.klass), onset, tolerance)
        places = places[~used[places]]
        places = places[np.argsort(np.abs(samples.onset[places] - onset), kind="stable")]
        owners, nearest = np.unique(samples.sample[places], return_index=True)
        used[places[nearest]] = True
        found[row, owners] = True
    return found


def best_set(found: Bools, counts: NDArray[np.int64]) -> tuple[list[int], float]:
    """Choose the candidates to predict, with the expected F1 of the choice.

    The best number of the first candidates; then single ones are added or left out while that
    helps (notes that exclude or go with each other are not in order).

    Parameters
    ----------
    found
        What :func:`matches` gave, ``(candidate, sample)``.
    counts
        Notes of every sampled transcription, ``(sample,)``.

    >>> best_set(np.array([[True, True], [True, False]]), np.array([3, 1]))
    ([0], 0.75)
    """
    pairs = np.zeros((found.shape[0] + 1, found.shape[1]))
    np.cumsum(found, axis=0, out=pairs[1:])
    scores = _expected_f1(pairs, np.arange(found.shape[0] + 1)[:, None], counts)
    number = int(scores.argmax())
    chosen, score = np.arange(found.shape[0]) < number, float(scores[number])
    for _ in range(_TOGGLES if found.size else 0):
        sign = np.where(chosen, -1, 1)[:, None]
        toggled = _expected_f1(
            found[chosen].sum(axis=0) + sign * found, chosen.sum() + sign, counts
        )
        best = int(toggled.argmax())
        if toggled[best] <= score + 1e-9:
            break
        chosen[best] = not chosen[best]
        score = float(toggled[best])
    return [int(i) for i in np.flatnonzero(chosen)], score


def _expected_f1(pairs: Floats, predicted: NDArray[np.int64], counts: NDArray[np.int64]) -> Floats:
    """Mean F1 over samples, ``(choice,)``; 1 where nothing is predicted and nothing there."""
    both = predicted + counts
    f1: Floats = np.where(both > 0, 2 * pairs / np.maximum(both, 1), 1.0).mean(axis=1)
    return f1


def onset_seconds(frame: int, grid: FrameGrid) -> float:
    """The middle of a frame; 0 for frame -1, the start of the recording."""
    return (frame + 0.5) * grid.hop_seconds if frame >= 0 else 0.0


def onset_frame(onset: float, grid: FrameGrid) -> int:
    """The frame of an onset in seconds; -1 for the start of the recording."""
    return grid.frame(onset) if onset > 0 else -1
