"""Every problem of a data folder, none of them hidden by the one before it.

:func:`bayes_a2m.datasets.folder.load_folder` stops at the first thing it cannot work with.
Here the same folder is read leniently: whatever is wrong with one file, the others are still
looked at, and what can still be checked of a broken file is checked.

Two levels. An **error** makes the folder unusable or its labels wrong: nothing can be loaded
until it is mended. A **warning** is something a person should look at: the folder works, and
the message says what is done about it (a note is cut off, a sound resampled, …).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from bayes_a2m.audio import io
from bayes_a2m.datasets.folder import COLUMNS, SOUND, FolderSettings
from bayes_a2m.datasets.splits import SHARES
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.music import Note, Vocabulary, midi

FORMAT_VERSION = 1
"""Of :meth:`VerifyReport.to_dict`; ``schemas/verify.json`` describes it."""

SAMPLE_RATE = 16000
"""Hz that everything is resampled to."""

LENGTH_TOLERANCE = 0.010
"""Seconds by which the length of a recording may differ from what it should be."""

CRUMB = 0.050
"""Seconds: a note with less than this inside the recording is not counted (REFERENCE)."""

SILENCE = 10.0 ** (-60 / 20)
"""Peak (full scale 1) below which a recording holds no voice: -60 dBFS."""

CLIPPED_FROM = 0.95
"""Peak (full scale 1) from which a flat top is taken for clipping: -0.4 dBFS."""

CLIPPED_RUN = 3
"""Samples in a row at the extreme that make a flat top. A sine at full scale has one or two
within a 16-bit step of its peak from 20 Hz up."""

_MIDI = (".mid", ".midi")
_STEP = 1.5 / 32768
_MICROSECOND = 1e-6
_ANY = tuple(range(128))  # where dataset.yaml does not say validly, no pitch is called unknown

Level = Literal["error", "warning"]

Code = Literal[
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
]


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


@dataclass(frozen=True)
class VerifyReport:
    """What :func:`verify` found.

    Attributes
    ----------
    folder
        The folder, as given.
    recordings
        How many recordings it holds.
    problems
        Errors first, then warnings; within each, the folder's own files, then by number.
    """

    folder: str
    recordings: int
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What must be mended."""
        return tuple(p for p in self.problems if p.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What should be looked at."""
        return tuple(p for p in self.problems if p.level == "warning")

    @property
    def summary(self) -> dict[str, int]:
        """How many problems of each code, the errors' codes first."""
        return dict(Counter(p.code for p in self.problems))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON (``schemas/verify.json``)."""
        return {
            "format_version": FORMAT_VERSION,
            "folder": self.folder,
            "recordings": self.recordings,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "summary": self.summary,
            "problems": [asdict(p) for p in self.problems],
        }


def verify(path: Path, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Check a data folder: names, pairs, sound, notes, metadata.

    Parameters
    ----------
    path
        The folder.
    progress
        Called as ``progress(done, total)`` after each recording.

    Raises
    ------
    InputError
        If there is no such folder. Everything else is a :class:`Problem`.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such data folder")
    files = _Files.of(path)
    problems = list(files.problems)
    settings, complaints = _settings(path / "dataset.yaml")
    problems += complaints
    table, complaints = _metadata(path / "metadata.csv", files)
    problems += complaints
    vocabulary, complaints = _vocabulary(settings)
    problems += complaints

    sounds: dict[str, _Sound] = {}
    by_recording: list[Problem] = []
    for done, id_ in enumerate(files.ids, start=1):
        sound_file, midi_file = files.sounds.get(id_), files.midis.get(id_)
        duration = float("inf")
        peak = None
        if sound_file is not None:
            sound, complaints = _sound(sound_file)
            by_recording += complaints
            if sound is not None:
                sounds[id_] = sound
                duration, peak = sound.duration, sound.peak
        if midi_file is not None:
            by_recording += _notes(midi_file, vocabulary, duration, peak)
        by_recording += files.unpaired(id_)
        if table is not None and id_ in files.sounds and id_ not in table:
            text = "has no row in metadata.csv: its condition, split and take are unknown"
            by_recording.append(Problem("warning", files.sounds[id_].name, "no-metadata", text))
        if progress is not None:
            progress(done, len(files.ids))

    by_recording += _lengths(files, sounds, settings.seconds)
    by_recording += _copies(files, sounds, table or {})
    order = {f.name: i for i, id_ in enumerate(files.ids) for f in files.of_id(id_)}
    by_recording.sort(key=lambda p: order.get(p.file, -1))  # stable: keeps each file's order
    problems += by_recording
    problems.sort(key=lambda p: p.level != "error")
    return VerifyReport(str(path), len(files.sounds), tuple(problems))


# --- names and pairs


@dataclass(frozen=True)
class _Files:
    """The folder's files by number as written, and what is wrong with their names."""

    folder: Path
    sounds: Mapping[str, Path]
    midis: Mapping[str, Path]
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, folder: Path) -> _Files:
        sounds: dict[str, Path] = {}
        midis: dict[str, Path] = {}
        problems = []
        heard = io.EXTENSIONS.union(SOUND, _MIDI)
        for file in sorted(folder.iterdir()):
            ending = file.suffix.lower()
            if file.name.startswith(".") or ending not in heard:
                continue
            kind, found, stem = (
                ("notes", midis, "midi") if ending in _MIDI else ("sound", sounds, "voice")
            )
            match = re.fullmatch(rf"{stem}_(\d+)", file.stem)
            if match is None:
                wanted = f"{stem}_<number>{'.mid' if stem == 'midi' else '.wav'}"
                text = f"is not named {wanted}, so it is left out: rename it or move it elsewhere"
                problems.append(Problem("warning", file.name, "name", text))
            elif stem == "voice" and ending not in SOUND:
                text = f"only {' and '.join(SOUND)} are read from a data folder: convert it"
                problems.append(Problem("warning", file.name, "name", text))
            elif match[1] in found:
                text = f"{found[match[1]].name} holds the {kind} of the same number; remove one"
                problems.append(Problem("error", file.name, "number-twice", text))
            else:
                found[match[1]] = file
        if not sounds:
            text = "no recording in this folder; recordings are named voice_001.wav"
            problems.append(Problem("error", ".", "no-recordings", text))
        return cls(folder, sounds, midis, tuple(problems))

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every number, in order."""
        return tuple(sorted({*self.sounds, *self.midis}, key=lambda i: (int(i), i)))

    def of_id(self, id_: str) -> Iterator[Path]:
        """The one or two files of a number."""
        yield from (found[id_] for found in (self.sounds, self.midis) if id_ in found)

    def unpaired(self, id_: str) -> Iterator[Problem]:
        """The problem of a number that has only one of its two files."""
        if id_ not in self.midis:
            near = _same_number(id_, self.midis)
            hint = f"; rename {self.midis[near].name}" if near else ""
            text = f"no notes midi_{id_}.mid beside this recording{hint}"
            yield Problem("error", self.sounds[id_].name, "no-midi", text)
        elif id_ not in self.sounds:
            near = _same_number(id_, self.sounds)
            hint = f"; rename {self.sounds[near].name}" if near else ""
            text = f"no recording voice_{id_}.wav beside these notes{hint}"
            yield Problem("error", self.midis[id_].name, "no-sound", text)


def _same_number(id_: str, known: Iterable[str]) -> str | None:
    """The id that is the same number written otherwise (``7`` and ``007``)."""
    if not id_.isdecimal():
        return None
    return next((k for k in known if k != id_ and int(k) == int(id_)), None)


# --- dataset.yaml and metadata.csv


def _settings(path: Path) -> tuple[FolderSettings, list[Problem]]:
    """What of ``dataset.yaml`` is valid (defaults for the rest), and what is not."""
    if not path.is_file():
        return FolderSettings(), []

    def problem(text: str) -> Problem:
        return Problem("error", path.name, "dataset-yaml", text)

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        text = f"not readable as YAML ({str(error).splitlines()[0]})"
        return FolderSettings(pitches=_ANY), [problem(text)]
    if values is None:
        return FolderSettings(), []
    if not isinstance(values, dict):
        text = "must hold keys and values, such as 'pitches: [60, 64, 67]'"
        return FolderSettings(pitches=_ANY), [problem(text)]
    wrong: set[object] = {key for key in values if not isinstance(key, str)}
    problems = [problem(f"unknown key {key!r}") for key in values if key in wrong]
    try:
        settings = FolderSettings.model_validate(_without(values, wrong))
    except ValidationError as error:
        for detail in error.errors():
            key = str(detail["loc"][0])
            wrong.add(key)
            if detail["type"] == "extra_forbidden":
                text = f"unknown key {key!r}{suggest(key, FolderSettings.model_fields)}"
            else:
                text = f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"
            problems.append(problem(text))
        settings = FolderSettings.model_validate(_without(values, wrong))
        if "pitches" in wrong:
            settings = settings.model_copy(update={"pitches": _ANY})
    return settings, problems


def _without(values: Mapping[Any, Any], keys: set[object]) -> dict[Any, Any]:
    return {k: v for k, v in values.items() if k not in keys}


def _vocabulary(settings: FolderSettings) -> tuple[Vocabulary, list[Problem]]:
    try:
        return settings.vocabulary, []
    except InputError as error:
        problem = Problem("error", "dataset.yaml", "dataset-yaml", str(error))
    pitches = tuple(sorted({p for p in settings.pitches if 0 <= p <= 127}))
    return Vocabulary(pitches or _ANY), [problem]


def _metadata(path: Path, files: _Files) -> tuple[dict[str, dict[str, str]] | None, list[Problem]]:
    """Rows of ``metadata.csv`` by id, None where there is no such table, and what is wrong."""
    if not path.is_file():
        return None, []
    problems: list[Problem] = []

    def complain(level: Level, code: Code, text: str) -> None:
        problems.append(Problem(level, path.name, code, text))

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        complain("error", "metadata-csv", f"not readable as CSV ({error})")
        return None, problems
    header = lines[0][1] if lines else []
    for name in header:
        if name not in COLUMNS:
            complain("error", "metadata-csv", f"unknown column {name!r}{suggest(name, COLUMNS)}")
    for name in sorted({n for n in header if header.count(n) > 1}):
        complain("error", "metadata-csv", f"column {name!r} is given twice")
    if "id" not in header:
        text = "the first line must name the columns, separated by commas, among them 'id'"
        complain("error", "metadata-csv", text)
        return None, problems

    table: dict[str, dict[str, str]] = {}
    for number, cells in lines[1:]:
        if any(cells[len(header) :]):
            text = f"line {number} has {len(cells)} cells where the first line names {len(header)}"
            complain("error", "metadata-csv", text)
        row = dict(zip(header, cells, strict=False))
        id_ = row.get("id", "")
        if not id_:
            complain("error", "metadata-csv", f"line {number} has no id")
        elif id_ in table:
            complain("error", "metadata-csv", f"line {number}: id {id_} is given twice")
        else:
            table[id_] = row
            if id_ not in files.sounds and id_ not in files.midis:
                near = _same_number(id_, files.ids)
                hint = f" (did you mean {near}?)" if near else "; correct or remove the row"
                text = f"line {number}: no recording with id {id_}{hint}"
                complain("error", "unknown-id", text)
    _check_splits(table, complain)
    return table, problems


def _check_splits(
    table: Mapping[str, Mapping[str, str]], complain: Callable[[Level, Code, str], None]
) -> None:
    """Unknown names of splits, rows without one, and takes that lie in several."""
    split_of = {id_: row.get("split", "") for id_, row in table.items()}
    for name in dict.fromkeys(s for s in split_of.values() if s and s not in SHARES):
        some = ", ".join([i for i, s in split_of.items() if s == name][:3])
        text = (
            f"split {name!r} (of {some}) is none of {', '.join(SHARES)}{suggest(name, SHARES)}: "
            "it is used only where it is asked for by name"
        )
        complain("warning", "unknown-split", text)
    without = [i for i, s in split_of.items() if not s]
    if without and len(without) < len(split_of):
        text = (
            f"{len(without)} rows name no split (the first: {without[0]}) where others do: "
            "these recordings belong to none"
        )
        complain("warning", "no-split", text)
    takes: dict[str, Counter[str]] = {}
    for id_, row in table.items():
        if row.get("take") and split_of[id_]:
            takes.setdefault(row["take"], Counter())[split_of[id_]] += 1
    for take, parts in takes.items():
        if len(parts) > 1:
            where = ", ".join(f"{name} {count}" for name, count in parts.items())
            text = f"take {take!r} lies in several splits ({where}): scores will flatter"
            complain("warning", "take-in-several-splits", text)


# --- sound


@dataclass(frozen=True)
class _Sound:
    """What is kept of a recording once it was looked at."""

    duration: float
    peak: float
    digest: str = field(repr=False)


def _sound(path: Path) -> tuple[_Sound | None, list[Problem]]:
    """Check the sound of one recording."""
    import soundfile

    problems: list[Problem] = []

    def complain(level: Level, code: Code, text: str) -> None:
        problems.append(Problem(level, path.name, code, text))

    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        reason = str(error).removeprefix(f"Error opening {str(path)!r}: ").rstrip(".")
        complain("error", "unreadable-sound", f"not readable as sound ({reason}); export it again")
        return None, problems
    if rate != SAMPLE_RATE:
        lost = f"nothing above {rate / 2:g} Hz is in it; " if rate < SAMPLE_RATE else ""
        text = f"sampled at {rate} Hz: {lost}it will be resampled to {SAMPLE_RATE} Hz"
        complain("warning", "sample-rate", text)
    if samples.shape[1] > 1:
        text = f"{samples.shape[1]} channels: they will be averaged"
        complain("warning", "channels", text)
    if samples.shape[0] == 0:
        complain("error", "no-samples", "holds no samples; record it again")
        return None, problems
    duration = samples.shape[0] / rate
    if duration < io.SHORTEST:
        text = f"{_ms(duration)} is too short for a note; give at least {_ms(io.SHORTEST)}"
        complain("error", "too-short", text)

    bad = samples.size - int(np.count_nonzero(np.isfinite(samples)))
    if bad:
        text = f"{bad} samples are NaN or infinite; export it again"
        complain("error", "nan-samples", text)
        samples = np.where(np.isfinite(samples), samples, 0.0).astype(np.float32)
    peak = float(np.abs(samples).max())
    if peak < SILENCE and not bad:
        level = f"peaks at {20 * np.log10(peak):.0f} dBFS" if peak else "is all zeros"
        complain("warning", "silent", f"{level}: there is no voice in it; record it again")
    runs = [run for channel in samples.T for run in _flat_tops(channel)]
    if runs:
        start = min(first for first, _ in runs) / rate
        text = (
            f"clipped: {_count(sum(n for _, n in runs), 'sample')} in "
            f"{_count(len(runs), 'flat top')}, the first at {start:.3f} s; "
            "record it at a lower level"
        )
        complain("warning", "clipped", text)
    digest = hashlib.sha256(rate.to_bytes(4, "big") + samples.tobytes()).hexdigest()
    return _Sound(duration, peak, digest), problems


def _flat_tops(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Runs of samples at the extreme of a clipped channel, as (first sample, how many).

    >>> _flat_tops(np.array([0.2, 0.99, 0.99, 0.99, 0.1, -0.5, -0.5, -0.5], dtype=np.float32))
    [(1, 3)]
    """
    tops: list[tuple[int, int]] = []
    for side in (samples, -samples):
        extreme = float(side.max(initial=0.0))
        if extreme < CLIPPED_FROM:
            continue
        at_top = np.concatenate(([False], side >= extreme - _STEP, [False]))
        edges = np.flatnonzero(np.diff(at_top))
        pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        tops += [(start, end - start) for start, end in pairs if end - start >= CLIPPED_RUN]
    return sorted(tops)


