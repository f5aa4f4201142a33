"""Notes with confidences, from any tool: the columns of a CSV table, or a JAMS file.

A confidence that is missing is unknown, which is not zero. What a tool's confidence means, the tool
says; here it is taken for the probability that the note is right, and that is what is judged.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bayes_a2m.errors import InputError
from bayes_a2m.files import read_text
from bayes_a2m.music.notes import Note
from bayes_a2m.music.pitch_names import parse_pitch

ONSETS = ("onset_seconds", "onset", "start", "start_time", "start_time_s", "time")
"""Names of the column of onsets, in seconds, the first that is there."""

OFFSETS = ("offset_seconds", "offset", "end", "end_time", "end_time_s")
"""Names of the column of offsets, in seconds."""

PITCHES = ("pitch", "midi", "pitch_midi", "note", "value")
"""Names of the column of pitches: MIDI numbers, or names such as E4."""

CONFIDENCES = ("probability", "confidence", "score")
"""Names of the column of confidences, from 0 to 1; an empty cell is unknown."""

RECORDINGS = ("recording", "id", "file")
"""Names of the column that says which recording a note is of, where a table is of several."""


@dataclass(frozen=True)
class ScoredNotes:
    """The notes of one recording, each with a confidence or none.

    Attributes
    ----------
    notes
        By onset.
    confidences
        One a note, from 0 to 1; nan where it is not known.
    duration
        Seconds of the recording they were made from, where the file says so.

    Raises
    ------
    InputError
        If there is not one confidence a note, or one is no probability.
    """

    notes: tuple[Note, ...]
    confidences: tuple[float, ...]
    duration: float | None = None

    def __post_init__(self) -> None:
        if len(self.notes) != len(self.confidences):
            raise InputError(f"{len(self.notes)} notes, but {len(self.confidences)} confidences")
        wrong = [c for c in self.confidences if not (math.isnan(c) or 0 <= c <= 1)]
        if wrong:
            raise InputError(f"a confidence must lie between 0 and 1, not {wrong[0]:g}")

    @classmethod
    def of(
        cls, notes: Iterable[tuple[Note, float | None]], duration: float | None = None
    ) -> ScoredNotes:
        """Put notes in the order of their onsets; a confidence of None is unknown."""
        ordered = sorted(notes, key=lambda pair: pair[0])
        return cls(
            tuple(note for note, _ in ordered),
            tuple(math.nan if c is None else float(c) for _, c in ordered),
            duration,
        )


def read_table(path: Path) -> dict[str, ScoredNotes]:
    """Read a CSV table of notes, by recording; those of a table without such a column by "".

    The header names an onset, an offset (both in seconds), a pitch and, if it likes, a confidence
    and a recording: :data:`ONSETS` and the names beside it.

    Raises
    ------
    InputError
        If a column is missing, or a value is no number, time or pitch.
    """
    rows = list(csv.reader(io.StringIO(read_text(path, "a table of notes"))))
    if not rows:
        raise InputError(f"{path}: is empty; a table of notes begins with a header")
    header = [name.strip().lower() for name in rows[0]]
    place = {kind: _column(header, names) for kind, names in _COLUMNS.items()}
    for kind in ("onset", "offset", "pitch"):
        if place[kind] is None:
            raise InputError(
                f"{path}: has no column of the {kind}: the header must name one of "
                f"{', '.join(_COLUMNS[kind])}"
            )
    found: dict[str, list[tuple[Note, float | None]]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = {k: row[i].strip() for k, i in place.items() if i is not None and i < len(row)}
        try:
            pitch = nearest_pitch(cells["pitch"])
            note = Note(_number(cells["onset"]), _number(cells["offset"]), pitch)
            sure = cells.get("confidence", "")
            confidence = None if sure.lower() in ("", "nan", "none", "null") else _number(sure)
            if confidence is not None and not 0 <= confidence <= 1:
                raise InputError(f"a confidence of {sure}, which must lie between 0 and 1")
        except (KeyError, ValueError, InputError) as error:
            what = f"lacks the {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(f"{path}, line {number}: {what}") from error
        found.setdefault(cells.get("recording", ""), []).append((note, confidence))
    return {name: ScoredNotes.of(own) for name, own in found.items()}


def nearest_pitch(text: str) -> int:
    """The MIDI number that a pitch's name, or a number with decimals, is nearest to.

    Raises
    ------
    InputError
        If it is no pitch.

    >>> nearest_pitch("E4"), nearest_pitch("63.8")
    (64, 64)
    """
    named = parse_pitch(text)
    try:
        pitch = round(_number(text)) if named is None else named
    except ValueError:
        raise InputError(
            f"{text!r} is no pitch: give a MIDI number, or a name such as E4"
        ) from None
    if not 0 <= pitch <= 127:
        raise InputError(f"pitch {text} lies outside 0 to 127")
    return pitch


def _column(header: list[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not finite")
    return value


_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "onset": ONSETS,
    "offset": OFFSETS,
    "pitch": PITCHES,
    "confidence": CONFIDENCES,
    "recording": RECORDINGS,
}
