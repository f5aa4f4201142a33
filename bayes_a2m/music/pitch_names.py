"""Names of pitches as people and programs write them: C4, c#5, E♭4, Bb-1, 60.

The letter, then any number of sharps (``#``, ``♯``) or flats (``b``, ``♭``), then the octave, which
begins at C. Which octave is middle C's differs: MIDI 60 is ``C4`` in science, ``C3`` in many DAWs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SILENCES = ("silence", "silent", "sil", "rest", "none", "unvoiced", "no note", "no_note")
"""What class 0 is called."""

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"#": 1, "♯": 1, "b": -1, "♭": -1}
_NAME = re.compile(r"([A-Ga-g])([#♯]*|[b♭]*)\s*(-?\d+)")
_NUMBER = re.compile(r"-?\d+(\.0*)?")


def parse_pitch(name: str, middle_c: str = "C4") -> int | None:
    """The MIDI number of a pitch's name, or None where it is none.

    >>> [parse_pitch(name) for name in ("C4", "E♭4", "eb4", "D#4", "Cb4", "60", "60.0", "H4")]
    [60, 63, 63, 63, 59, 60, 60, None]
    >>> parse_pitch("C3", middle_c="C3")
    60
    """
    text = name.strip()
    if _NUMBER.fullmatch(text):
        return int(float(text))
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    letter, accidentals, octave = match.groups()
    step = _STEPS[letter.upper()] + sum(_ACCIDENTALS[a] for a in accidentals)
    return 60 + step + 12 * (int(octave) - int(middle_c[1:]))


def classes_of(
    names: Sequence[str], pitches: Sequence[int], middle_c: str = "C4"
) -> list[int | None]:
    """The class each name means: 0 for silence, k for ``pitches[k - 1]``, None for no class.

    Whole numbers from 0 on, each once, are numbers of classes; others are MIDI numbers, among which
    0 or -1 is silence. Names are read with ``middle_c``; where they fit the pitches only with
    another middle C (C3, C4 or C5), and then all of them, with that.

    >>> classes_of(["C4", "E4", "G4", "silence"], (60, 64, 67))
    [1, 2, 3, 0]
    >>> classes_of(["rest", "67", "60", "64"], (60, 64, 67))
    [0, 3, 1, 2]
    >>> classes_of(["0", "1", "2", "3"], (60, 64, 67))
    [0, 1, 2, 3]
    >>> classes_of(["silence", "C3", "E3", "G3"], (60, 64, 67))
    [0, 1, 2, 3]
    >>> classes_of(["silence", "C4", "D4", "G4"], (60, 64, 67))
    [0, 1, None, 3]
    """
    numbers = [int(float(n)) if _NUMBER.fullmatch(n.strip()) else None for n in names]
    if sorted(n for n in numbers if n is not None) == list(range(len(names))):
        return list(numbers)

    def read(octave: str) -> list[int | None]:
        known = {pitch: k for k, pitch in enumerate(pitches, start=1)}
        classes = []
        for name, number in zip(names, numbers, strict=True):
            pitch = parse_pitch(name, octave)
            silent = name.strip().lower() in SILENCES
            silent = silent or (number in (0, -1) and number not in known)
            classes.append(0 if silent else known.get(-1 if pitch is None else pitch))
        return classes

    whole = list(range(len(pitches) + 1))
    for octave in (middle_c, "C4", "C3", "C5"):
        classes = read(octave)
        if sorted(-1 if k is None else k for k in classes) == whole:
            return classes
    return read(middle_c)
