"""Notes in a report: those of its models, and those that any tool wrote, with scores or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation.note_evaluation import NoteEvaluation
from bayes_a2m.evaluation.note_results import NoteResults, note_results
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.music import Vocabulary, jams
from bayes_a2m.music.scored_notes import ScoredNotes, read_table
from bayes_a2m.reporting.piano_roll import RollNote, roll_notes
from bayes_a2m.reporting.report.entry import ReportEntry
from bayes_a2m.resampling.bootstrap import Interval, intervals, resample_weights

MOST, MOST_A_SECOND = 100, 50
"""Notes that a recording may have: so many, and so many for each of its seconds."""

ENDINGS = (".jams", ".csv")
"""The files that notes are read from."""


@dataclass(frozen=True, eq=False)
class NoteEntry:
    """The notes that a model, or a tool, found in the recordings of a report.

    Attributes
    ----------
    name
        The name that the report gives it.
    origin
        ``model``, ``predictions`` or ``notes``, a file of another tool.
    rows
        The notes of every recording.
    f1
        F1 of onsets and of onsets with offsets, by the names of the metrics.
    results
        The scores of their probabilities.
    caution
        A sentence about what is not known; empty where there is none.
    """

    name: str
    origin: str
    rows: tuple[tuple[RollNote, ...], ...]
    f1: dict[str, Interval]
    results: NoteResults
    caution: str = ""


def of_entry(entry: ReportEntry, data: Dataset, *, resamples: int, seed: int) -> NoteEntry:
    """The notes of a model of the report, which were decoded already."""
    rows = tuple(tuple(roll_notes(one)) for one in entry.transcriptions)
    f1 = {name: score for name, score in entry.metrics.metrics.scores.items() if _is_f1(name)}
    known = {name: score for name, score in f1.items() if score is not None}
    if entry.metrics.notes is not None:
        return NoteEntry(entry.name, entry.origin, rows, known, entry.metrics.notes)
    results = _results(rows, data, resamples, seed)
    caution = f"{entry.name}: the probabilities of its notes are not known."
    return NoteEntry(entry.name, entry.origin, rows, known, results, caution)


def of_file(name: str, source: Path, data: Dataset, *, resamples: int, seed: int) -> NoteEntry:
    """The notes that another tool found.

    Parameters
    ----------
    name
        The name that the report gives them.
    source
        A JAMS file, a CSV table (of one recording, or with a column that names it), or a folder of
        either, a file a recording.
    data
        The recordings reported on.
    resamples, seed
        Of the intervals.

    Raises
    ------
    InputError
        If it cannot be read, lacks a recording, is of another time base, or most of its pitches
        are not among those of the data.
    """
    found = read_notes(source, data)
    missing = [r.id for r in data if r.id not in found]
    if missing and names_recordings(source):
        # where a tool finds nothing, its table has no row
        found |= {name: ScoredNotes((), ()) for name in missing}
    elif missing:
        raise InputError(
            f"{source}: no notes of {len(missing)} of the {len(data)} recordings "
            f"({', '.join(missing[:5])}); choose a --split that it covers"
        )
    own = [found[r.id] for r in data]
    for recording, notes in zip(data, own, strict=True):
        most = MOST + MOST_A_SECOND * recording.duration
        if len(notes.notes) > most:
            raise InputError(
                f"{source}: {len(notes.notes)} notes for recording {recording.id} of "
                f"{recording.duration:.3g} s, which nobody sings; is it the right file?"
            )
        try:
            jams.ensure_time_base(notes, recording.duration, f"recording {recording.id}")
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
    _ensure_vocabulary(own, data.vocabulary, source)
    own = [_bounded(one, r.duration) for one, r in zip(own, data, strict=True)]
    rows = tuple(
        tuple(
            RollNote(note, None if np.isnan(sure) else sure)
            for note, sure in zip(one.notes, one.confidences, strict=True)
        )
        for one in own
    )
    statistics = NoteStatistics.stack(
        [
            NoteStatistics.of(r.notes or (), one.notes, r.duration)
            for r, one in zip(data, own, strict=True)
        ]
    )
    weights = resample_weights(len(data), resamples, np.random.default_rng(seed))
    f1 = {k: v for k, v in intervals(statistics.metrics_of, weights).items() if _is_f1(k)}
    unknown = sum(int(np.isnan(one.confidences).sum()) for one in own)
    caution = ""
    if unknown:
        caution = (
            f"{name}: {unknown} of {sum(len(one.notes) for one in own)} notes come without a "
            "confidence, which is unknown and not zero: they count for what is found and missed, "
            "and in no score of probabilities."
        )
    return NoteEntry(name, "notes", rows, f1, _results(rows, data, resamples, seed), caution)


def _bounded(notes: ScoredNotes, duration: float) -> ScoredNotes:
    """The notes with offsets no later than a second after the recording; none is dropped."""
    latest = duration + 1.0
    kept = (replace(note, offset=min(note.offset, latest)) for note in notes.notes)
    return replace(notes, notes=tuple(kept))


def read_notes(source: Path, data: Dataset) -> dict[str, ScoredNotes]:
    """Read the notes of a file, or of a folder of files, by the ids of the recordings they name.

    Notes of other recordings than those of the data are left out.

    Raises
    ------
    InputError
        If nothing there can be read, or is of none of the recordings.
    """
    if source.is_dir():
        files = sorted(path for path in source.iterdir() if path.suffix.lower() in ENDINGS)
        if not files:
            raise InputError(f"{source}: holds no notes: no {' or '.join(ENDINGS)} files")
    else:
        files = [source]
    by_name = {name: r.id for r in data for name in (r.id, f"voice_{r.id}")}
    found: dict[str, ScoredNotes] = {}
    for path in files:
        if path.suffix.lower() not in ENDINGS:
            raise InputError(f"{path}: notes are read from {' or '.join(ENDINGS)} files")
        own = {"": jams.read(path)} if path.suffix.lower() == ".jams" else read_table(path)
        for name, notes in own.items():
            # a file of one recording is named after it
            stem = Path(name).stem if name else path.stem
            known = by_name.get(name or stem, by_name.get(stem))
            if known is None and not name and len(data) == len(files) == 1:
                known = data[0].id
            if known is not None:
                found[known] = notes
    if not found:
        raise InputError(
            f"{source}: of none of the recordings of {data.name}: name the files after the "
            "recordings, or give the table a column 'recording'"
        )
    return found


def names_recordings(source: Path) -> bool:
    """Whether notes come as one table with a column that names the recording."""
    return source.suffix.lower() == ".csv" and set(read_table(source)) != {""}


def _ensure_vocabulary(own: Sequence[ScoredNotes], vocabulary: Vocabulary, source: Path) -> None:
    """Refuse notes most of which are of other pitches; a few strangers are wrong notes."""
    pitches = [note.pitch for one in own for note in one.notes]
    strangers = [pitch for pitch in pitches if pitch not in vocabulary.pitches]
    if len(strangers) > len(pitches) / 2:
        names = ", ".join(vocabulary.pitch_name(p) for p in sorted(set(strangers))[:5])
        raise InputError(
            f"{source}: {len(strangers)} of {len(pitches)} notes are of pitches that the data has "
            f"not ({names}); it has {', '.join(vocabulary.names[1:])}: transpose them if octaves "
            "are named otherwise, or take other data"
        )


def _results(
    rows: Sequence[Sequence[RollNote]], data: Dataset, resamples: int, seed: int
) -> NoteResults:
    """The scores of notes of any origin."""
    parts = []
    for recording, own in zip(data, rows, strict=True):
        sure = [np.nan if one.probability is None else one.probability for one in own]
        parts.append(NoteEvaluation.of_notes(recording, [one.note for one in own], sure))
    weights = resample_weights(len(data), resamples, np.random.default_rng(seed))
    return note_results(NoteEvaluation.stack(parts), weights, seed=seed)


def _is_f1(name: str) -> bool:
    return name.startswith("note_onset")
