"""Corruption of labels on purpose, which an audit of labels must find.

Each way takes a recording whose labels are right and makes one mistake that people make when they
label or keep files: the MIDI of another recording, a lag, a wrong pitch, a note left out, a note
that nobody sang. The sound is not touched. :func:`corrupted` gives each way to its share of the
recordings and says which got which, so that a ranking can be scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m import renamed
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.music import FrameGrid, Note
from bayes_a2m.music.notes import clip, monophonic, runs

Way = Callable[[Recording, Dataset, np.random.Generator], tuple[Note, ...] | None]
"""Function from a recording to its wrong notes; None where it cannot be done to this one."""

SWAP_AGREEMENT = 0.6
"""Share of frames below which another recording's labels count as those of another tune."""

LAG = (0.1, 0.2)
"""Seconds, least and most, by which a lag moves all notes, either way."""

SHORTEST = 0.15
"""Seconds: shorter notes are not what is changed, left out or added."""

LONGEST_EXTRA = 0.4
"""Seconds that an added note lasts at most."""


def swap_labels(
    recording: Recording, data: Dataset, generator: np.random.Generator
) -> tuple[Note, ...] | None:
    """Take the notes of another recording that agree with the sound on few frames."""
    grid = FrameGrid()
    own = recording.labels(grid, data.vocabulary)
    for j in generator.permutation(len(data)):
        other = data[int(j)]
        if other.id == recording.id or not other.notes:
            continue
        notes = tuple(clip(other.notes, recording.duration))
        theirs = replace(recording, notes=notes).labels(grid, data.vocabulary)
        if notes and float((own == theirs).mean()) < SWAP_AGREEMENT:
            return notes
    return None


def lag(
    recording: Recording, data: Dataset, generator: np.random.Generator
) -> tuple[Note, ...] | None:
    """Move all notes by 100 to 200 ms, earlier or later."""
    if not recording.notes:
        return None
    by = float(generator.uniform(*LAG) * generator.choice([-1.0, 1.0]))
    moved = moved_by(recording.notes, by, recording.duration)
    return moved or None


def wrong_pitch(
    recording: Recording, data: Dataset, generator: np.random.Generator
) -> tuple[Note, ...] | None:
    """Put one note at another pitch of the vocabulary."""
    at = _chosen(recording, generator)
    if at is None or len(data.vocabulary.pitches) < 2:
        return None
    notes = list(recording.notes or ())
    others = [p for p in data.vocabulary.pitches if p != notes[at].pitch]
    notes[at] = replace(notes[at], pitch=int(generator.choice(others)))
    return tuple(notes)


def missing(
    recording: Recording, data: Dataset, generator: np.random.Generator
) -> tuple[Note, ...] | None:
    """Leave one note out."""
    at = _chosen(recording, generator)
    if at is None:
        return None
    notes = list(recording.notes or ())
    del notes[at]
    return tuple(notes)


def extra(
    recording: Recording, data: Dataset, generator: np.random.Generator
) -> tuple[Note, ...] | None:
    """Add a note where there is silence."""
    grid = FrameGrid()
    labels = recording.labels(grid, data.vocabulary)
    margin = 0.05
    silences = [
        (grid.seconds(start) + margin, grid.seconds(end) - margin)
        for start, end, klass in runs(labels)
        if klass == 0
    ]
    silences = [(a, b) for a, b in silences if b - a >= SHORTEST]
    if not silences:
        return None
    start, end = silences[int(generator.integers(len(silences)))]
    length = float(generator.uniform(SHORTEST, min(LONGEST_EXTRA, end - start)))
    onset = float(generator.uniform(start, end - length))
    pitch = int(generator.choice(data.vocabulary.pitches))
    return tuple(sorted((*(recording.notes or ()), Note(onset, onset + length, pitch))))


WAYS: Mapping[str, Way] = {
    "alien": swap_labels,
    "lag": lag,
    "wrong_pitch": wrong_pitch,
    "missing": missing,
    "extra": extra,
}
"""Every way by its name."""


def corrupted(
    data: Dataset,
    generator: np.random.Generator,
    *,
    share: float = 0.1,
    ways: Sequence[str] = tuple(WAYS),
) -> tuple[Dataset, dict[str, str]]:
    """Copy a data set, giving a share of its recordings wrong labels.

    Parameters
    ----------
    data
        Recordings with references.
    generator
        Source of the choice of recordings, and of the changes.
    share
        Share of the recordings to change; each way gets equally many, up to one.
    ways
        Names of :data:`WAYS`, taken in turn.

    Returns
    -------
    data
        The same recordings in the same order.
    done
        Id to way, for the recordings that were changed.

    Raises
    ------
    InputError
        If there is no such way, or fewer recordings can be changed than asked for.
    """
    for name in ways:
        if name not in WAYS:
            raise InputError(f"no way to corrupt labels called {name!r}{suggest(name, WAYS)}")
    wanted = round(share * len(data))
    done: dict[str, str] = {}
    changed: dict[str, Recording] = {}
    left = [int(i) for i in generator.permutation(len(data))]
    for turn in range(wanted):
        way = ways[turn % len(ways)]
        for i in left:
            notes = WAYS[way](data[i], data, generator)
            if notes is not None:
                changed[data[i].id] = replace(data[i], notes=notes)
                done[data[i].id] = way
                left.remove(i)
                break
        else:
            raise InputError(f"{data.name}: no recording is left whose labels can get {way!r}")
    recordings = tuple(changed.get(r.id, r) for r in data)
    return replace(data, recordings=recordings), done


def moved_by(notes: Sequence[Note], seconds: float, duration: float) -> tuple[Note, ...]:
    """Move notes in time and cut them to the recording; positive is later.

    >>> moved_by([Note(0.1, 0.3, 60), Note(0.5, 1.0, 64)], -0.2, 1.0)
    (Note(onset=0.0, offset=0.1, pitch=60, velocity=90), Note(onset=0.3, offset=0.8,
    pitch=64, velocity=90))
    """
    moved = [replace(n, onset=n.onset + seconds, offset=n.offset + seconds) for n in notes]
    return tuple(clip(moved, duration))


def _chosen(recording: Recording, generator: np.random.Generator) -> int | None:
    """Index of a random note that is heard for long enough; None where there is none."""
    heard = {(n.onset, n.pitch) for n in monophonic(recording.notes or ()) if n.duration > SHORTEST}
    able = [i for i, n in enumerate(recording.notes or ()) if (n.onset, n.pitch) in heard]
    return int(generator.choice(able)) if able else None


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
