"""Trained in the studio alone, used with a laptop and in noise: do other rooms, made up, help?

    python experiments/benchmarks/studio_alone.py --data DATA --models models/studio_alone \
        --out reports/condition_shift [--draws 30]

Five folds over all recordings, by take (:func:`bayes_a2m.cross_validation.folds.folds_of`); a
fold's model learns from the studio recordings of its other folds, and is scored on all of its own
fold: on studio recordings that it never heard, and on laptop and noisy ones of which it heard
neither the take nor the room. So every recording is scored once. Arms (:data:`ARMS`): the network
as it ships, one that hears half of its examples through conditions made up
(``training.augment.conditions``), and Laplace posteriors of both. ``another room`` is the novelty
of a recording over its limit (:mod:`bayes_a2m.posteriors.novelty`), which needs no label: AUROC of
laptop, and of noisy, recordings against the studio's held out. Intervals resample recordings, a
condition's by themselves. Written: ``studio_alone.json`` and ``studio_alone.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from condition_shift import HOME, auroc, by_condition, markdown, paired, shown
from notes_out_of_fold import trained

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.cross_validation.folds import Fold, folds_of
from bayes_a2m.datasets import load_folder
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.posteriors.network_posterior import NetworkPosterior

CONDITIONS = "training.augment.conditions={share: 0.5}"
PRECISION = "training.precision=bf16-mixed"

ARMS: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "point": ("crnn", (PRECISION,), None),
    "conditions": ("crnn", (PRECISION, CONDITIONS), None),
    "laplace": ("laplace", (PRECISION,), "point"),
    "conditions_laplace": ("laplace", (PRECISION, CONDITIONS), "conditions"),
}
"""Arms: experiment, settings, and the arm whose network is taken over."""

SCORES = ("accuracy", "nll", "ece")


def main() -> None:
    """Train what is missing, score, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=30)
    given = parser.parse_args()
    given.models.mkdir(parents=True, exist_ok=True)
    counts: dict[str, list[FrameStatistics]] = {name: [] for name in ARMS}
    novelty: dict[str, list[float]] = {name: [] for name in ARMS}
    conditions: list[str] = []
    for fold in folds_of(load_folder(given.data, seed=0)):
        models: dict[str, NetworkPosterior] = {}
        for name in ARMS:
            models[name] = _model(name, fold, given.models, models)
            for recordings, post in models[name].predict_chunks(fold.held_out, given.draws):
                for i, recording in enumerate(recordings):
                    truth = recording.labels(post.grid, post.vocabulary)
                    counts[name].append(FrameStatistics.of(post.of(i), truth))
                    novelty[name].append(_novelty(models[name], recording))
        conditions += [r.condition for r in fold.held_out]
        print(f"fold {fold.number}: {len(fold.held_out)} recordings", flush=True)
    kinds = np.array(conditions)
    found = {
        name: {
            "conditions": by_condition(counts[name], kinds),
            "paired": paired(counts[name], counts["point"], kinds),
            "another_room": {
                kind: auroc(
                    np.array(novelty[name])[(kinds == HOME) | (kinds == kind)],
                    (kinds == kind)[(kinds == HOME) | (kinds == kind)],
                    np.random.default_rng(0),
                )
                for kind in sorted(set(conditions) - {HOME})
            },
            "called_novel": {
                kind: float((np.array(novelty[name])[kinds == kind] > 1).mean())
                for kind in sorted(set(conditions))
            },
        }
        for name in ARMS
    }
    write_json(given.out / "studio_alone.json", {"recordings": len(kinds), "arms": found})
    write_text(given.out / "studio_alone.md", table(found))
    print(table(found))


def _model(
    name: str, fold: Fold, folder: Path, models: dict[str, NetworkPosterior]
) -> NetworkPosterior:
    experiment, settings, start = ARMS[name]
    fit, tune = (part.where(lambda r: r.condition == HOME) for part in (fold.fit, fold.tune))
    model = trained(
        folder / f"{name}_{fold.number}",
        load_experiment(experiment, settings),
        fit,
        tune,
        start=None if start is None else models[start],
    )
    assert isinstance(model, NetworkPosterior)
    return model


def _novelty(model: NetworkPosterior, recording: Any) -> float:
    detector = model.fitted.novelty if model.fitted else None
    if detector is None:
        raise SystemExit("too few studio recordings to say what is new")
    return detector.novelty(model, model.levelled(recording))


def table(found: dict[str, Any]) -> str:
    """One row an arm and condition."""
    rows = [["arm", "condition", *SCORES, "NLL less point's", "another room, AUROC", "called so"]]
    for name, one in found.items():
        for kind, scores in one["conditions"].items():
            away = kind != HOME
            rows.append(
                [
                    name,
                    kind,
                    *(shown(scores[s]) for s in SCORES),
                    shown(one["paired"][kind]["nll"]) if away and name != "point" else "",
                    shown(one["another_room"][kind]) if away else "",
                    f"{one['called_novel'][kind]:.2f}",
                ]
            )
    return markdown(rows)


if __name__ == "__main__":
    main()
