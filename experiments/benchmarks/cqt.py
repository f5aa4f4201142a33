"""How fast the CQT is: ours against ``librosa.cqt`` and, where it is installed, nnAudio.

    OMP_NUM_THREADS=1 python experiments/benchmarks/cqt.py
    OMP_NUM_THREADS=1 python experiments/benchmarks/cqt.py --data ../shared/voice_c4e4g4
    OMP_NUM_THREADS=1 python experiments/benchmarks/cqt.py --audio song.wav --seconds 4 60 300

The same samples, one thread, warm (kernels made, caches filled), in one process, by turns: ours,
theirs, ours, theirs. A machine that slows down slows down both, so that what counts is the median
of the ratios, pair by pair. The error is that of the magnitudes, of the norm of librosa's with all
of its kernels (``sparsity=0``), and says how far librosa's own default is from that.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":
    # before numpy and torch are loaded: they look only once
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[_name] = "1"

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Transform = Callable[[Samples], NDArray[Any]]

RATE, HOP, BINS, PER_OCTAVE = 16000, 96, 252, 36
C1 = 32.70319566257483


def voice_like(seconds: float, seed: int = 0) -> Samples:
    """A harmonic tone with vibrato, a new pitch every half second, over noise."""
    generator = np.random.default_rng(seed)
    time_ = np.arange(round(seconds * RATE)) / RATE
    pitches = generator.choice([48, 52, 55], size=int(seconds * 2) + 1)
    f0 = 440 * 2 ** ((pitches[(time_ * 2).astype(int)] - 69) / 12)
    f0 = f0 * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * time_))
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    tone = sum(np.sin(h * phase) / h for h in range(1, 20))
    noise = generator.standard_normal(len(time_))
    return (0.1 * tone + 0.002 * noise).astype(np.float32)


def sound(arguments: argparse.Namespace, seconds: float) -> Samples:
    """So many seconds: of a file, of a folder's recordings in a row, or made up."""
    from bayes_a2m.audio import io

    if not (arguments.audio or arguments.data):
        return voice_like(seconds)
    paths = io.find([arguments.audio or arguments.data])
    pieces: list[Samples] = []
    wanted = round(seconds * RATE)
    while sum(map(len, pieces)) < wanted:  # from the start again where there is too little
        pieces.append(io.load(paths[len(pieces) % len(paths)], RATE))
    return np.concatenate(pieces)[:wanted]


def ours() -> Transform:
    """The package's CQT, magnitudes ``(frames, bins)``."""
    import torch

    from bayes_a2m.audio.cqt import CQT

    torch.set_num_threads(1)
    transform = CQT(sample_rate=RATE, hop=HOP, bins=BINS, bins_per_octave=PER_OCTAVE)

    def run(samples: Samples) -> NDArray[Any]:
        with torch.inference_mode():
            magnitude: NDArray[Any] = transform(torch.from_numpy(samples)).abs().numpy()
        return magnitude

    return run


def librosas(sparsity: float = 0.01) -> Transform:
    """``librosa.cqt``, 0.01 being its default sparsity."""
    import librosa

    def run(samples: Samples) -> NDArray[Any]:
        spectrum = librosa.cqt(
            samples,
            sr=RATE,
            hop_length=HOP,
            fmin=C1,
            n_bins=BINS,
            bins_per_octave=PER_OCTAVE,
            sparsity=sparsity,
        )
        magnitude: NDArray[Any] = np.abs(spectrum).T
        return magnitude

    return run


def nnaudios() -> Transform | None:
    """nnAudio's CQT1992v2 (its CQT2010v2 does not take this hop), or None without nnAudio."""
    try:
        from nnAudio.features import CQT1992v2
    except ImportError:
        return None
    import torch

    transform = CQT1992v2(
        sr=RATE,
        hop_length=HOP,
        fmin=C1,
        n_bins=BINS,
        bins_per_octave=PER_OCTAVE,
        pad_mode="constant",
        verbose=False,
    )

    def run(samples: Samples) -> NDArray[Any]:
        with torch.inference_mode():
            spectrum = transform(torch.from_numpy(samples)[None], normalization_type="librosa")
        magnitude: NDArray[Any] = spectrum[0].numpy().T
        return magnitude

    return run


def seconds_of(transform: Transform, samples: Samples) -> float:
    """How long one run takes."""
    start = time.perf_counter()
    transform(samples)
    return time.perf_counter() - start


def pairs(a: Transform, b: Transform, samples: Samples, runs: int) -> list[tuple[float, float]]:
    """Seconds of both, by turns, after one run of each that does not count."""
    a(samples)
    b(samples)
    return [(seconds_of(a, samples), seconds_of(b, samples)) for _ in range(runs)]


def relative_error(spectrum: NDArray[Any], reference: NDArray[Any]) -> float:
    """Of the norm, over the frames that both have."""
    frames = min(len(spectrum), len(reference))
    difference = spectrum[:frames] - reference[:frames]
    return float(np.linalg.norm(difference) / np.linalg.norm(reference[:frames]))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--audio", type=Path, help="a sound file; else a synthetic voice")
    source.add_argument("--data", type=Path, help="a folder whose recordings are put in a row")
    parser.add_argument("--seconds", type=float, nargs="+", default=[4.0, 60.0])
    parser.add_argument("--runs", type=int, default=15, help="pairs of runs")
    arguments = parser.parse_args()

    mine, exact = ours(), librosas(sparsity=0.0)
    others = {"librosa.cqt": librosas(), "nnAudio CQT1992v2": nnaudios()}
    head = ("audio", "against", "theirs / ours", "ours, ms", "theirs, ms", "our error", "theirs")
    line = "{:>7}  {:<18} {:>13} {:>9} {:>11} {:>10} {:>7}"
    print(line.format(*head))
    for seconds in arguments.seconds:
        samples = sound(arguments, seconds)
        reference = exact(samples)
        error = relative_error(mine(samples), reference)
        for name, other in others.items():
            if other is None:
                print(line.format(f"{seconds:g} s", name, "not installed", "", "", "", ""))
                continue
            measured = pairs(mine, other, samples, arguments.runs)
            ratio = median(theirs / our for our, theirs in measured)
            our, theirs = (1000 * median(column) for column in zip(*measured, strict=True))
            their_error = relative_error(other(samples), reference)
            cells = (f"{ratio:.1f}", f"{our:.1f}", f"{theirs:.1f}")
            errors = (f"{100 * error:.2f} %", f"{100 * their_error:.2f} %")
            print(line.format(f"{seconds:g} s", name, *cells, *errors), flush=True)


if __name__ == "__main__":
    main()
