"""The notes of one recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bayes_a2m.datasets.verify.problem import Problem
from bayes_a2m.datasets.verify.sound import SILENCE
from bayes_a2m.datasets.verify.words import count_of, ms
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note, Vocabulary, midi

CRUMB = 0.050
"""Seconds: a note with less than this inside the recording is not counted (REFERENCE)."""

_MICROSECOND = 1e-6


def notes_in(
    path: Path, vocabulary: Vocabulary, duration: float, peak: float | None
) -> Iterator[Problem]:
    """Check the notes of one recording; of unknown length (inf) where it was not readable."""
    try:
        content = midi.inspect(path, vocabulary, duration)
    except InputError as error:
        yield Problem("error", path.name, "not-midi", str(error).removeprefix(f"{path}: "))
        return

    for repair in content.repairs:
        yield Problem("warning", path.name, repair.code, repair.message)

    def name(note: Note) -> str:
        return f"{vocabulary.pitch_name(note.pitch)} from {note.onset:.3f} to {note.offset:.3f} s"

    if content.outside:
        counts = Counter(vocabulary.pitch_name(n.pitch) for n in content.outside)
        which = ", ".join(f"{k} × {pitch}" if k > 1 else pitch for pitch, k in counts.items())
        text = (
            f"{count_of(len(content.outside), 'note')} outside the vocabulary "
            f"{', '.join(vocabulary.names[1:])}: {which}, the first {name(content.outside[0])}; "
            "add the pitch to dataset.yaml or correct the file"
        )
        yield Problem("error", path.name, "unknown-pitch", text)
    if not content.notes:
        aside = "" if peak is None or peak >= SILENCE else ", nor is there any voice"
        text = f"no note in it: every frame counts as silence{aside}"
        yield Problem("warning", path.name, "empty-midi", text)
    for note in content.truncated:
        if note.onset >= duration:
            fate = f"lies wholly after the recording ({duration:.3f} s): it is left out"
        else:
            fate = f"ends {ms(note.offset - duration)} after the recording: it is cut off there"
        yield Problem("warning", path.name, "note-past-end", f"{name(note)} {fate}")
    pairs = _together(content.notes)
    if pairs:
        first, second = pairs[0]
        text = (
            f"{count_of(len(pairs), 'pair')} of notes overlap (the first: {name(first)} and "
            f"{name(second)}); the later onset wins"
        )
        yield Problem("warning", path.name, "overlap", text)
    for note in content.notes:
        inside = min(note.offset, duration) - note.onset
        at_edge = note.onset <= _MICROSECOND or note.offset >= duration - _MICROSECOND
        if at_edge and 0 < inside < CRUMB - _MICROSECOND:
            edge = "start" if note.onset <= _MICROSECOND else "end"
            text = (
                f"{name(note)}: only {ms(inside)} of it lie inside, at the {edge} of the "
                f"recording; notes under {ms(CRUMB)} are not counted in scores"
            )
            yield Problem("warning", path.name, "crumb", text)


def _together(notes: Sequence[Note]) -> list[tuple[Note, Note]]:
    """Every pair of which the first still sounds when the second starts.

    :func:`bayes_a2m.music.notes.overlaps` looks at neighbours; a long note over several short
    ones is a pair with each of them here.

    >>> len(_together([Note(0, 3, 60), Note(1, 1.5, 64), Note(2, 2.5, 64)]))
    2
    """
    ordered = sorted(notes)
    pairs = []
    for i, first in enumerate(ordered):
        for second in ordered[i + 1 :]:
            if second.onset >= first.offset - 1e-9:
                break  # so do all that start later
            pairs.append((first, second))
    return pairs
