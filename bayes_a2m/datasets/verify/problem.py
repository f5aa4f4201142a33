"""One thing that is wrong with a data folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bayes_a2m.repairs import RepairCode

Level = Literal["error", "warning"]

OwnCode = Literal[
    # errors
    "no-recordings",
    "number-twice",
    "no-midi",
    "no-sound",
    "dataset-yaml",
    "metadata-csv",
    "unknown-id",
    "unreadable-sound",
    "no-samples",
    "too-short",
    "nan-samples",
    "wrong-length",
    "not-midi",
    "unknown-pitch",
    # warnings
    "name",
    "unknown-split",
    "no-split",
    "take-in-several-splits",
    "no-metadata",
    "sample-rate",
    "channels",
    "silent",
    "clipped",
    "copy",
    "empty-midi",
    "note-past-end",
    "overlap",
    "crumb",
    "silent-channel",
]

Code = Literal[OwnCode, RepairCode]
"""What kind of problem; :data:`~bayes_a2m.repairs.RepairCode` has what a reader puts right."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and in which file of the folder.

    Attributes
    ----------
    level
        ``"error"`` or ``"warning"``.
    file
        Name of the file within the folder.
    code
        What kind of problem, one word (``"empty-midi"``); a code has one level.
    message
        What is wrong, and what to do or what is done about it.
    """

    level: Level
    file: str
    code: Code
    message: str
