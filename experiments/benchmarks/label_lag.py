"""What limits a model that learnt exact labels on recordings that people labelled: their lag.

    python experiments/benchmarks/label_lag.py models/singer --data ../shared/voice_c4e4g4

For each condition, the lag between the model's frames and the labels that gives the most
accuracy on the train split; then accuracy on the validation split with labels as they are and
with labels moved by that lag, overall and by distance from a change of label.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bayes_a2m as a2m
from bayes_a2m.datasets import Dataset
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.posterior import Posterior

LAGS = range(-20, 21)
"""Frames of 6 ms by which the labels are moved; positive is later."""

Labels = NDArray[np.int64]


def called(model: Posterior, data: Dataset) -> list[Labels]:
    """The class of every frame by the model, an array a recording."""
    out: list[Labels] = []
    for chunk, posterior in model.predict_chunks(data):
        out += [posterior.of(i).argmax(axis=1) for i in range(len(chunk))]
    return out


def moved(labels: Labels, lag: int) -> Labels:
    """Labels that come ``lag`` frames later; the edge is repeated."""
    return labels[np.clip(np.arange(len(labels)) - lag, 0, len(labels) - 1)]


def distance(labels: Labels) -> NDArray[np.float64]:
    """Seconds from every frame to the nearest change of label."""
    changes = np.flatnonzero(np.diff(labels)) + 0.5
    if not len(changes):
        return np.full(len(labels), np.inf)
    frames = np.arange(len(labels))
    return np.asarray(np.abs(frames[:, None] - changes).min(axis=1) * 0.006)


def main() -> None:
    """Print the lags and the accuracies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    model, data = load_model(arguments.model), a2m.load_folder(arguments.data)
    splits = {name: data.split(name) for name in ("train", "validation")}
    heard = {name: called(model, part) for name, part in splits.items()}

    best: dict[str, int] = {}
    for condition in sorted({r.condition for r in data}):
        pairs = [
            (y, labels)
            for r, y, labels in zip(
                splits["train"], heard["train"], splits["train"].labels, strict=True
            )
            if r.condition == condition
        ]
        right = {lag: sum(int((y == moved(x, lag)).sum()) for y, x in pairs) for lag in LAGS}
        best[condition] = max(right, key=lambda lag: right[lag])
        print(
            f"{condition}: labels moved by {6 * best[condition]:+d} ms fit best on the train split"
        )

    part = splits["validation"]
    rows = list(zip(part, heard["validation"], part.labels, strict=True))
    as_is = np.concatenate([y == x for _, y, x in rows])
    aligned = np.concatenate([y == moved(x, best[r.condition]) for r, y, x in rows])
    far = np.concatenate([distance(x) for _, _, x in rows])
    print("\n| validation frames | share | accuracy | with labels moved |\n|---|---|---|---|")
    for name, keep in (
        ("all", far >= 0),
        ("within 50 ms of a change", far <= 0.05),
        ("50 to 150 ms from one", (far > 0.05) & (far <= 0.15)),
        ("farther", far > 0.15),
    ):
        shares = keep.mean(), as_is[keep].mean(), aligned[keep].mean()
        print(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")


if __name__ == "__main__":
    main()
