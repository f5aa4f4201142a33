"""Aligned copies of a data folder, whose notes are moved to where they sound.

The folder that is read is not touched. The new one is a data folder like any other: the sounds
and metadata are copied, each MIDI file is written anew with all its notes moved by the lag of its
recording, the MIDI as it was lies in ``original/``, and ``alignment.csv`` says what was done.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bayes_a2m.audio import io
from bayes_a2m.datasets.folder import scan
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder
from bayes_a2m.files.atomic import real_path
from bayes_a2m.music import Note, midi


def aligned(notes: Sequence[Note], lag: float, duration: float) -> list[Note]:
    """Move notes later by ``lag`` seconds.

    A note that begins with the recording was sounding already, and one that lasts to its end goes
    on sounding: those ends stay. What is moved out of the recording is dropped.

    Parameters
    ----------
    notes
        Notes as they are labelled.
    lag
        Seconds, negative for earlier.
    duration
        Seconds of the recording.

    >>> aligned([Note(0.0, 1.0, 60), Note(2.0, 4.5, 64)], -0.25, 4.0)
    [Note(onset=0.0, offset=0.75, pitch=60, velocity=90), Note(onset=1.75, offset=4.25, pitch=64,
    velocity=90)]
    """
    moved = []
    for note in notes:
        onset = 0.0 if note.onset <= 0.0 else max(0.0, note.onset + lag)
        offset = note.offset + lag
        if note.offset >= duration:
            offset = max(duration, offset)
        if offset > onset and onset < duration:
            moved.append(replace(note, onset=onset, offset=offset))
    return moved


def ensure_aligned_place(source: Path, out: Path, *, force: bool = False) -> OutputFolder:
    """The folder that the aligned copy of ``source`` is written to.

    Raises
    ------
    InputError
        If ``out`` holds what no aligned copy wrote, or lies in the data folder or the other way
        round.
    """
    here, there = real_path(source), real_path(out)
    if here == there or here in there.parents or there in here.parents:
        raise InputError(f"{out}: the aligned copy must lie outside {source}")
    output = OutputFolder(out, "aligned", force=force, beside=())
    output.check()
    return output


def write_aligned(
    source: Path,
    out: Path,
    lags: Mapping[str, float],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    force: bool = False,
) -> int:
    """Write the aligned copy of a data folder, whole or not at all.

    Parameters
    ----------
    source, out
        The data folder, and the new one.
    lags
        Id to seconds by which its notes are moved later; recordings left out stay as they are.
    progress
        Function called with the number of recordings done, and of all.
    force
        Whether files of others in ``out`` may be replaced.

    Returns
    -------
    int
        Number of recordings whose notes were moved.

    Raises
    ------
    InputError
        As :func:`ensure_aligned_place`, or if a file cannot be read.
    """
    output = ensure_aligned_place(source, out, force=force)
    content = scan(source)
    rows: list[tuple[str, str, int]] = []
    with output.replacing() as folder:
        (folder / "original").mkdir()
        for name in ("metadata.csv", "dataset.yaml"):
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / name)
        for done, entry in enumerate(content.entries, start=1):
            if entry.sound is None or entry.midi is None:
                continue
            shutil.copyfile(entry.sound, folder / entry.sound.name)
            shutil.copyfile(entry.midi, folder / "original" / entry.midi.name)
            lag = lags.get(entry.id, 0.0)
            notes = midi.read(entry.midi)
            if lag and notes:
                duration = io.info(entry.sound).duration
                midi.write(folder / entry.midi.name, aligned(notes, lag, duration))
            else:
                shutil.copyfile(entry.midi, folder / entry.midi.name)
                lag = 0.0
            rows.append((entry.id, f"{1000 * lag:.1f}", len(notes)))
            progress(done, len(content.entries))
        with (folder / "alignment.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("id", "moved_ms", "notes"), *rows])
    return sum(float(moved) != 0 for _, moved, _ in rows)
