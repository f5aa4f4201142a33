"""Is it a voice? What a pitch tracker hears in synthetic voices, and how fast they sing.

    OMP_NUM_THREADS=1 python experiments/benchmarks/singer.py
    OMP_NUM_THREADS=1 python experiments/benchmarks/singer.py --recordings 100 --severity 3

For both octaves and every condition, pooled over recordings: the share of sounding frames that
the tracker finds, the share of those within 50 cents of the f0 that was asked for, and the share
of silent frames it calls voiced (room tails and breaths are sound, too). Trackers: pYIN (frame
1024, hop 96), and swift-f0 where it is installed. Then seconds of audio made in a second of one
core's time, by condition, files written.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    # before numpy is loaded: it looks only once
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[_name] = "1"

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.conditions import CONDITIONS
from bayes_a2m.datasets.synthetic import SynthesisSettings, synthesise, write_folder
from bayes_a2m.music import FrameGrid

Tracker = Callable[[NDArray[np.float32], float], tuple[NDArray[np.float64], NDArray[np.bool_]]]

RATE, HOP = 16000, 96

SURE = 0.5
"""Confidence from which swift-f0's frames count as voiced."""


def pyin(
    samples: NDArray[np.float32], lowest: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """f0 and voicing by librosa's pYIN, over three octaves."""
    import librosa

    f0, voiced, _ = librosa.pyin(
        samples, fmin=lowest, fmax=8 * lowest, sr=RATE, frame_length=1024, hop_length=HOP
    )
    return f0, voiced


def swift_f0(
    samples: NDArray[np.float32], lowest: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """f0 and voicing by swift-f0, brought to our frames."""
    from swift_f0 import SwiftF0

    result = SwiftF0(threads=1).detect(samples, RATE, fmin=lowest, fmax=8 * lowest)
    times = np.arange(1 + len(samples) // HOP) * HOP / RATE
    nearest = np.abs(np.asarray(result.timestamps)[None, :] - times[:, None]).argmin(axis=1)
    return np.asarray(result.pitch_hz)[nearest], np.asarray(result.confidence)[nearest] > SURE


def trackers() -> dict[str, Tracker]:
    """Those that are installed."""
    from importlib.util import find_spec

    found: dict[str, Tracker] = {"pYIN": pyin}
    if find_spec("swift_f0"):
        found["swift-f0"] = swift_f0
    return found


def check(track: Tracker, settings: SynthesisSettings) -> tuple[float, float, float]:
    """Shares: sounding frames found, those within 50 cents, silent frames called voiced."""
    grid = FrameGrid(RATE, HOP)
    sounding = found = right = silent = false = 0
    for index in range(settings.recordings):
        made = synthesise(settings, index)
        assert made.recording.samples is not None
        lowest = 65.4 if settings.sounding_offset < 0 else 110.0
        f0, voiced = track(made.recording.samples, lowest)
        sounds, asked = made.sounding(grid), made.f0(grid)
        size = min(len(f0), len(asked))
        f0, voiced, sounds, asked = f0[:size], voiced[:size], sounds[:size], asked[:size]
        near = np.abs(1200 * np.log2(f0 / asked)) < 50
        sounding += int(sounds.sum())
        found += int((sounds & voiced).sum())
        right += int((sounds & voiced & near).sum())
        silent += int((~sounds).sum())
        false += int((~sounds & voiced).sum())
    return found / sounding, right / found, false / silent


def speed(settings: SynthesisSettings) -> float:
    """Seconds of audio written in a second of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        write_folder(Path(folder) / "voices", settings)
        return settings.recordings * settings.seconds / (time.process_time() - start)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=50, help="of each kind")
    parser.add_argument("--severity", type=float, default=0.0, help="of the conditions, 0 to 5")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    severity = (arguments.severity, arguments.severity)
    print("| tracker | octave | condition | found | within 50 cents | silence taken as voiced |")
    print("|---|---|---|---|---|---|")
    for name, track in trackers().items():
        for offset in (-12, 0):
            for condition in CONDITIONS:
                settings = SynthesisSettings(
                    recordings=arguments.recordings,
                    conditions=(condition,),
                    severity=severity,
                    sounding_offset=offset,
                    seed=arguments.seed,
                )
                found, near, false = check(track, settings)
                octave = "as labelled" if offset == 0 else "one lower"
                print(
                    f"| {name} | {octave} | {condition} | {found:.1%} | {near:.1%} | {false:.1%} |",
                    flush=True,
                )
    print("\n| condition | seconds of audio a second |\n|---|---|")
    for condition in CONDITIONS:
        settings = SynthesisSettings(
            recordings=30, conditions=(condition,), severity=(0, 3), seed=arguments.seed
        )
        print(f"| {condition} | {speed(settings):.0f} |", flush=True)


if __name__ == "__main__":
    main()
