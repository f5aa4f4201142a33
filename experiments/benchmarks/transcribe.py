"""How fast transcribing is: our whole process against one that only runs pYIN.

    python experiments/benchmarks/transcribe.py MODEL
    python experiments/benchmarks/transcribe.py MODEL --data ../shared/voice_c4e4g4
    python experiments/benchmarks/transcribe.py MODEL --audio song.wav --runs 9

A is ``python -m bayes_a2m transcribe MODEL song.wav -o FOLDER``, from the start of the process to
its end: imports, loading model and sound, notes, and the files on disk. B is a process that loads
the sound and runs ``librosa.pyin(frame_length=2048, hop_length=256, fmin=C2, fmax=C6)``, which is
a pitch a frame and no note yet. Both have one thread and the same sound, and take turns, A B A B;
what counts is the median of the ratios, pair by pair.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

RATE = 16000

PYIN = """
import sys
import librosa, soundfile
samples, rate = soundfile.read(sys.argv[1], dtype="float32")
librosa.pyin(
    samples,
    sr=rate,
    frame_length=2048,
    hop_length=256,
    fmin=librosa.note_to_hz("C2"),
    fmax=librosa.note_to_hz("C6"),
)
"""


def voice_like(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """A harmonic tone with vibrato, a new pitch or a rest every half second, over noise."""
    generator = np.random.default_rng(seed)
    time_ = np.arange(round(seconds * RATE)) / RATE
    pitches = generator.choice([0, 48, 52, 55], size=int(seconds * 2) + 1)
    sung = pitches[(time_ * 2).astype(int)]
    f0 = 440 * 2 ** ((sung - 69) / 12) * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * time_))
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    tone = sum(np.sin(h * phase) / h for h in range(1, 20)) * (sung > 0)
    noise = generator.standard_normal(len(time_))
    samples: NDArray[np.float32] = (0.1 * tone + 0.002 * noise).astype(np.float32)
    return samples


def write_sound(path: Path, arguments: argparse.Namespace) -> float:
    """Write what both processes read: mono, 16 kHz. Returns its seconds."""
    import soundfile

    from bayes_a2m.audio import io

    wanted = round(arguments.seconds * RATE)
    if arguments.audio or arguments.data:
        pieces: list[NDArray[np.float32]] = []
        for file in io.find([arguments.audio or arguments.data]):
            pieces.append(io.load(file, RATE))
            if sum(map(len, pieces)) >= wanted:
                break
        samples = np.concatenate(pieces)[:wanted]
    else:
        samples = voice_like(arguments.seconds)
    soundfile.write(path, samples, RATE)
    return len(samples) / RATE


def seconds_of(command: list[str]) -> float:
    """How long a process takes, alone on one thread."""
    threads = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA")
    environment = os.environ | {f"{name}_NUM_THREADS": "1" for name in threads}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed keeps its bytecode
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:6])} ...: failed\n{done.stderr}")
    return time.perf_counter() - start


def main() -> None:
    """Measure and print the pairs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model directory")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--audio", type=Path, help="a sound file; else a synthetic voice")
    source.add_argument("--data", type=Path, help="a folder whose recordings are put in a row")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs")
    parser.add_argument("--format", default="mid,csv,png", help="what transcribe writes")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        audio = folder / "song.wav"
        seconds = write_sound(audio, arguments)
        own = [sys.executable, "-m", "bayes_a2m", "transcribe", str(arguments.model), str(audio)]
        own += ["-o", str(folder / "out"), "--format", arguments.format]
        pyin = [sys.executable, "-c", PYIN, str(audio)]
        # one of each that does not count: files into the cache, numba's code compiled
        seconds_of(own)
        seconds_of(pyin)
        print(f"{seconds:.0f} s of audio, one thread, whole processes, seconds")
        print(f"{'pair':>6} {'transcribe':>11} {'pYIN':>7} {'pYIN / transcribe':>18}", flush=True)
        pairs = []
        for run in range(arguments.runs):
            a, b = seconds_of(own), seconds_of(pyin)
            pairs.append((a, b))
            print(f"{run + 1:>6} {a:>11.2f} {b:>7.2f} {b / a:>18.2f}", flush=True)
        a, b = (median(column) for column in zip(*pairs, strict=True))
        ratio = median(b / a for a, b in pairs)
        print(f"{'median':>6} {a:>11.2f} {b:>7.2f} {ratio:>18.2f}")


if __name__ == "__main__":
    main()
