"""A page for every recording of a report: its sound, and the notes of every model as it plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.recording import Recording
from bayes_a2m.metrics.notes import matched_pairs
from bayes_a2m.music import Note
from bayes_a2m.reporting.html import PageSection, write_page
from bayes_a2m.reporting.piano_roll import RollNote, pitches_of
from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.note_entry import NoteEntry
from bayes_a2m.reporting.sound import write_flac

RATE = 16000
"""Samples per second of the sound."""

LONGEST = 120.0
"""Seconds of a recording that its page plays, at most: its beginning."""

TOLERANCE = 0.05
"""Seconds around an onset within which a note is right."""

LEFT, LEAST_WIDE, A_SECOND = 46, 664, 48
"""Units of a roll: beside it for names of pitches, its least width, and the least of a second."""

HIGH, LOW, MANY = 44, 26, 6
"""Units of a row of a roll; with more than so many rows they are low."""

FAINT = 0.02
"""Probabilities below are not drawn."""


@dataclass(frozen=True)
class PlayedNote:
    """A note on the page.

    Attributes
    ----------
    onset, offset
        Seconds.
    name
        The name of its pitch.
    probability
        The probability that it is right; None where it is not known.
    onset_low, onset_high
        The 90 % interval of its onset, seconds; None where it has none.
    reference
        ``match`` where the reference has a note of this pitch with an onset within 50 ms,
        ``pitch only`` where it has one that sounds meanwhile, else ``none``.
    """

    onset: float
    offset: float
    name: str
    probability: float | None = None
    onset_low: float | None = None
    onset_high: float | None = None
    reference: Literal["match", "pitch only", "none"] = "none"


@dataclass(frozen=True)
class PlayedRoll:
    """The piano roll of one model.

    Attributes
    ----------
    name
        The model's name.
    notes
        Its notes.
    areas
        The outlines of the probability of each pitch over time, as SVG paths.
    """

    name: str
    notes: tuple[PlayedNote, ...]
    areas: tuple[str, ...]


def page_of(number: int) -> str:
    """The page of a recording within the report's folder, by its place in the data.

    >>> page_of(0)
    'recordings/0001.html'
    """
    return f"recordings/{number + 1:04d}.html"


def write_recording_pages(context: ReportContext, *, sound: bool, embed: bool) -> None:
    """Write a page for every recording, and its sound beside it or in it.

    Parameters
    ----------
    context
        The report; its folder holds the pages in ``recordings``.
    sound
        Whether pages have sound at all.
    embed
        Whether the sound is in the page, which can be sent on alone then.
    """
    for i, recording in enumerate(context.data):
        place = context.folder / page_of(i)
        place.parent.mkdir(parents=True, exist_ok=True)
        file = f"{place.stem}.flac"
        if sound:
            samples = recording.audio(RATE)[: round(LONGEST * RATE)]
            write_flac(place.with_name(file), samples, RATE)
        facts = _facts(context, i) | {"sound": file if sound else None}
        opening = PageSection("opening", "", "report_recording.html", facts)
        title = f"Recording {recording.id}"
        write_page(place, title, opening, (), embed=embed, scripts=("follow.js",))
        if sound and embed:
            place.with_name(file).unlink()


def played_notes(
    notes: Sequence[RollNote], recording: Recording, context: ReportContext
) -> tuple[PlayedNote, ...]:
    """The notes of a model with what the reference has there, in the order of their onsets."""
    reference = list(recording.notes or ())
    pairs = matched_pairs(reference, [n.note for n in notes], onset_tolerance=TOLERANCE)
    right = {j for _, j in pairs}
    played = []
    for j, one in enumerate(notes):
        meanwhile = any(
            known.pitch == one.note.pitch
            and known.onset < one.note.offset
            and one.note.onset < known.offset
            for known in reference
        )
        bounds = (None, None) if one.onset is None else (one.onset[0], one.onset[2])
        played.append(
            PlayedNote(
                onset=round(one.note.onset, 4),
                offset=round(one.note.offset, 4),
                name=context.vocabulary.pitch_name(one.note.pitch),
                probability=one.probability,
                onset_low=bounds[0],
                onset_high=bounds[1],
                reference="match" if j in right else "pitch only" if meanwhile else "none",
            )
        )
    return tuple(sorted(played, key=lambda note: note.onset))


def area(probabilities: NDArray[np.floating[Any]], row: int, *, wide: float, high: int) -> str:
    """The outline of a pitch's probability over time, standing on the floor of its row.

    Parameters
    ----------
    probabilities
        One a frame, ``(frames,)``.
    row
        The row's place from above.
    wide, high
        The width of the roll, and the height of a row.

    Returns
    -------
    str
        An SVG path, of the highest probability within every two units; empty where all is faint.

    >>> import numpy as np
    >>> area(np.array([0.0, 1.0]), 0, wide=4, high=10)
    'M48 10L48 0L50 0L50 10Z'
    """
    points = max(1, min(len(probabilities), round(wide / 2)))
    starts = np.linspace(0, len(probabilities), points, endpoint=False).astype(int)
    heights = np.maximum.reduceat(probabilities, starts)
    floor, step, path = (row + 1) * high, wide / points, ""
    loud = np.concatenate([[0], (heights >= FAINT).astype(int), [0]])
    edges = np.flatnonzero(np.diff(loud)).reshape(-1, 2)
    for first, last in edges.tolist():
        path += f"M{LEFT + first * step:.4g} {floor}"
        for k in range(first, last):
            y = floor - high * float(heights[k])
            path += f"L{LEFT + k * step:.4g} {y:.4g}L{LEFT + (k + 1) * step:.4g} {y:.4g}"
        path += f"L{LEFT + last * step:.4g} {floor}Z"
    return path


def _facts(context: ReportContext, i: int) -> dict[str, object]:
    """Everything that the page of a recording shows."""
    recording = context.data[i]
    duration = min(recording.duration, LONGEST)
    reference = [n for n in recording.notes or () if n.onset < duration]
    rows = {
        entry.name: [n for n in entry.rows[i] if n.note.onset < duration] for entry in context.notes
    }
    pitches = pitches_of(
        context.vocabulary, reference, *([n.note for n in r] for r in rows.values())
    )
    names = [context.vocabulary.pitch_name(pitch) for pitch in reversed(pitches)]
    high = HIGH if len(names) <= MANY else LOW
    wide = max(LEAST_WIDE, round(A_SECOND * duration))
    rolls = [
        PlayedRoll(
            entry.name,
            played_notes(rows[entry.name], recording, context),
            _areas(context, entry, i, list(reversed(pitches)), duration, wide, high),
        )
        for entry in context.notes
    ]
    return {
        "id": recording.id,
        "condition": recording.condition,
        "duration": duration,
        "cut": recording.duration > LONGEST,
        "words": _words(context, i),
        "pitches": names,
        "rolls": rolls,
        "reference": [
            PlayedNote(n.onset, n.offset, context.vocabulary.pitch_name(n.pitch)) for n in reference
        ],
        "wide": wide,
        "high": high,
        "before": page_of(i - 1).partition("/")[2] if i else None,
        "after": page_of(i + 1).partition("/")[2] if i + 1 < len(context.data) else None,
    }


def _areas(
    context: ReportContext,
    entry: NoteEntry,
    i: int,
    pitches: Sequence[int],
    duration: float,
    wide: int,
    high: int,
) -> tuple[str, ...]:
    """The probability of every pitch that has a row; none for the notes of other tools."""
    for own in context.entries:
        if own.name == entry.name:
            lo, hi = own.posterior.grid.span(0.0, duration)
            probabilities = own.posterior.of(i)[lo : max(hi, lo + 1)]
            known = own.vocabulary.pitches
            paths = (
                area(probabilities[:, known.index(pitch) + 1], row, wide=wide, high=high)
                for row, pitch in enumerate(pitches)
                if pitch in known
            )
            return tuple(path for path in paths if path)
    return ()


def _words(context: ReportContext, i: int) -> list[str]:
    """The scores of the recording by every model, a line each."""
    told = []
    for entry in context.entries:
        counts = entry.evaluation.frames
        frames = max(float(counts.frames[i]), 1.0)
        right = float(np.trace(counts.confusion[i])) / frames
        words = f"{100 * right:.1f} % of frames right, NLL {float(counts.nll[i]) / frames:.2f}"
        if phrases := (entry.evaluation.unlike or {}).get(context.data[i].id):
            words += f"; unlike those that it learned from: {'; '.join(phrases)}"
        told.append(f"{entry.name}: {words}" if len(context.entries) > 1 else words)
    return told


def note_link(number: int, note: Note) -> str:
    """The address of a note on the page of its recording, from the report's own page.

    >>> note_link(2, Note(1.23456, 2.0, 60))
    'recordings/0003.html#t=1.235'
    """
    return f"{page_of(number)}#t={note.onset:.3f}"
