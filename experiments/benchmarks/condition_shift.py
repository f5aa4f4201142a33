"""Trained in one room, used in another: do methods know?

    python experiments/benchmarks/condition_shift.py MODEL... --data DATA --out reports/methods

Every MODEL was fitted on the studio recordings of the train split alone; the row is named after
the folder, less what stands before its first ``_``. On the split named, by condition: accuracy,
NLL, ECE, and how well epistemic scores tell recordings of the other conditions from studio ones
(AUROC). A recording's score is over its frames farther than 50 ms from a change of label:

- ``information``: mean mutual information of the draws;
- ``share``: mutual information over entropy, both summed (the number of notes drops out);
- ``distance``: the median distance from the training recordings' features
  (:class:`bayes_a2m.posteriors.density.FeatureDensity`); not a matter of draws;
- ``entropy``: for comparison, mean entropy, which is no epistemic score.

Intervals: recordings resampled, each condition's by themselves. Differences are to the first
MODEL, on the same resamples.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.models import load_model
from bayes_a2m.music.notes import near_boundary
from bayes_a2m.posteriors.density import FeatureDensity
from bayes_a2m.posteriors.ensemble import DeepEnsemble
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.resampling.bootstrap import intervals, resample_weights

HOME = "studio"
EPISTEMIC = ("information", "share", "distance", "entropy")
RESAMPLES = 2000


def scored(
    model: NetworkPosterior, density: FeatureDensity, data: Dataset, draws: int
) -> tuple[list[FrameStatistics], dict[str, NDArray[np.float64]]]:
    """Counts of every recording, and every score of it."""
    counts: list[FrameStatistics] = []
    values: dict[str, list[float]] = {name: [] for name in EPISTEMIC}
    seen = model.members[0] if isinstance(model, DeepEnsemble) else model
    assert isinstance(seen, NetworkPosterior)
    for recordings, post in model.predict_chunks(data, draws):
        information, entropy = post.mutual_information(), post.entropy()
        for i, recording in enumerate(recordings):
            truth = recording.labels(post.grid, post.vocabulary)
            counts.append(FrameStatistics.of(post.of(i), truth))
            away = np.flatnonzero(~near_boundary(truth, post.grid))
            values["information"].append(float(information[i, away].mean()))
            values["share"].append(float(information[i, away].sum() / entropy[i, away].sum()))
            values["distance"].append(float(np.median(density.of_recording(seen, recording)[away])))
            values["entropy"].append(float(entropy[i, away].mean()))
    return counts, {name: np.array(v) for name, v in values.items()}


def auroc(
    values: NDArray[np.float64], shifted: NDArray[np.bool_], generator: np.random.Generator
) -> dict[str, float | None]:
    """How often a shifted recording scores higher than one from home, with its interval."""
    if np.ptp(values) == 0:
        return {"value": None, "low": None, "high": None}
    home, away = values[~shifted], values[shifted]

    def area(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        truth = np.repeat([0, 1], [len(one), len(other)])
        return float(roc_auc_score(truth, np.concatenate([one, other])))

    drawn = [
        area(generator.choice(home, len(home)), generator.choice(away, len(away)))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"value": area(home, away), "low": float(low), "high": float(high)}


def by_condition(counts: Sequence[FrameStatistics], conditions: NDArray[np.str_]) -> dict[str, Any]:
    """Accuracy, NLL and ECE with intervals."""
    found = {}
    for condition in sorted(set(conditions), key=lambda c: (c != HOME, c)):
        some = FrameStatistics.stack(
            [c for c, k in zip(counts, conditions, strict=True) if k == condition]
        )
        weights = resample_weights(len(some), RESAMPLES, np.random.default_rng(0))
        scores = intervals(some.metrics_of, weights)
        found[condition] = {name: vars(scores[name]) for name in ("accuracy", "nll", "ece")}
    return found


def paired(
    one: Sequence[FrameStatistics], other: Sequence[FrameStatistics], conditions: NDArray[np.str_]
) -> dict[str, Any]:
    """Differences of scores on the same resamples, of the shifted recordings by condition."""
    found = {}
    for condition in sorted(set(conditions) - {HOME}):
        chosen = np.flatnonzero(conditions == condition)
        a, b = (FrameStatistics.stack([counts[i] for i in chosen]) for counts in (one, other))
        weights = resample_weights(len(chosen), RESAMPLES, np.random.default_rng(0))

        def less(
            w: NDArray[np.floating], a: FrameStatistics = a, b: FrameStatistics = b
        ) -> dict[str, Any]:
            mine, theirs = a.metrics_of(w), b.metrics_of(w)
            return {name: mine[name] - theirs[name] for name in ("accuracy", "nll", "ece")}

        scores = intervals(less, weights)
        found[condition] = {name: vars(score) for name, score in scores.items()}
    return found


def shown(score: dict[str, float | None]) -> str:
    """A value and its interval."""
    if score["value"] is None:
        return "–"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def tables(found: dict[str, Any]) -> dict[str, list[list[str]]]:
    """One of scores by condition, one of how well shifts are seen."""
    conditions = list(next(iter(found.values()))["conditions"])
    scores = [["", *(f"{c} {s}" for c in conditions for s in ("accuracy", "nll", "ece"))]]
    seen = [["", *(f"{s}: {w}" for s in EPISTEMIC for w in ("all shifted", *conditions[1:]))]]
    for name, one in found.items():
        scores.append(
            [
                name,
                *(
                    shown(one["conditions"][c][s])
                    for c in conditions
                    for s in ("accuracy", "nll", "ece")
                ),
            ]
        )
        seen.append([name, *(shown(a) for s in EPISTEMIC for a in one["auroc"][s].values())])
    shifted = conditions[1:]
    less = [["less the first", *(f"{c} {s}" for c in shifted for s in ("accuracy", "nll", "ece"))]]
    for name, one in list(found.items())[1:]:
        cells = [one["paired"][c][s] for c in shifted for s in ("accuracy", "nll", "ece")]
        less.append([name, *(shown(cell) for cell in cells)])
    return {"shift": scores, "shift_paired": less, "shift_seen": seen}


def markdown(table: list[list[str]]) -> str:
    """The rows as a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in table]
    lines.insert(1, "|---" * len(table[0]) + "|")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Score, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--draws", type=int, default=30)
    options = parser.parse_args()
    whole = load_folder(options.data)
    data = whole.split(options.split)
    conditions = np.array([r.condition for r in data])
    found: dict[str, Any] = {}
    first: list[FrameStatistics] = []
    for path in options.models:
        model = load_model(path)
        assert isinstance(model, NetworkPosterior)
        seen = model.members[0] if isinstance(model, DeepEnsemble) else model
        density = FeatureDensity.fit(seen, whole.where(lambda r, m=model: r.id in m.seen.fit))
        counts, values = scored(model, density, data, options.draws)
        areas: dict[str, Any] = {}
        for score in EPISTEMIC:
            areas[score] = {}
            for shifted in ("all", *sorted(set(conditions) - {HOME})):
                chosen = (conditions == HOME) | (conditions == shifted) | (shifted == "all")
                areas[score][shifted] = auroc(
                    values[score][chosen], conditions[chosen] != HOME, np.random.default_rng(0)
                )
        name = path.name.partition("_")[2] or path.name
        first = first or counts
        found[name] = {
            "conditions": by_condition(counts, conditions),
            "paired": paired(counts, first, conditions),
            "auroc": areas,
        }
        print(name, "scored", flush=True)
    write_json(options.out / "shift.json", found)
    for name, table in tables(found).items():
        write_text(options.out / f"{name}.md", markdown(table))
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(table)
        write_text(options.out / f"{name}.csv", buffer.getvalue())
        print(markdown(table))


if __name__ == "__main__":
    main()
