"""Vocabulary: classes and the pitches they stand for."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from bayes_a2m.errors import InputError

FARTHEST = 48
"""Semitones between a labelled and the sounding pitch, at most: four octaves."""

_LETTERS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True)
class Vocabulary:
    """Classes of a task: class 0 is silence, class k is the MIDI pitch ``pitches[k - 1]``.

    Parameters
    ----------
    pitches
        MIDI numbers, ascending, each once.
    sounding_offset
        Semitones from the labelled pitch to the one that sounds: -12 where a singer an
        octave lower, or a DAW that calls middle C "C3", named the notes an octave too high.
        A network over a closed vocabulary needs no such knowledge; pitch trackers do.
    middle_c
        Name of MIDI 60: ``"C4"`` (scientific) or ``"C3"`` (many DAWs).

    Examples
    --------
    >>> vocabulary = Vocabulary((60, 64, 67))
    >>> vocabulary.names
    ('silence', 'C4', 'E4', 'G4')
    >>> vocabulary.class_of(64), vocabulary.pitch_of(3)
    (2, 67)
    >>> Vocabulary((60,), middle_c="C3").names
    ('silence', 'C3')
    """

    pitches: tuple[int, ...] = (60, 64, 67)
    sounding_offset: int = 0
    middle_c: str = "C4"

    def __post_init__(self) -> None:
        try:  # 60.5 is no pitch, and int() would make it one
            object.__setattr__(self, "pitches", tuple(operator.index(p) for p in self.pitches))
        except TypeError as error:
            raise InputError(f"pitches must be whole MIDI numbers, not {self.pitches}") from error
        if not self.pitches:
            raise InputError("the vocabulary has no pitch: give at least one MIDI number")
        if any(not 0 <= p <= 127 for p in self.pitches):
            raise InputError(f"pitches must be MIDI numbers from 0 to 127, not {self.pitches}")
        if list(self.pitches) != sorted(set(self.pitches)):
            raise InputError(f"pitches must ascend, each once, not {self.pitches}")
        offset = self.sounding_offset
        if not isinstance(offset, int) or not -FARTHEST <= offset <= FARTHEST:
            raise InputError(
                f"sounding_offset must be a whole number from -{FARTHEST} to {FARTHEST}, "
                f"not {offset!r}"
            )
        if not isinstance(self.middle_c, str) or not re.fullmatch(r"C-?\d", self.middle_c):
            raise InputError(f"middle_c must be a C such as 'C4' or 'C3', not {self.middle_c!r}")

    def __len__(self) -> int:
        """Number of classes, silence included."""
        return len(self.pitches) + 1

    @property
    def names(self) -> tuple[str, ...]:
        """Class names, ``silence`` first."""
        return ("silence", *(self.pitch_name(p) for p in self.pitches))

    def pitch_name(self, pitch: int) -> str:
        """Name any MIDI pitch, in the vocabulary or not."""
        octave = pitch // 12 - 5 + int(self.middle_c[1:])
        return f"{_LETTERS[pitch % 12]}{octave}"

    def ensure_same_pitches(self, other: Vocabulary, who: str, whom: str, advice: str) -> None:
        """Check that another vocabulary has the same pitches.

        Raises
        ------
        InputError
            If it has not; the message says that ``who`` knows these, ``whom`` those, and the
            advice.

        >>> Vocabulary((60,)).ensure_same_pitches(Vocabulary((62,)), "a", "b has", "take another")
        Traceback (most recent call last):
        bayes_a2m.errors.InputError: a knows the pitches C4, b has D4: take another
        """
        if self.pitches != other.pitches:
            ours, theirs = (", ".join(names.names[1:]) for names in (self, other))
            raise InputError(f"{who} knows the pitches {ours}, {whom} {theirs}: {advice}")

    def class_of(self, pitch: int) -> int:
        """Look up the class of a MIDI pitch.

        Raises
        ------
        InputError
            If the pitch is not in the vocabulary.
        """
        try:
            return self.pitches.index(pitch) + 1
        except ValueError:
            raise InputError(
                f"MIDI pitch {pitch} ({self.pitch_name(pitch)}) is not in the vocabulary "
                f"{', '.join(self.names[1:])}"
            ) from None

    def pitch_of(self, klass: int) -> int:
        """Look up the MIDI pitch of a sounding class (1 and up).

        Raises
        ------
        InputError
            If the class is silence, or none.
        """
        if not 1 <= klass < len(self):
            raise InputError(f"class {klass} is no pitch: classes 1 to {len(self) - 1} are")
        return self.pitches[klass - 1]
