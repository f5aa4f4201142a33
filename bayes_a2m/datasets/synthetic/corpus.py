"""A corpus of synthetic recordings is sung once, and kept as features on the disk.

Thousands of recordings are more than a training would sing anew in every epoch, and more than
memory would hold: their spectra lie in a memory-mapped file in half precision (0.03 dB at the
floor), beside them what is true of each. Recording ``i`` comes from the seed and ``i`` alone, so a
corpus that was interrupted is gone on with to the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import FeatureExtractor, Features
from bayes_a2m.audio.signal import NAMES, SignalStatistics
from bayes_a2m.config.experiment import SingingSettings
from bayes_a2m.datasets import conditions
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.datasets.synthetic.labels import imperfect
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, Vocabulary

if TYPE_CHECKING:
    from bayes_a2m.datasets.synthetic.varied import VariedRecording
    from bayes_a2m.datasets.synthetic.wide import WideRecording

MOST_NOTES = 64
"""Notes of a recording that are kept; there is room for more than a voice sings in ten seconds."""

F0_SECONDS = 0.005
"""Distance of the values of a recording's true fundamental."""

KEPT = 20
"""Recordings after which what is done is written down."""


@dataclass(frozen=True)
class Corpus:
    """Features of synthetic recordings of one length, and what is true of them.

    Attributes
    ----------
    levels
        Decibels, ``(recording, frame, bin)``, float16.
    midi
        Fundamental as a fractional MIDI number, 0 where unvoiced, ``(recording, frame)``.
    notes
        Onset, offset (seconds) and pitch of the notes, ``(recording, MOST_NOTES, 3)``; the rows
        that follow the last are not a number.
    statistics
        Level, floor, bandwidth and clipping of the recordings, ``(recording, 4)``.
    """

    levels: NDArray[np.float16]
    midi: NDArray[np.float32]
    notes: NDArray[np.float32]
    statistics: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of recordings."""
        return len(self.levels)

    def signal_statistics(self) -> list[SignalStatistics]:
        """Conditions of every recording as a signal."""
        return [SignalStatistics(*map(float, row)) for row in self.statistics]


def sing_corpus(
    folder: Path,
    count: int,
    *,
    seconds: float,
    features: Features,
    seed: int,
    part: int = 0,
    singer: str = "wide",
    tell: Callable[[int], None] = lambda done: None,
) -> Corpus:
    """Sing the recordings that a folder lacks, and open it.

    Parameters
    ----------
    folder
        Folder of the corpus; made where there is none.
    count, seconds
        Number of recordings, and their length.
    features
        Settings of the spectra.
    seed, part
        Seed of all recordings, and the number of this corpus among those of the seed.
    singer
        Who makes them: ``wide`` or ``varied``.
    tell
        Told how many are done, now and then.

    Raises
    ------
    InputError
        If the folder holds a corpus of another size.
    """
    grid = features.grid
    frames = grid.frames_in(seconds)
    folder.mkdir(parents=True, exist_ok=True)
    shapes: dict[str, tuple[tuple[int, ...], str]] = {
        "levels": ((count, frames, features.bins), "<f2"),
        "midi": ((count, frames), "<f4"),
        "notes": ((count, MOST_NOTES, 3), "<f4"),
        "statistics": ((count, len(NAMES)), "<f8"),
        "done": ((count,), "|b1"),
    }
    arrays = {name: _opened(folder / f"{name}.npy", *kind) for name, kind in shapes.items()}
    extract = FeatureExtractor(features)
    missing = np.flatnonzero(~arrays["done"]).tolist()
    for place, index in enumerate(missing):
        rate = grid.sample_rate
        one = sung(seed, part, index, seconds=seconds, sample_rate=rate, singer=singer)
        arrays["levels"][index] = extract(one.samples)[:frames]
        arrays["midi"][index] = midi_of(one.f0, grid, frames)
        arrays["notes"][index] = _table(one.notes)
        signal = SignalStatistics.of(one.samples, grid.sample_rate)
        arrays["statistics"][index] = list(signal.to_dict().values())
        arrays["done"][index] = True
        if place % KEPT == KEPT - 1 or index == missing[-1]:
            # what counts as done is written after what was done
            for array in arrays.values():
                array.flush()
            tell(int(arrays["done"].sum()))
    return Corpus(arrays["levels"], arrays["midi"], arrays["notes"], arrays["statistics"])


def sung_dataset(
    count: int,
    settings: SingingSettings,
    *,
    grid: FrameGrid,
    vocabulary: Vocabulary,
    seed: int,
    part: int,
) -> Dataset:
    """Sing recordings to tune on: in worse conditions, with labels as people's are off.

    Parameters
    ----------
    count
        Number of recordings.
    settings
        Their length, the severity of the further condition, and how far labels are off.
    grid, vocabulary
        Sample rate, and the pitches that are labelled; notes of others have no label.
    seed, part
        The same as for :func:`sing_corpus`.
    """
    recordings = []
    seconds = settings.tuning_seconds
    for index in range(count):
        rate = grid.sample_rate
        one = sung(seed, part, index, seconds=seconds, sample_rate=rate, singer=settings.singer)
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part, index, 1)))
        names = conditions.CONDITIONS
        name = names[int(generator.integers(len(names)))]
        severity = generator.uniform(*settings.worse)
        worse = conditions.draw(name, severity, generator).apply(one.samples, rate)
        notes = imperfect(
            generator,
            (note for note in one.notes if note.pitch in vocabulary.pitches),
            seconds,
            lag=generator.normal(0, settings.people_lag_ms) / 1000,
            jitter=settings.people_ms / 1000,
        )
        recordings.append(
            Recording(
                f"{part}-{index:04d}",
                samples=worse,
                sample_rate=grid.sample_rate,
                notes=tuple(notes),
            )
        )
    return Dataset(tuple(recordings), vocabulary, "synthetic voices")


def sung(
    seed: int, part: int, index: int, *, seconds: float, sample_rate: int, singer: str = "wide"
) -> VariedRecording | WideRecording:
    """Sing recording number ``index`` of a part, from these numbers and the singer alone."""
    from bayes_a2m.datasets.synthetic.varied import varied_recording
    from bayes_a2m.datasets.synthetic.wide import wide_recording

    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part, index)))
    sing = wide_recording if singer == "wide" else varied_recording
    return sing(generator, seconds=seconds, sample_rate=sample_rate)


def midi_of(f0: NDArray[np.floating], grid: FrameGrid, frames: int) -> NDArray[np.float32]:
    """Read the fundamental at the frames, as fractional MIDI; 0 where unvoiced.

    Parameters
    ----------
    f0
        Hertz every :data:`F0_SECONDS`, 0 where unvoiced.
    grid, frames
        Times to read it at.

    >>> midi_of(np.array([440.0, 440.0, 0.0]), FrameGrid(), 3).tolist()
    [69.0, 69.0, 0.0]
    """
    nearest = np.rint(grid.times(frames) / F0_SECONDS).astype(np.int64)
    values = np.asarray(f0, dtype=np.float64)[np.minimum(nearest, len(f0) - 1)]
    with np.errstate(divide="ignore"):
        midi = 69 + 12 * np.log2(values / 440)
    return np.where(values > 0, midi, 0).astype(np.float32)


def _table(notes: tuple[Note, ...]) -> NDArray[np.float32]:
    table = np.full((MOST_NOTES, 3), np.nan, dtype=np.float32)
    for row, note in zip(table, sorted(notes), strict=False):
        row[:] = (note.onset, note.offset, note.pitch)
    return table


def _opened(path: Path, shape: tuple[int, ...], kind: str) -> np.memmap:
    """Open an array for reading and writing; one of zeros where there is none."""
    if not path.is_file():
        return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
    array = np.lib.format.open_memmap(path, mode="r+")
    if array.shape != shape or array.dtype != np.dtype(kind):
        raise InputError(
            f"{path}: is of another corpus ({array.shape}, not {shape}); delete {path.parent}"
        )
    return array
