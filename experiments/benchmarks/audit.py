"""Does the audit find what is wrong? Swapped MIDI, five kinds of wrong labels, lags put in.

    python experiments/benchmarks/audit.py --data DATA --work models/audit \
        --out reports/voice_c4e4g4/audit

*Swapped*: 5 recordings of DATA get another recording's MIDI (labels that agree on fewer than 60 %
of frames), for 5 draws of the pairs; where do they rank? *Wrong*: 200 synthetic recordings, a tenth
of them with one of five kinds of wrong labels; how many are among the first 15 %? Models are
trained on the wrong labels, out of fold, with the experiment ``laplace`` cut to a few epochs.
*Lag*: the labels of one condition are moved by a known amount and the lag measured anew.
What is in ``--work`` is not trained or made again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.datasets.corruption import corrupted, moved_by
from bayes_a2m.files import write_json
from bayes_a2m.label_audit.lag import lag_profiles, pooled_lag
from bayes_a2m.label_audit.out_of_fold import AuditData, classify_frames, predict_out_of_fold
from bayes_a2m.label_audit.suspects import suspects
from bayes_a2m.music import FrameGrid

SWAPPED, DRAWS = 5, 5
SHARE = 0.1
FIRST = 0.15
LAGS = {"laptop": (-0.06, 0.06), "studio": (-0.048, 0.048), "noisy": (-0.03, 0.09)}


def main() -> None:
    """Train what is missing, audit, write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    data = load_folder(given.data, seed=0)
    found = {
        "swapped": [swapped(data, draw, given.work / f"swap_{draw}") for draw in range(DRAWS)],
        "wrong": wrong(given.work),
        "lag": lags(data),
    }
    write_json(given.out / "benchmark.json", found)
    for one in found["swapped"]:
        print("swapped:", one["ranks"])
    print("wrong:", found["wrong"]["found"], "of", len(found["wrong"]["ranks"]))
    for row in found["lag"]:
        print(f"{row['condition']}: put in {row['put_in']:+.3f} s, found {row['found']:+.4f} s")


def swapped(data: Dataset, draw: int, models: Path) -> dict[str, Any]:
    """Where recordings with another's MIDI rank, by models of 3 folds and 6 epochs."""
    share = SWAPPED / len(data)
    changed, done = corrupted(data, np.random.default_rng(draw), share=share, ways=("alien",))
    return ranked(changed, done, models, epochs=6, folds=3)


def wrong(work: Path) -> dict[str, Any]:
    """How many of five kinds of wrong labels are found, by models of 5 folds and 8 epochs."""
    from bayes_a2m.datasets.synthetic import SynthesisSettings, write_folder

    folder = work / "synth"
    if not folder.is_dir():
        write_folder(folder, SynthesisSettings(recordings=200, seed=11))
    data = load_folder(folder, seed=0)
    changed, done = corrupted(data, np.random.default_rng(0), share=SHARE)
    found = ranked(changed, done, work / "synth_models", epochs=8, folds=5)
    most = int(FIRST * len(data))
    return {**found, "first": most, "found": sum(r <= most for r in found["ranks"].values())}


def ranked(
    data: Dataset, done: dict[str, str], models: Path, *, epochs: int, folds: int
) -> dict[str, Any]:
    """The rank and the cause given of every recording that was changed."""
    plan = load_experiment("laplace", [f"training.epochs={epochs}"], 0)
    predictions, grid = predict_out_of_fold(
        AuditData(data), plan, models, folds=folds, draws=30, bar=no_bar, say=print
    )
    order = suspects(predictions, grid, data.vocabulary)
    rank = {one.id: place for place, one in enumerate(order, start=1)}
    causes = {one.id: one.cause for one in order}
    return {
        "done": done,
        "ranks": {name: rank[name] for name in done},
        "causes": {name: causes[name] for name in done},
    }


def lags(data: Dataset) -> list[dict[str, Any]]:
    """The lag of a condition before and after its labels are moved by a known amount."""
    rows = []
    before = measured(data)
    for condition, amounts in LAGS.items():
        for amount in amounts:
            moved = tuple(
                replace(r, notes=moved_by(r.notes or (), -amount, r.duration))
                if r.condition == condition
                else r
                for r in data
            )
            after = measured(replace(data, recordings=moved))
            rows.append(
                {
                    "condition": condition,
                    "put_in": amount,
                    "found": after[condition] - before[condition],
                    "before": before[condition],
                    "after": after[condition],
                }
            )
    return rows


def measured(data: Dataset) -> dict[str, float]:
    """The lag of every condition in seconds."""
    grid = FrameGrid()
    heard = classify_frames(data, load_experiment("crnn"), grid, folds=5, bar=no_bar)
    profiles = lag_profiles(heard, data.labels_on(grid), grid)
    conditions = np.array([r.condition for r in data])
    return {
        name: float(pooled_lag(profiles, conditions == name, resamples=2).value or 0.0)
        for name in LAGS
    }


@contextmanager
def no_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """No bar: what is trained says so itself."""
    yield lambda done, total: None


if __name__ == "__main__":
    main()
