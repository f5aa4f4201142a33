"""Ways of being uncertain in one table, from models that are trained.

    python experiments/benchmarks/methods.py MODEL... --data DATA --out reports/methods

Every MODEL is a model directory; the row is named after the folder, less what stands before its
first ``_``. All are scored on the split named, with the same resamples of recordings. Written:
``table.md`` and ``table.csv`` (scores with 95 % intervals, by condition, cost); ``<name>.json``
(what ``evaluate`` writes); ``paired.md`` and ``paired.csv`` (each method less the first model
named; of an ensemble also its pooled score less its members' mean); ``draws.csv`` and
``draws.png`` (score against the number of draws).
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.diagnostics import collapsed
from bayes_a2m.diagnostics.monte_carlo import draws_curve
from bayes_a2m.evaluation import Evaluation, evaluate, results_of
from bayes_a2m.files import write_json, write_text
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.ensemble import DeepEnsemble
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.reporting import style
from bayes_a2m.reporting.draws import draws_figure
from bayes_a2m.resampling.bootstrap import Interval, intervals, resample_weights

SCORES = ("accuracy", "macro_f1", "nll", "brier", "ece", "classwise_ece", "aurc", "error_auroc")
COSTS = ("seconds_per_audio_second", "peak_memory_mb", "parameters", "training_seconds")
COUNTS = (1, 2, 3, 5, 10, 20, 40)
RESAMPLES = 2000

Metrics = Callable[[NDArray[np.floating]], dict[str, NDArray[np.float64]]]


def name_of(path: Path) -> str:
    """``mcconv`` of ``all_mcconv``."""
    return path.name.partition("_")[2] or path.name


def members_of(model: DeepEnsemble, data: Dataset) -> list[FrameStatistics]:
    """Counts of every member alone, each of all recordings."""
    counts: list[list[FrameStatistics]] = [[] for _ in model.members]
    for recordings, post in model.predict_chunks(data, len(model.members)):
        per = post.log_probs.shape[0] // len(model.members)
        probs = np.exp(post.log_probs).mean(axis=1)
        for i, recording in enumerate(recordings):
            truth = recording.labels(post.grid, post.vocabulary)
            for m, some in enumerate(counts):
                own = probs[m * per : (m + 1) * per, i, : post.lengths[i]].mean(axis=0)
                some.append(FrameStatistics.of(own, truth))
    return [FrameStatistics.stack(some) for some in counts]


def difference(one: Metrics, other: Metrics, weights: NDArray[np.int64]) -> dict[str, Interval]:
    """Intervals of the difference, both scored on the same resamples."""

    def less(w: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
        a, b = one(w), other(w)
        return {name: a[name] - b[name] for name in SCORES}

    return intervals(less, weights)


def mean_of(counts: list[FrameStatistics]) -> Metrics:
    """The mean of several models' scores."""

    def mean(w: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
        each = [c.metrics_of(w) for c in counts]
        return {name: np.mean([e[name] for e in each], axis=0) for name in SCORES}

    return mean


def rows(found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Header, a row a method; then by place and condition, without intervals."""
    table = [["", *SCORES, "draws", *COSTS]]
    for name, metrics in found.items():
        cells = [shown(Interval(**metrics["metrics"][s])) for s in SCORES]
        costs = [f"{metrics['cost'][c]:.3g}" for c in COSTS]
        table.append([name, *cells, str(metrics["draws"]), *costs])
    first = next(iter(found.values()))
    groups = [(c, ("per_condition", c)) for c in first["per_condition"]]
    groups += [("near boundaries", ("near_boundary",)), ("away", ("away_from_boundary",))]
    for words, keys in groups:
        for name, metrics in found.items():
            part = metrics
            for key in keys:
                part = part[key]
            cells = [f"{part[s]['value']:.4f}" for s in SCORES]
            table.append([f"{words}: {name}", *cells])
    return [row + [""] * (len(table[0]) - len(row)) for row in table]


def shown(interval: Interval) -> str:
    """A value and its interval."""
    return f"{interval.value:.4f} [{interval.low:.4f}, {interval.high:.4f}]"


def markdown(table: list[list[str]]) -> str:
    """The rows as a Markdown table."""
    lines = ["| " + " | ".join(cell.replace("_", " ") for cell in row) + " |" for row in table]
    lines.insert(1, "|---" * len(table[0]) + "|")
    return "\n".join(lines) + "\n"


def comma(table: list[list[str]]) -> str:
    """The rows as CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(table)
    return buffer.getvalue()


def pairs(
    results: dict[str, Evaluation], models: dict[str, Posterior], data: Dataset
) -> list[list[str]]:
    """Every method less the first, and ensembles less their members' mean."""
    weights = resample_weights(len(data), RESAMPLES, np.random.default_rng(0))
    first, *others = results
    table = [["difference", *SCORES]]
    for name in others:
        found = difference(
            results[name].frames.metrics_of, results[first].frames.metrics_of, weights
        )
        table.append([f"{name} - {first}", *(shown(found[s]) for s in SCORES)])
    for name, model in models.items():
        if isinstance(model, DeepEnsemble):
            alone = mean_of(members_of(model, data))
            found = difference(results[name].frames.metrics_of, alone, weights)
            table.append([f"{name} - mean of its members", *(shown(found[s]) for s in SCORES)])
    return table


def courses(models: dict[str, Posterior], data: Dataset, out: Path) -> None:
    """NLL against the number of draws, of every method that draws."""
    some = replace(data, recordings=data.recordings[:: max(1, len(data) // 15)])
    found = {}
    for name, model in models.items():
        post = model.predict(some, max(COUNTS))
        if post.draws == 1:
            continue
        if alarm := collapsed(post):
            print(f"{name}: {alarm}")
        labels = some.labels_on(post.grid)
        counts = [m for m in COUNTS if m <= post.draws]
        generator = np.random.default_rng(0)
        found[name] = draws_curve(post, labels, counts, repeats=20, generator=generator)
    style.save(draws_figure(found), out / "draws.png")
    table = [["method", "draws", "nll", "monte_carlo_error"]]
    for name, one in found.items():
        for m, value, error in zip(one.draws, one.value, one.error, strict=True):
            table.append([name, str(m), f"{value:.5f}", f"{error:.5f}"])
    write_text(out / "draws.csv", comma(table))


def main() -> None:
    """Score, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--draws", type=int, default=30)
    options = parser.parse_args()
    data = load_folder(options.data).split(options.split)
    models = {name_of(path): load_model(path) for path in options.models}
    results = {}
    for name, model in models.items():
        results[name] = evaluate(model, data, draws=options.draws)
        print(name, "scored", flush=True)
    found = {name: results_of(result).to_dict() for name, result in results.items()}
    for name, metrics in found.items():
        write_json(options.out / f"{name}.json", metrics)
    table = rows(found)
    write_text(options.out / "table.md", markdown(table))
    write_text(options.out / "table.csv", comma(table))
    paired = pairs(results, models, data)
    write_text(options.out / "paired.md", markdown(paired))
    write_text(options.out / "paired.csv", comma(paired))
    courses(models, data, options.out)
    print(markdown(table))
    print(markdown(paired))


if __name__ == "__main__":
    main()
