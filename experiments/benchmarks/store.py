"""Measure memory and time of features and an epoch, by the number of recordings.

    python experiments/benchmarks/store.py --recordings 200,2000,20000

Recordings of 4 s, each of other tones, are written to a folder, their features to a store on the
disk, and a small CRNN is trained on them for an epoch. Every number of recordings has a process of
its own, whose peak memory is told. 20,000 recordings (22 hours) take 16 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTINGS = (
    "network.channels=[4, 6, 8]",
    "network.projection=16",
    "network.hidden=12",
    "network.features=8",
    "training.epochs=1",
)


def main() -> None:
    """Measure every number of recordings, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", default="200,500", help="numbers, with commas between")
    parser.add_argument("--folder", type=Path, help="where sounds and features lie meanwhile")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        measure(given.one, given.folder)
        return
    print("| recordings | features, ms each | epoch, ms each | peak memory, MB | store, GB |")
    print("|---|---|---|---|---|")
    for count in map(int, given.recordings.split(",")):
        with tempfile.TemporaryDirectory(dir=given.folder, prefix="store-") as folder:
            command = [sys.executable, __file__, "--one", str(count), "--folder", folder]
            environment = {**os.environ, "BAYES_A2M_STORE": str(Path(folder) / "store")}
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        found = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {count:,} | {1000 * found['features']:.0f} | {1000 * found['epoch']:.0f} "
            f"| {found['memory']:.0f} | {found['store']:.2f} |",
            flush=True,
        )


def measure(count: int, folder: Path) -> None:
    """Write recordings, build their features, train for an epoch; print what it took."""
    import numpy as np
    import soundfile

    from bayes_a2m.audio.store import FeatureStore
    from bayes_a2m.config.experiment import load_experiment
    from bayes_a2m.datasets import Dataset, Recording
    from bayes_a2m.models import make_posterior
    from bayes_a2m.music import Note, Vocabulary
    from bayes_a2m.posteriors.network_posterior import FitContext, NetworkPosterior
    from bayes_a2m.posteriors.training_data import TrainingData

    sounds = folder / "sounds"
    sounds.mkdir()
    clock = np.arange(64000) / 16000
    vocabulary, recordings = Vocabulary(), []
    for number in range(count):
        generator = np.random.default_rng([0, number])
        pitch = vocabulary.pitches[int(generator.integers(len(vocabulary.pitches)))]
        onset = float(generator.uniform(0.2, 1.5))
        sung = (clock > onset) & (clock < onset + 2)
        tone = 0.2 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * clock) * sung
        path = sounds / f"voice_{number}.wav"
        soundfile.write(path, tone + 1e-3 * generator.standard_normal(clock.size), 16000)
        notes = (Note(onset, onset + 2, pitch),)
        recordings.append(Recording(path.stem, path=path, take=path.stem, notes=notes))
    cut = max(1, count // 10)
    tune, fit = (Dataset(tuple(part), vocabulary) for part in (recordings[:cut], recordings[cut:]))
    experiment = load_experiment("crnn", SETTINGS)
    begun = time.perf_counter()
    data = TrainingData.of(fit, tune, experiment)
    built = time.perf_counter()
    model = make_posterior(experiment)
    assert isinstance(model, NetworkPosterior)
    model.fit_examples(data, FitContext(folder / "work"))
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    values = {
        "features": (built - begun) / count,
        "epoch": (ended - built) / count,
        "memory": peak / (2**20 if sys.platform == "darwin" else 2**10),
        "store": FeatureStore.usual().size() / 1e9,
    }
    print(json.dumps(values))


if __name__ == "__main__":
    main()
