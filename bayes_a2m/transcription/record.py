"""The content of the JSON that ``transcribe`` writes: notes of every recording, what failed."""

from __future__ import annotations

from typing import Any, Literal

from bayes_a2m.files.record import Record

MADE_BY = "bayes-a2m transcribe"


class TranscribedFile(Record):
    """The notes of a recording.

    Attributes
    ----------
    audio
        The sound file.
    notes
        The notes and all that is known of each, as the JSON lines hold them.
    unlike
        What sets the recording apart from those that the model learned from.
    files
        The files that were written.
    """

    audio: str
    notes: list[dict[str, Any]]
    unlike: list[str]
    files: list[str]


class TranscribeRecord(Record):
    """The findings of a run of ``transcribe``.

    Attributes
    ----------
    format_version
        The version of this record; raised when a reader must change.
    made_by, version
        The verb, and the version of the package.
    model
        The model that listened.
    recordings
        What was transcribed.
    failed
        What could not be, a sentence each.
    """

    format_version: Literal[1] = 1
    made_by: str = MADE_BY
    version: str
    model: str
    recordings: list[TranscribedFile]
    failed: list[str]
