"""JAMS files: notes with confidences, in the format of music information retrieval.

JAMS (Humphrey et al. 2014, "JAMS: a JSON annotated music specification for reproducible MIR
research", ISMIR; https://jams.readthedocs.io) is JSON: the facts of a recording, and annotations of
it, each in a namespace. Notes stand in ``note_midi``: an onset and a duration in seconds, a MIDI
number as value, a confidence from 0 to 1 or null. What has no place in a namespace goes to the
annotation's sandbox. The files are written and read as JSON, so that nothing beyond it is needed;
the tests read them with the library ``jams``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bayes_a2m.errors import InputError
from bayes_a2m.files import read_json, reading, write_json
from bayes_a2m.music.notes import Note
from bayes_a2m.music.scored_notes import ScoredNotes, nearest_pitch
from bayes_a2m.version import __version__

NAMESPACE = "note_midi"
"""Where notes stand that are written; those in ``note_hz`` are read, too."""

VERSION = "0.3.4"
"""The version of JAMS that is written."""


def to_jams(
    notes: Iterable[Note],
    *,
    duration: float,
    title: str,
    confidences: Sequence[float | None] = (),
    sandbox: Mapping[str, Any] | None = None,
    transpose: int = 0,
) -> dict[str, Any]:
    """The content of a JAMS file of one annotation.

    Parameters
    ----------
    notes
        The notes, in seconds.
    duration, title
        Seconds of the recording, and what it is called.
    confidences
        The probability of each note; None, or nothing at all, where it is not known.
    sandbox
        What else is known, as plain values.
    transpose
        Semitones by which the notes are moved.

    Raises
    ------
    InputError
        If ``transpose`` moves a note outside MIDI's 0 to 127.
    """
    data = []
    for i, note in enumerate(notes):
        pitch = note.pitch + transpose
        if not 0 <= pitch <= 127:
            raise InputError(f"--transpose {transpose} moves pitch {note.pitch} outside 0–127")
        data.append(
            {
                "time": round(note.onset, 6),
                "duration": round(note.duration, 6),
                "value": pitch,
                "confidence": confidences[i] if confidences else None,
            }
        )
    length = round(duration, 6)
    annotation = {
        "annotation_metadata": {
            "curator": {"name": "", "email": ""},
            "annotator": {},
            "version": __version__,
            "corpus": "",
            "annotation_tools": "bayes-a2m transcribe",
            "annotation_rules": "",
            "validation": "",
            "data_source": "program",
        },
        "namespace": NAMESPACE,
        "data": data,
        "sandbox": dict(sandbox or {}),
        "time": 0,
        "duration": length,
    }
    return {
        "annotations": [annotation],
        "file_metadata": {
            "title": title,
            "artist": "",
            "release": "",
            "duration": length,
            "identifiers": {},
            "jams_version": VERSION,
        },
        "sandbox": {},
    }


def write(path: Path, notes: Iterable[Note], **settings: Any) -> None:
    """Write what :func:`to_jams` gives, atomically."""
    write_json(path, to_jams(notes, **settings))


def read(path: Path) -> ScoredNotes:
    """Read the notes of a JAMS file, those of its first annotation that has any.

    Raises
    ------
    InputError
        If it is no JAMS file, has no notes, or a note lies outside the recording it is of: then
        its times are of another time base than seconds.
    """
    content = read_json(path)
    with reading(path, "a JAMS file"):
        if not isinstance(content, dict) or "annotations" not in content:
            raise InputError("not a JAMS file: it has no annotations")
        kinds = [str(one["namespace"]) for one in content["annotations"]]
        chosen = [
            one for one in content["annotations"] if one["namespace"] in (NAMESPACE, "note_hz")
        ]
        if not chosen:
            raise InputError(
                f"has no notes, only {', '.join(sorted(set(kinds))) or 'nothing'}: an annotation "
                f"of {NAMESPACE} or note_hz is wanted"
            )
        hertz = chosen[0]["namespace"] == "note_hz"
        notes = ScoredNotes.of(
            (_note(one, hertz) for one in _observations(chosen[0]["data"])),
            _duration(content.get("file_metadata", {}).get("duration")),
        )
        ensure_time_base(notes, notes.duration, "its own recording")
    return notes


def ensure_time_base(notes: ScoredNotes, duration: float | None, what: str) -> None:
    """Refuse notes that lie outside of a recording.

    Raises
    ------
    InputError
        If one starts after the recording's end, or the file is of a recording of other length.
    """
    if duration is None:
        return
    late = [n for n in notes.notes if n.onset > duration + 0.05 or n.onset < -0.05]
    if late:
        raise InputError(
            f"a note starts at {late[-1].onset:.6g}, but {what} has {duration:.6g} s: are its "
            "times in ticks, samples or milliseconds? give seconds"
        )
    own = notes.duration
    if own is not None and abs(own - duration) > max(0.25, 0.02 * duration):
        raise InputError(
            f"is of {own:.6g} s of sound, but {what} has {duration:.6g} s: it is of another "
            "recording, or another time base than seconds"
        )


def _note(observation: Mapping[str, Any], hertz: bool) -> tuple[Note, float | None]:
    onset, value = float(observation["time"]), float(observation["value"])
    if hertz:
        value = 69 + 12 * math.log2(value / 440)
    sure = observation.get("confidence")
    confidence = None if sure is None or math.isnan(float(sure)) else float(sure)
    note = Note(onset, onset + float(observation["duration"]), nearest_pitch(f"{value:.6f}"))
    return note, confidence


def _observations(data: Any) -> list[Mapping[str, Any]]:
    """A row a note, of lists of rows and, as JAMS of old had them, of columns."""
    if isinstance(data, dict):
        return [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]
    return list(data)


def _duration(value: Any) -> float | None:
    return None if value is None else float(value)
