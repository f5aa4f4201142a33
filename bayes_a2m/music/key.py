"""Keys as a prior over pitches: how often melodies of a key have each pitch class.

The shares are those of 6,217 European folk songs, sung and of one voice (the Essen collection), by
degree of the scale: D. Temperley, *Music and Probability*, MIT Press 2007, figure 4.7. A sharpened
fourth is a five-hundredth of the notes there, so the shares alone would be a mask, and a song has
notes outside its key. They are therefore mixed with a uniform share: of five notes one is of any
pitch class whatever the key. The weight of a pitch is that mixture over the uniform share, so a
pitch of weight 1 is as likely as without a key:

    weight = (1 - FREE) * 12 * share(degree) + FREE        with FREE = 0.2

In major the weights reach from 0.21 (raised tonic) to 2.25 (fifth), in minor from 0.22 to 2.13.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bayes_a2m.errors import InputError
from bayes_a2m.music.pitch_names import parse_pitch
from bayes_a2m.music.vocabulary import Vocabulary

FREE = 0.2
"""Share of the notes that are of any pitch class, whatever the key."""

MAJOR = (0.184, 0.001, 0.155, 0.003, 0.191, 0.109, 0.005, 0.214, 0.001, 0.078, 0.004, 0.055)
MINOR = (0.192, 0.005, 0.149, 0.179, 0.002, 0.144, 0.002, 0.201, 0.038, 0.012, 0.053, 0.022)
"""Shares of notes by semitones above the tonic."""

_MODES: dict[str, Literal["major", "minor"]] = {
    "": "major",
    "major": "major",
    "maj": "major",
    "minor": "minor",
    "min": "minor",
    "m": "minor",
}
_KEY = re.compile(r"([A-Ga-g])([#♯b♭]?)[\s-]*([A-Za-z]*)")


@dataclass(frozen=True)
class Key:
    """A major or minor key.

    Attributes
    ----------
    tonic
        Its pitch class, C being 0.
    mode
        ``major`` or ``minor``.
    """

    tonic: int
    mode: Literal["major", "minor"]

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read a key as people write it; without a mode it is major.

        Raises
        ------
        InputError
            If it is none.

        >>> Key.parse("Bb major"), Key.parse("f# minor"), Key.parse("Am"), Key.parse("G")
        (Key(tonic=10, mode='major'), Key(tonic=6, mode='minor'), Key(tonic=9, mode='minor'), \
Key(tonic=7, mode='major'))
        """
        found = _KEY.fullmatch(text.strip())
        mode = None if found is None else _MODES.get(found.group(3).lower())
        if found is None or mode is None:
            raise InputError(
                f"key {text!r}: is none; write a tonic and a mode, such as 'C major', 'F# minor'"
            )
        pitch = parse_pitch(f"{found.group(1)}{found.group(2)}4")
        assert pitch is not None  # the pattern allows only names of pitches
        return cls(pitch % 12, mode)

    @property
    def name(self) -> str:
        """The name of the key, with sharps.

        >>> Key.parse("Bb minor").name
        'A# minor'
        """
        return f"{Vocabulary((60,)).pitch_name(60 + self.tonic)[:-1]} {self.mode}"

    def weight(self, pitch: int) -> float:
        """The factor by which a note is likelier at this MIDI pitch than without a key.

        >>> c = Key.parse("C major")
        >>> [round(c.weight(pitch), 2) for pitch in (60, 61, 67, 79)]
        [1.97, 0.21, 2.25, 2.25]
        """
        shares = MAJOR if self.mode == "major" else MINOR
        share = shares[(pitch - self.tonic) % 12] / sum(shares)
        return (1 - FREE) * 12 * share + FREE
