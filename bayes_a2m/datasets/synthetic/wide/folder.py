"""Wide recordings as a data folder, in the form of every other."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import yaml

from bayes_a2m.datasets import splits
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.datasets.synthetic.folder import SETTINGS
from bayes_a2m.datasets.synthetic.wide.recording import wide_recording
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder, atomic_path, write_text
from bayes_a2m.music import midi

LOWEST, HIGHEST = 36, 84
"""MIDI pitches that are labelled; a whistle above them has no label."""

PLAIN = "plain"
"""The condition of a recording that went through none."""


def write_wide_folder(
    path: Path,
    *,
    recordings: int = 60,
    seconds: float = 4.0,
    seed: int = 0,
    sample_rate: int = 16000,
    ending: str = ".wav",
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a data folder of recordings of every kind: sung, hummed, whistled, played, and none.

    The files are those of :func:`~bayes_a2m.datasets.synthetic.folder.write_folder`; labels are
    exact. The condition of a recording is the first that it went through, ``plain`` where there is
    none; ``truth/<n>.json`` has its kind, all that it went through, its notes (those above the
    labelled pitches, too) and its fundamental every 5 ms. Recording n is made of the seed and n
    alone.

    Parameters
    ----------
    path
        The folder; it is made whole or not at all.
    recordings, seconds
        How many, and how long each is, at least 0.5 s.
    seed
        The seed that every sample comes from.
    sample_rate
        Of the sound files, Hz.
    ending
        ``.wav`` or ``.flac``.
    force
        Whether files of yours may be replaced.
    progress
        Told ``(done, total)`` after each recording.

    Raises
    ------
    InputError
        If there is no recording to make, one is too short, something else stands there, or it
        cannot be written.
    """
    if recordings < 1:
        raise InputError(f"{recordings} recordings: give at least 1")
    if seconds < 0.5:
        raise InputError(f"{seconds:g} s are too short for a recording; give at least 0.5 s")
    width = max(3, len(str(recordings)))
    kept = []
    with OutputFolder(path, "synth", force=force, beside=()).replacing() as new:
        for index in range(recordings):
            name = f"{index + 1:0{width}d}"
            generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
            made = wide_recording(generator, seconds=seconds, sample_rate=sample_rate)
            sound = new / f"voice_{name}{ending}"
            with atomic_path(sound) as temporary:
                soundfile.write(temporary, made.samples, sample_rate, "PCM_16")
            midi.write(
                new / f"midi_{name}.mid",
                [note for note in made.notes if LOWEST <= note.pitch <= HIGHEST],
            )
            truth = {
                "kind": made.kind,
                "conditions": list(made.conditions),
                "notes": [[n.onset, n.offset, n.pitch] for n in made.notes],
                "f0": [round(float(hertz), 3) for hertz in made.f0],
            }
            write_text(new / "truth" / f"{name}.json", json.dumps(truth, allow_nan=False) + "\n")
            condition = made.conditions[0] if made.conditions else PLAIN
            kept.append(Recording(name, path=sound, condition=condition))
            if progress:
                progress(index + 1, recordings)
        split = splits.draw(kept, seed=seed)
        with atomic_path(new / "metadata.csv") as table, table.open("w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("id", "condition", "split", "take"))
            rows.writerows((r.id, r.condition, split[r.id], "") for r in kept)
        about = {
            "name": "synthetic voices of every kind",
            "pitches": list(range(LOWEST, HIGHEST + 1)),
            "sounding_offset": 0,
            "seconds": seconds,
        }
        write_text(new / "dataset.yaml", yaml.safe_dump(about, sort_keys=False))
        drawn = {
            "wide": True,
            "recordings": recordings,
            "seconds": seconds,
            "seed": seed,
            "sample_rate": sample_rate,
        }
        write_text(new / SETTINGS, yaml.safe_dump(drawn, sort_keys=False))
