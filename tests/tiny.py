"""A data folder that a tiny network learns in seconds: harmonic tones and silences."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bayes_a2m.music import Note, midi

RATE = 16000

# A network small enough to be trained in a test, and settings that make it learn at once.
SMALL = (
    "network.channels=[4, 6, 8]",
    "network.projection=16",
    "network.hidden=12",
    "network.features=8",
    "features.bins=84",
    "features.bins_per_octave=12",
    "training.epochs=24",
    "training.batch=4",
    "training.learning_rate=0.02",
    "training.averaging=0.8",
    "training.augment.shift_bins=0",
    "training.augment.mask_bins=4",
)


def tone(notes: list[Note], seconds: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Five harmonics a note over faint noise, mono at 16 kHz."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = 1e-3 * generator.standard_normal(time.shape[0])
    for note in notes:
        f0 = 440 * 2 ** ((note.pitch - 69) / 12)
        on = (time >= note.onset) & (time < note.offset)
        for h in range(1, 6):
            sound += on * 0.2 / h * np.sin(2 * np.pi * h * f0 * time)
    return (0.5 * sound).astype(np.float32)


def melody(generator: np.random.Generator, seconds: float) -> list[Note]:
    """A few notes of C4, E4 and G4 with rests between them."""
    notes, now = [], float(generator.uniform(0.05, 0.2))
    while now < seconds - 0.3:
        length = float(generator.uniform(0.2, 0.4))
        end = min(now + length, seconds - 0.05)
        notes.append(Note(now, end, int(generator.choice([60, 64, 67]))))
        now = end + float(generator.uniform(0.1, 0.25))
    return notes


def make_folder(path: Path, recordings: int = 16, seconds: float = 1.2) -> Path:
    """Write a data folder whose metadata name a train and a validation split."""
    path.mkdir(parents=True)
    generator = np.random.default_rng(7)
    rows = ["id,condition,split,take"]
    for i in range(1, recordings + 1):
        notes = melody(generator, seconds)
        soundfile.write(path / f"voice_{i:03d}.wav", tone(notes, seconds, generator), RATE)
        midi.write(path / f"midi_{i:03d}.mid", notes)
        condition = ("studio", "noisy")[i % 2]
        split = "validation" if i > recordings - 4 else "train"
        rows.append(f"{i:03d},{condition},{split},")
    (path / "metadata.csv").write_text("\n".join(rows) + "\n")
    return path


def copy_to_change(model: Path, path: Path) -> Path:
    """A copy of a model directory without its checksums, whose files may be changed."""
    shutil.copytree(model, path, ignore=shutil.ignore_patterns("checksums.sha256"))
    return path
