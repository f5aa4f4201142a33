"""Repairs that were made to a file on the way in, and travel with its content.

A reader that mends silently makes labels and sound something else; one that refuses whatever is
odd refuses what can be read. So what was mended is said: each repair has a code, which is a
warning of ``bayes-a2m verify``, and a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RepairCode = Literal[
    # notes
    "tempo-elsewhere",
    "smpte-time",
    "open-note",
    "zero-length-note",
    "same-pitch-overlap",
    "melody-on-drum-channel",
    "drums-left-out",
    "independent-tracks",
    "odd-event",
    "odd-track",
    # sound
    "sound-header",
    "antiphase",
    "sample-scale",
    "over-full-scale",
    "dc-offset",
]


@dataclass(frozen=True)
class Repair:
    """One thing that was put right, or taken one way where two were possible.

    Attributes
    ----------
    code
        The kind of repair.
    message
        A sentence that says what was wrong, and what was made of it.
    """

    code: RepairCode
    message: str
