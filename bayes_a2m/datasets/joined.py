"""Joined copies of a data folder, whose recordings are put end to end.

Windows longer than the recordings at hand can only be tried on longer recordings. Recordings of
one split and one condition follow each other in the order of their ids; what is left over is
added to the last. Where two meet there is a cut that nobody sang.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import yaml

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.files import atomic_folder, write_text
from bayes_a2m.music import Note, midi
from bayes_a2m.music.notes import clip


def write_joined(
    data: Dataset,
    out: Path,
    seconds: float,
    *,
    sample_rate: int = 16000,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write the longer recordings as a data folder, whole or not at all.

    Parameters
    ----------
    data
        Recordings with references and splits.
    out
        Path of the new folder.
    seconds
        Length that every one reaches at least, where its condition has so much.
    sample_rate
        Sample rate of the files written, Hz; they are 32-bit float, so that nothing is rounded.
    progress
        Function called with the number of recordings written, and of all.

    Raises
    ------
    InputError
        If ``out`` is there already, or a recording cannot be read.
    """
    chains = _chains(data, seconds)
    takes = _takes(chains)
    width = max(3, len(str(len(chains))))
    rows = []
    with atomic_folder(out) as folder:
        for number, chain in enumerate(chains, start=1):
            name = f"{number:0{width}d}"
            samples, notes = _end_to_end(chain, sample_rate)
            soundfile.write(folder / f"voice_{name}.wav", samples, sample_rate, subtype="FLOAT")
            midi.write(folder / f"midi_{name}.mid", notes)
            rows.append((name, chain[0].condition, chain[0].split, takes[number - 1]))
            progress(number, len(chains))
        with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("id", "condition", "split", "take"), *rows])
        about = {
            "name": f"{data.name}, joined",
            "pitches": list(data.vocabulary.pitches),
            "sounding_offset": data.vocabulary.sounding_offset,
            "middle_c": data.vocabulary.middle_c,
        }
        write_text(folder / "dataset.yaml", yaml.safe_dump(about, sort_keys=False))


def _chains(data: Dataset, seconds: float) -> list[list[Recording]]:
    groups: dict[tuple[str, str], list[Recording]] = defaultdict(list)
    for recording in sorted(data, key=lambda r: r.id):
        groups[recording.split, recording.condition].append(recording)
    chains: list[list[Recording]] = []
    for group in groups.values():
        own: list[list[Recording]] = [[]]
        for recording in group:
            # lengths are sums of decimals: a microsecond is no second
            if sum(r.duration for r in own[-1]) >= seconds - 1e-6:
                own.append([])
            own[-1].append(recording)
        if len(own) > 1 and sum(r.duration for r in own[-1]) < seconds - 1e-6:
            left_over = own.pop()  # first: places from the end move with it
            own[-1] += left_over
        chains += own
    return chains


def _takes(chains: Sequence[Sequence[Recording]]) -> list[str]:
    """The take of every chain: one name for all that share a take, also by way of others.

    A part of the data that keeps takes together must keep such chains together.
    """
    parents: dict[str, str] = {}

    def first_of(take: str) -> str:
        while parents.setdefault(take, take) != take:
            take = parents[take]
        return take

    for chain in chains:
        named = sorted({first_of(r.take) for r in chain if r.take})
        for take in named[1:]:
            parents[take] = named[0]
    return [next((first_of(r.take) for r in chain if r.take), "") for chain in chains]


def _end_to_end(
    chain: Sequence[Recording], sample_rate: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float32]], list[Note]]:
    """Sound of a chain, and its notes, each cut to the recording it belongs to."""
    parts, notes, start = [], [], 0.0
    for recording in chain:
        samples = recording.audio(sample_rate)
        duration = len(samples) / sample_rate
        notes += [
            replace(note, onset=note.onset + start, offset=note.offset + start)
            for note in clip(recording.notes or (), duration)
        ]
        parts.append(samples)
        start += duration
    return np.concatenate(parts), notes
