"""Notes, and conversions from notes to frames and back.

The conventions (used everywhere, tested in ``tests/music``): a note sounds from its onset
up to, not including, its offset; it covers the frames ``floor(onset * sr / hop)`` up to, not
including, ``floor(offset * sr / hop)``; what lies past the end of the recording is cut off;
where two notes overlap, the later onset wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.music.grid import FrameGrid
from bayes_a2m.music.vocabulary import Vocabulary


@dataclass(frozen=True, order=True)
class Note:
    """Note: onset and offset in seconds, MIDI pitch, MIDI velocity."""

    onset: float
    offset: float
    pitch: int
    velocity: int = 90

    def __post_init__(self) -> None:
        if not self.offset > self.onset:
            raise InputError(f"a note must end after it starts, not {self.onset}–{self.offset} s")

    @property
    def duration(self) -> float:
        """Seconds from onset to offset."""
        return self.offset - self.onset


def clip(notes: Iterable[Note], duration: float) -> list[Note]:
    """Cut notes to ``[0, duration]`` seconds; those wholly outside are dropped."""
    kept = []
    for note in notes:
        onset, offset = max(note.onset, 0.0), min(note.offset, duration)
        if offset > onset:
            kept.append(replace(note, onset=onset, offset=offset))
    return sorted(kept)


def between(notes: Iterable[Note], start: float, end: float) -> list[Note]:
    """Select the notes of a stretch, in seconds from its start, cut to it.

    >>> between([Note(0.5, 2.5, 60), Note(3.0, 4.0, 64)], 1.0, 3.0)
    [Note(onset=0.0, offset=1.5, pitch=60, velocity=90)]
    """
    moved = (replace(n, onset=n.onset - start, offset=n.offset - start) for n in notes)
    return clip(moved, end - start)


def overlaps(notes: Iterable[Note]) -> list[tuple[Note, Note]]:
    """Find neighbours in onset order whose first still sounds when the second starts."""
    ordered = sorted(notes)
    return [(a, b) for a, b in pairwise(ordered) if a.offset > b.onset + 1e-9]


def monophonic(notes: Iterable[Note]) -> list[Note]:
    """Cut every note where the next one starts: the later onset wins.

    Of several notes with the same onset the one that comes last in pitch stays.

    >>> for note in monophonic([Note(0.0, 2.0, 60), Note(1.0, 1.5, 64)]):
    ...     note
    Note(onset=0.0, offset=1.0, pitch=60, velocity=90)
    Note(onset=1.0, offset=1.5, pitch=64, velocity=90)
    """
    ordered = sorted(notes, key=lambda n: (n.onset, n.pitch))
    kept = []
    for i, note in enumerate(ordered):
        end = min([note.offset, *(later.onset for later in ordered[i + 1 : i + 2])])
        if end > note.onset:
            kept.append(replace(note, offset=end))
    return kept


def to_labels(
    notes: Iterable[Note], grid: FrameGrid, frames: int, vocabulary: Vocabulary
) -> NDArray[np.int64]:
    """Compute the class of every frame, shape ``(frames,)``.

    Of the notes that cover a frame the one with the latest onset wins, so a long note under
    a short later one is heard again after it.

    Raises
    ------
    InputError
        If a pitch is not in the vocabulary.

    >>> vocabulary = Vocabulary((60, 64))
    >>> to_labels([Note(0.0, 0.018, 60), Note(0.012, 0.03, 64)], FrameGrid(), 6, vocabulary)
    array([1, 1, 2, 2, 2, 0])
    """
    labels = np.zeros(frames, dtype=np.int64)
    for note in sorted(notes, key=lambda n: (n.onset, n.pitch)):
        start, end = grid.span(note.onset, note.offset)
        labels[max(start, 0) : max(end, 0)] = vocabulary.class_of(note.pitch)
    return labels


def from_labels(
    labels: Sequence[int] | NDArray[np.int64], grid: FrameGrid, vocabulary: Vocabulary
) -> list[Note]:
    """Make notes of the runs of equal sounding classes, the inverse of :func:`to_labels`.

    >>> from_labels([0, 1, 1, 0], FrameGrid(), Vocabulary((60, 64)))
    [Note(onset=0.006, offset=0.018, pitch=60, velocity=90)]
    """
    return [
        Note(grid.seconds(start), grid.seconds(end), vocabulary.pitch_of(klass))
        for start, end, klass in runs(labels)
        if klass > 0
    ]


def runs(labels: Sequence[int] | NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Find stretches of equal classes as ``(start, end, class)``, the end not included.

    >>> runs([0, 0, 2, 2, 2, 1])
    [(0, 2, 0), (2, 5, 2), (5, 6, 1)]
    """
    array = np.asarray(labels, dtype=np.int64)
    if array.size == 0:
        return []
    edges = np.flatnonzero(np.diff(array)) + 1
    starts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [array.size]))
    return [(int(s), int(e), int(array[s])) for s, e in zip(starts, ends, strict=True)]


def near_boundary(
    labels: NDArray[np.int64], grid: FrameGrid, within: float = 0.05
) -> NDArray[np.bool_]:
    """Find the frames near a change of label: a mask, shape ``(frames,)``.

    A change lies between two frames; a frame is near if its distance to the change is at
    most ``within``.

    Parameters
    ----------
    labels
        Class of every frame, shape ``(frames,)``.
    grid
        Times of the frames.
    within
        Seconds.
    """
    near = np.zeros(labels.shape[0], dtype=bool)
    reach = within * grid.frame_rate
    for edge in np.flatnonzero(np.diff(labels)) + 0.5:
        near[max(0, int(np.ceil(edge - reach))) : int(np.floor(edge + reach)) + 1] = True
    return near
