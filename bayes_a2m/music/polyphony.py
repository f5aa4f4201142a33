"""Polyphony collapsed to one voice: at every moment one of the notes that sound, by a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Literal, TypeAlias

from bayes_a2m.music.notes import Note

Rule: TypeAlias = Literal["latest", "highest", "loudest"]
"""The note that is heard of several: that with the latest onset, the highest or the loudest."""

RULES: dict[Rule, Callable[[Note], tuple[float, float, float]]] = {
    "latest": lambda note: (note.onset, note.pitch, note.velocity),
    "highest": lambda note: (note.pitch, note.onset, note.velocity),
    "loudest": lambda note: (note.velocity, note.pitch, note.onset),
}


def collapse(notes: Iterable[Note], rule: Rule = "highest") -> list[Note]:
    """Keep of notes that sound together the one that a rule prefers.

    A note that is covered is cut where the other begins, and heard again where it ends; what is
    heard of it then is a note of its own. The highest notes are the skyline of a piece
    (Uitdenbogerd and Zobel 1998), which people mostly take for its melody.

    Parameters
    ----------
    notes
        Notes in any order.
    rule
        Which of several is heard.

    Returns
    -------
    list of Note
        Notes of which no two overlap, by onset.

    >>> long, short = Note(0.0, 3.0, 60), Note(1.0, 2.0, 72)
    >>> [(n.onset, n.offset, n.pitch) for n in collapse([long, short])]
    [(0.0, 1.0, 60), (1.0, 2.0, 72), (2.0, 3.0, 60)]
    >>> [(n.onset, n.offset, n.pitch) for n in collapse([long, Note(1.0, 2.0, 48)])]
    [(0.0, 3.0, 60)]
    """
    prefer = RULES[rule]
    waiting = sorted((n for n in notes if n.offset > n.onset), key=lambda n: -n.onset)
    edges = sorted({time for note in waiting for time in (note.onset, note.offset)})
    sounding: list[Note] = []
    heard: list[tuple[Note, float, float]] = []
    for start, end in pairwise(edges):
        while waiting and waiting[-1].onset <= start:
            sounding.append(waiting.pop())
        sounding = [note for note in sounding if note.offset > start]
        if not sounding:
            continue
        chosen = max(sounding, key=prefer)
        if heard and heard[-1][0] is chosen and heard[-1][2] == start:
            heard[-1] = (chosen, heard[-1][1], end)
        else:
            heard.append((chosen, start, end))
    return [replace(note, onset=start, offset=end) for note, start, end in heard]
