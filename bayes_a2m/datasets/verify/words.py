"""Times, counts and names of files in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby


def ms(seconds: float) -> str:
    """A time in words people use: ``35 ms``, ``1.204 s``."""
    return f"{1000 * seconds:.0f} ms" if seconds < 0.9995 else f"{seconds:.3f} s"


def count_of(number: int, noun: str) -> str:
    """``1 note``, ``2 notes``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def compact(names: Iterable[str]) -> str:
    """Numbered names in few words, neighbours in number joined.

    >>> compact(["midi_001.mid", "midi_002.mid", "midi_003.mid", "midi_007.mid", "a.csv"])
    'a.csv, midi_001–003, midi_007'
    """
    plain, numbered = set(), set()
    for name in names:
        match = re.fullmatch(r"((?:voice|midi)_)(\d+)\.\w+", name)
        if match:
            numbered.add((match[1], int(match[2]), match[2]))
        else:
            plain.add(name)
    words = sorted(plain)
    # in a run of consecutive numbers, number minus rank stays the same
    ranked = enumerate(sorted(numbered))
    for _, run in groupby(ranked, key=lambda item: (item[1][0], item[1][1] - item[0])):
        members = [entry for _, entry in run]
        stem, last = members[0][0] + members[0][2], members[-1][2]
        words += [stem] if len(members) == 1 else [f"{stem}–{last}"]
    return ", ".join(words)
