"""What does training on aligned labels do? On labels as they are and on aligned ones.

    bayes-a2m audit DATA --out models/audit --write-aligned data/aligned
    for s in 0 1 2; do
        bayes-a2m train crnn --data DATA --seed $s --out models/as_is_$s
        bayes-a2m train crnn --data data/aligned --seed $s --out models/aligned_$s
    done
    python experiments/benchmarks/aligned.py --as-is models/as_is_? --aligned models/aligned_? \
        --data DATA --aligned-data data/aligned --out reports/voice_c4e4g4/audit

Scores of the validation split, the seeds of a side taken together; differences (trained on aligned
labels less trained as they are) are paired by recording, with 95 % intervals from resampling
recordings. Near: within 50 ms of a change of the labels that are scored against.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.evaluation import Evaluation, evaluate
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.models import load_model
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

SCORES = ("accuracy", "nll", "ece")
PLACES = ("all", "near", "away")
RESAMPLES = 2000


def main() -> None:
    """Evaluate all models on both labels, write tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as-is", type=Path, nargs="+", required=True)
    parser.add_argument("--aligned", type=Path, nargs="+", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--aligned-data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    sides = {"as they are": given.as_is, "aligned": given.aligned}
    folders = {"as they are": given.data, "aligned": given.aligned_data}
    found: dict[str, Any] = {}
    for labels, folder in folders.items():
        data = load_folder(folder, seed=0).split("validation")
        results = {side: [measured(path, data) for path in paths] for side, paths in sides.items()}
        found[labels] = {
            "by_place": {place: compared(results, place) for place in PLACES},
            "notes": notes(results),
            "by_condition": {
                name: compared(results, "all", np.array([r.condition for r in data]) == name)
                for name in sorted({r.condition for r in data})
            },
        }
    write_json(given.out / "aligned.json", found)
    write_text(given.out / "aligned.md", table(found))
    print(table(found))


def measured(path: Path, data: Dataset) -> Evaluation:
    """One model on one set of labels."""
    return evaluate(load_model(path), data)


def compared(
    results: dict[str, list[Evaluation]],
    place: str,
    which: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Scores of both sides and their difference."""
    counts = {side: summed([counted(one, place) for one in own]) for side, own in results.items()}
    if which is not None:
        counts = {side: one.select(which) for side, one in counts.items()}
    before, after = counts["as they are"], counts["aligned"]
    weights = resample_weights(len(before), RESAMPLES, np.random.default_rng(0))

    def difference(w: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        a, b = before.quick_metrics_of(w), after.quick_metrics_of(w)
        return {name: b[name] - a[name] for name in SCORES}

    gap = intervals(difference, weights)
    return {
        **{side: scored(one, weights) for side, one in counts.items()},
        "difference": {name: vars(gap[name]) for name in SCORES},
    }


def scored(counts: FrameStatistics, weights: NDArray[np.int64]) -> dict[str, Any]:
    """The scores with intervals."""
    found = intervals(counts.quick_metrics_of, weights)
    return {name: vars(found[name]) for name in SCORES}


def counted(one: Evaluation, place: str) -> FrameStatistics:
    """Of the frames of a place."""
    return {"all": one.frames, "near": one.near, "away": one.away}[place]


def summed(parts: Sequence[FrameStatistics]) -> FrameStatistics:
    """The seeds of a side as one: their counts added, recording by recording."""
    added = {f.name: sum(getattr(p, f.name) for p in parts) for f in fields(FrameStatistics)}
    return FrameStatistics(**added)


def notes(results: dict[str, list[Evaluation]]) -> dict[str, Any]:
    """Note onset F1 of both sides, and the difference."""
    own = {
        side: NoteStatistics(
            **{
                f.name: sum(getattr(one.notes, f.name) for one in runs)
                for f in fields(NoteStatistics)
            }
        )
        for side, runs in results.items()
    }
    before, after = own["as they are"], own["aligned"]
    weights = resample_weights(len(before), RESAMPLES, np.random.default_rng(0))

    def difference(w: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        a, b = before.metrics_of(w), after.metrics_of(w)
        return {name: b[name] - a[name] for name in a}

    gap = intervals(difference, weights)
    return {
        **{
            side: {name: vars(v) for name, v in intervals(one.metrics_of, weights).items()}
            for side, one in own.items()
        },
        "difference": {name: vars(v) for name, v in gap.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Both labels, all places, as Markdown."""
    lines = [
        "| scored against labels | frames | trained on labels as they are | trained on aligned "
        "labels | difference |",
        "|---|---|---|---|---|",
    ]
    for labels, results in found.items():
        rows = {**results["by_place"], **results["by_condition"]}
        for place, one in rows.items():
            for score in SCORES if place in PLACES else ("accuracy", "nll"):
                values = (one[side][score]["value"] for side in ("as they are", "aligned"))
                shown = " | ".join(f"{value:.3f}" for value in values)
                gap = signed(one["difference"][score])
                lines.append(f"| {labels} | {place}, {score} | {shown} | {gap} |")
        one = results["notes"]
        for score in ("note_onset_f1_50ms", "note_onset_f1_100ms"):
            values = (one[side][score]["value"] for side in ("as they are", "aligned"))
            shown = " | ".join(f"{value:.3f}" for value in values)
            lines.append(f"| {labels} | {score} | {shown} | {signed(one['difference'][score])} |")
    return "\n".join(lines) + "\n"


def signed(gap: dict[str, float]) -> str:
    """A difference with its interval."""
    return f"{gap['value']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"


if __name__ == "__main__":
    main()
