"""Make a small piano set in the form of MAESTRO: pieces from nothing, played by a soundfont.

    apt-get install fluidsynth timgm6mb-soundfont
    python experiments/benchmarks/piano.py piano --recordings 30 --seconds 20
    bayes-a2m train crnn --data piano --out models/piano

A melody wanders over two octaves, and under it lie chords; both come from the seed. What is made
is a data folder: nested WAV and MIDI files and the table that lists them.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.music import Note, midi

SOUNDFONTS = (
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
)
"""Where Debian's packages put soundfonts; their first program is a piano."""

COLUMNS = (
    "canonical_composer",
    "canonical_title",
    "split",
    "year",
    "midi_filename",
    "audio_filename",
    "duration",
)

SCALE = (0, 2, 4, 5, 7, 9, 11)


def piece(generator: np.random.Generator, seconds: float) -> list[Note]:
    """Compose a melody over chords, in C."""
    notes, time, step = [], 0.2, int(generator.integers(0, 7))
    while time < seconds - 0.6:
        length = float(generator.choice([0.25, 0.5, 0.5, 1.0]))
        step = int(np.clip(step + generator.integers(-2, 3), 0, 14))
        if generator.uniform() < 0.9:  # else a rest
            pitch = 60 + 12 * (step // 7) + SCALE[step % 7]
            end = min(time + length * float(generator.uniform(0.6, 0.95)), seconds)
            notes.append(Note(time, end, pitch, int(generator.integers(70, 110))))
        time += length
    for begin in np.arange(0.2, seconds - 1.5, 2.0):
        root = int(generator.integers(0, 6))
        for third in (0, 2, 4):
            pitch = 36 + 12 * ((root + third) // 7) + SCALE[(root + third) % 7]
            notes.append(Note(float(begin), float(begin) + 1.5, pitch, 50))
    return sorted(notes)


def make(folder: Path, recordings: int, seconds: float, seed: int = 0) -> None:
    """Write the folder.

    Raises
    ------
    InputError
        If fluidsynth or a soundfont is not installed, or a piece cannot be played.
    """
    player = shutil.which("fluidsynth")
    fonts = [font for font in SOUNDFONTS if Path(font).is_file()]
    if player is None or not fonts:
        raise InputError("install fluidsynth and a soundfont: timgm6mb-soundfont")
    rows = []
    for number in range(recordings):
        generator = np.random.default_rng([seed, number])
        year = 2000 + number % 3
        stem = f"{year}/piece_{number:03d}"
        (folder / str(year)).mkdir(parents=True, exist_ok=True)
        midi.write(folder / f"{stem}.midi", piece(generator, seconds))
        sound = folder / f"{stem}.wav"
        done = subprocess.run(
            [player, "-ni", "-q", "-r", "16000", "-F", sound, fonts[0], folder / f"{stem}.midi"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not sound.is_file():
            raise InputError(
                f"{sound}: fluidsynth could not play it ({done.stderr.strip()[-200:]})"
            )
        split = ("train", "train", "train", "train", "validation")[number % 5]
        rows.append(
            ("bayes_a2m", f"piece {number}", split, year, f"{stem}.midi", f"{stem}.wav", seconds)
        )
    with (folder / "piano.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def main() -> None:
    """Read the arguments and write the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recordings", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    make(given.folder, given.recordings, given.seconds, given.seed)


if __name__ == "__main__":
    main()
