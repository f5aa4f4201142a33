"""Notes outside of a model's vocabulary: how many are doubtful, and how many of the true ones.

    OMP_NUM_THREADS=1 python experiments/benchmarks/other_pitches.py --model MODEL --data VOICES \\
        --real REAL_VOICES --json reports/pretrained/other_pitches.json

A model of few pitches transcribes, with ``--accept-error`` and without the check by the pretrained
model and with it. Notes outside: every note that it writes in recordings of synthetic singers at
other pitches only, and in clips of real singers those of its notes of which most lies under a
reference note (by hand) of another pitch. True notes: those that it writes in the validation
recordings of VOICES and that are matched there (pitch, onset within 100 ms). Intervals resample
recordings. A note can be doubtful because its onset is; what the check adds is told apart.
``--onset-tolerance 0.1`` calls a note right as the true ones are chosen, within 100 ms.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # before numpy is loaded: it looks only once
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import numpy as np

from bayes_a2m.calibration.note_acceptance import note_threshold
from bayes_a2m.datasets import Recording, load_folder
from bayes_a2m.datasets.synthetic import SynthesisSettings, write_folder
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.decoding.transcription import Transcription
from bayes_a2m.metrics.notes import matched_pairs
from bayes_a2m.models import load_model
from bayes_a2m.music import Note, Vocabulary
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.transcription.other_pitches import PitchListener, lowered

SEED = 0
RESAMPLES = 2000
REPORTED = 101
"""Seed of the synthetic singers that are reported on; thresholds were looked at with 11 to 13."""

MOST = 0.5


@dataclass(frozen=True)
class Counted:
    """Notes of a recording that count, and how many are doubtful by what."""

    notes: int
    before: int
    after: int
    by_pitch: int
    withdrawn: int
    share: float

    @property
    def row(self) -> tuple[int, ...]:
        return (self.notes, self.before, self.after, self.by_pitch, self.withdrawn)


def counted(
    model: Posterior,
    listener: PitchListener,
    recording: Recording,
    threshold: float,
    chosen: Any,
    tolerance: float,
) -> Counted:
    """Transcribe a recording and count its chosen notes."""
    decoder = model.decoder
    assert isinstance(decoder, NoteDecoder)
    decoder = replace(decoder, tolerance=tolerance)
    notes: Transcription = decoder.decode(model.predict([recording]))[0].doubting(threshold)
    check = listener.check(recording, model.vocabulary)
    told = lowered(notes, check)
    keep = chosen(notes.notes)
    mine, other = np.array(notes.doubtful, dtype=bool), np.array(told.doubtful, dtype=bool)
    elsewhere = np.array(told.other_pitch) >= MOST
    withdrawn = bool(check.differences())
    return Counted(
        len(keep),
        int(mine[keep].sum()),
        int(other[keep].sum()),
        int(elsewhere[keep].sum()),
        len(keep) if withdrawn else int(other[keep].sum()),
        check.share or 0.0,
    )


def summary(rows: Sequence[Counted]) -> dict[str, Any]:
    """Shares over notes, with 95 % intervals from resampled recordings."""
    counts = np.array([one.row for one in rows], dtype=float)
    generator = np.random.default_rng(SEED)
    drawn = counts[generator.integers(len(counts), size=(RESAMPLES, len(counts)))].sum(axis=1)
    said: dict[str, Any] = {"recordings": len(rows), "notes": int(counts[:, 0].sum())}
    names = ("doubtful_without", "doubtful", "elsewhere", "doubtful_or_withdrawn")
    for i, name in enumerate(names, start=1):
        low, high = np.percentile(drawn[:, i] / np.maximum(drawn[:, 0], 1), [2.5, 97.5])
        value = counts[:, i].sum() / max(counts[:, 0].sum(), 1)
        said[name] = {"value": float(value), "low": float(low), "high": float(high)}
    shares = [one.share for one in rows]
    said["share_at_other_pitches"] = {
        "median": float(np.median(shares)),
        "highest": float(np.max(shares)),
    }
    return said


def true_ones(recording: Recording) -> Any:
    """Numbers of the notes that the reference has, too."""
    reference = list(recording.notes or ())

    def chosen(notes: Sequence[Note]) -> list[int]:
        return sorted(j for _, j in matched_pairs(reference, notes, onset_tolerance=0.1))

    return chosen


def every(notes: Sequence[Note]) -> list[int]:
    return list(range(len(notes)))


def outside(reference: Sequence[tuple[float, float, float]], vocabulary: Vocabulary) -> Any:
    """Numbers of the notes of which most lies under a reference note of another pitch."""
    known = {pitch + vocabulary.sounding_offset for pitch in vocabulary.pitches}
    others = [(a, b) for a, b, midi in reference if round(midi) not in known]

    def chosen(notes: Sequence[Note]) -> list[int]:
        return [
            i
            for i, note in enumerate(notes)
            if max((min(b, note.offset) - max(a, note.onset) for a, b in others), default=0.0)
            > MOST * note.duration
        ]

    return chosen


def real_clips(folder: Path) -> Iterable[tuple[Recording, list[tuple[float, float, float]]]]:
    """Clips of solfege, with their notes by hand."""
    with (folder / "index.csv").open(encoding="utf-8") as file:
        ids = [row["id"] for row in csv.DictReader(file) if row["id"].startswith("ssvd_")]
    for name in ids:
        with (folder / "notes" / f"{name}.csv").open(encoding="utf-8") as file:
            notes = [
                (float(r["onset"]), float(r["offset"]), float(r["midi"]))
                for r in csv.DictReader(file)
            ]
        yield Recording(name, path=folder / "audio" / f"{name}.flac"), notes


def singers(vocabulary: Vocabulary, seed: int, folder: Path) -> Iterable[Recording]:
    """Synthetic singers at other pitches, from a fifth below the vocabulary to a fifth above."""
    low, high = vocabulary.pitches[0] - 7, vocabulary.pitches[-1] + 7
    others = tuple(p for p in range(low, high + 1) if p not in vocabulary.pitches)
    settings = SynthesisSettings(
        recordings=24,
        pitches=others,
        sounding_offset=vocabulary.sounding_offset,
        conditions=("studio", "noisy", "laptop"),
        severity=(0.0, 3.0),
        seed=seed,
    )
    write_folder(folder, settings)
    return load_folder(folder)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--accept-error", type=float, default=0.05)
    parser.add_argument("--onset-tolerance", type=float, choices=(0.05, 0.1), default=0.05)
    parser.add_argument("--clips", type=int, default=50, help="clips of real singers, at most")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    model, listener = load_model(given.model), PitchListener()
    counts = model.calibrator.notes_accepted(given.onset_tolerance)
    found = note_threshold(counts, given.accept_error)
    result: dict[str, Any] = {
        "accept_error": given.accept_error,
        "onset_tolerance": given.onset_tolerance,
        "threshold": found.threshold,
        "promise": found.words,
    }

    def count(name: str, parts: Iterable[tuple[Recording, Any]]) -> None:
        """Count a group of recordings, and write what is there so far."""
        rows = [
            counted(model, listener, r, found.threshold, keep, given.onset_tolerance)
            for r, keep in parts
        ]
        result[name] = summary(rows)
        text = json.dumps(result, indent=1)
        print(text, flush=True)
        if given.json is not None:
            given.json.write_text(text + "\n", encoding="utf-8")

    data = load_folder(given.data).split(given.split)
    count("true", ((r, true_ones(r)) for r in data))
    with tempfile.TemporaryDirectory() as name:
        made = singers(model.vocabulary, REPORTED, Path(name) / "others")
        count("synthetic_outside", ((r, every) for r in made))
    if given.real is not None:
        clips = sorted(real_clips(given.real), key=lambda clip: clip[0].id)
        order = np.random.default_rng(SEED).permutation(len(clips))[: given.clips]
        chosen = (clips[i] for i in sorted(order))
        count("real_outside", ((r, outside(notes, model.vocabulary)) for r, notes in chosen))


if __name__ == "__main__":
    main()