def _lengths(
    files: _Files, sounds: Mapping[str, _Sound], declared: float | None
) -> Iterator[Problem]:
    """Recordings whose length is not the declared one, or not that of most others."""
    durations = {i: s.duration for i, s in sounds.items()}

    def different(wanted: float) -> Iterator[tuple[str, float]]:
        for id_, duration in durations.items():
            if abs(duration - wanted) > LENGTH_TOLERANCE + _MICROSECOND:
                yield files.sounds[id_].name, duration

    if declared is not None:
        for name, duration in different(declared):
            text = (
                f"{duration:.3f} s long where dataset.yaml says {declared:g} s; "
                "cut or pad it, or correct 'seconds' there"
            )
            yield Problem("error", name, "wrong-length", text)
        return
    usual, share = _usual([*durations.values()])
    if share < 3 or share <= len(durations) / 2:
        return
    for name, duration in different(usual):
        text = (
            f"{duration:.3f} s long where {share} of the {len(durations)} recordings are "
            f"{usual:.3f} s; cut or pad it to that"
        )
        yield Problem("error", name, "wrong-length", text)


def _usual(durations: Sequence[float]) -> tuple[float, int]:
    """The length that most recordings share to within the tolerance, and how many do.

    >>> _usual([4.0, 4.0, 4.005, 2.0])
    (4.0, 3)
    """
    if not durations:
        return 0.0, 0
    array = np.sort(np.asarray(durations, dtype=np.float64))
    reach = LENGTH_TOLERANCE + _MICROSECOND
    count = np.searchsorted(array, array + reach, "right") - np.searchsorted(array, array - reach)
    best = count == count.max()
    value, _ = Counter(array[best].tolist()).most_common(1)[0]
    return float(value), int(count.max())


def _copies(
    files: _Files, sounds: Mapping[str, _Sound], table: Mapping[str, Mapping[str, str]]
) -> Iterator[Problem]:
    """Recordings that hold the same samples as an earlier one (all zeros apart)."""

    def split_of(id_: str) -> str:
        return table.get(id_, {}).get("split", "")

    first: dict[str, str] = {}
    for id_, sound in sounds.items():
        original = first.setdefault(sound.digest, id_)
        if original == id_ or sound.peak == 0:
            continue
        name = files.sounds[original].name
        if split_of(id_) != split_of(original):
            where = f"{split_of(id_) or 'no split'} here, {split_of(original) or 'none'} there"
            text = f"the same sound as {name}, in another split ({where}): scores will flatter"
        else:
            text = f"the same sound as {name}: remove one, or give both the same take"
        yield Problem("warning", files.sounds[id_].name, "copy", text)


# --- notes


def _notes(
    path: Path, vocabulary: Vocabulary, duration: float, peak: float | None
) -> Iterator[Problem]:
    """Check the notes of one recording; of unknown length (inf) where it was not readable."""
    try:
        content = midi.inspect(path, vocabulary, duration)
    except InputError as error:
        yield Problem("error", path.name, "not-midi", str(error).removeprefix(f"{path}: "))
        return

    def name(note: Note) -> str:
        return f"{vocabulary.pitch_name(note.pitch)} from {note.onset:.3f} to {note.offset:.3f} s"

    if content.outside:
        counts = Counter(vocabulary.pitch_name(n.pitch) for n in content.outside)
        which = ", ".join(f"{k} × {pitch}" if k > 1 else pitch for pitch, k in counts.items())
        text = (
            f"{_count(len(content.outside), 'note')} outside the vocabulary "
            f"{', '.join(vocabulary.names[1:])}: {which}, the first {name(content.outside[0])}; "
            "add the pitch to dataset.yaml or correct the file"
        )
        yield Problem("error", path.name, "unknown-pitch", text)
    if not content.notes:
        aside = "" if peak is None or peak >= SILENCE else ", nor is there any voice"
        text = f"no note in it: every frame counts as silence{aside}"
        yield Problem("warning", path.name, "empty-midi", text)
    for note in content.truncated:
        if note.onset >= duration:
            fate = f"lies wholly after the recording ({duration:.3f} s): it is left out"
        else:
            fate = f"ends {_ms(note.offset - duration)} after the recording: it is cut off there"
        yield Problem("warning", path.name, "note-past-end", f"{name(note)} {fate}")
    pairs = _together(content.notes)
    if pairs:
        first, second = pairs[0]
        text = (
            f"{_count(len(pairs), 'pair')} of notes overlap (the first: {name(first)} and "
            f"{name(second)}); the later onset wins"
        )
        yield Problem("warning", path.name, "overlap", text)
    for note in content.notes:
        inside = min(note.offset, duration) - note.onset
        at_edge = note.onset <= _MICROSECOND or note.offset >= duration - _MICROSECOND
        if at_edge and 0 < inside < CRUMB - _MICROSECOND:
            edge = "start" if note.onset <= _MICROSECOND else "end"
            text = (
                f"{name(note)}: only {_ms(inside)} of it lie inside, at the {edge} of the "
                f"recording; notes under {_ms(CRUMB)} are not counted in scores"
            )
            yield Problem("warning", path.name, "crumb", text)


def _together(notes: Sequence[Note]) -> list[tuple[Note, Note]]:
    """Every pair of which the first still sounds when the second starts.

    :func:`bayes_a2m.music.notes.overlaps` looks at neighbours; a long note over several short
    ones is a pair with each of them here.

    >>> len(_together([Note(0, 3, 60), Note(1, 1.5, 64), Note(2, 2.5, 64)]))
    2
    """
    ordered = sorted(notes)
    pairs = []
    for i, first in enumerate(ordered):
        for second in ordered[i + 1 :]:
            if second.onset >= first.offset - 1e-9:
                break  # so do all that start later
            pairs.append((first, second))
    return pairs


# --- words


def _ms(seconds: float) -> str:
    """A time in words people use: ``35 ms``, ``1.204 s``."""
    return f"{1000 * seconds:.0f} ms" if seconds < 0.9995 else f"{seconds:.3f} s"


def _count(number: int, noun: str) -> str:
    """``1 note``, ``2 notes``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def compact(names: Iterable[str]) -> str:
    """Numbered names in few words, neighbours in number joined.

    >>> compact(["midi_001.mid", "midi_002.mid", "midi_003.mid", "midi_007.mid", "a.csv"])
    'a.csv, midi_001–003, midi_007'
    """
    plain, numbered = set(), set()
    for name in names:
        match = re.fullmatch(r"((?:voice|midi)_)(\d+)\.\w+", name)
        if match:
            numbered.add((match[1], int(match[2]), match[2]))
        else:
            plain.add(name)
    words = sorted(plain)
    # in a run of consecutive numbers, number minus rank stays the same
    ranked = enumerate(sorted(numbered))
    for _, run in groupby(ranked, key=lambda item: (item[1][0], item[1][1] - item[0])):
        members = [entry for _, entry in run]
        stem, last = members[0][0] + members[0][2], members[-1][2]
        words += [stem] if len(members) == 1 else [f"{stem}–{last}"]
    return ", ".join(words)
