"""One factor at a time around a base, from which the experiment ``variational`` was chosen.

    python experiments/benchmarks/variational.py MODEL DATA --out reports/variational

starts every row at the same trained network, fits it for ``--epochs`` epochs on the training
split less its tuning part, and scores it on the tuning part alone, with ``--draws`` draws. The
first row is the network itself. Rows that are in ``study.csv`` already are kept.
"""

from __future__ import annotations

import argparse
import csv
import io
import time
from pathlib import Path
from typing import Any

import torch

from bayes_a2m import calibration
from bayes_a2m.config.experiment import Named
from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.files import write_text
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.network_posterior import NetworkPosterior, Work
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.posteriors.variational import Variational

COLUMNS = ("row", "nll", "ece", "accuracy", "mutual_information", "elbo", "seconds")

BASE: dict[str, Any] = {
    "prior_scale": 1.0,
    "prior": "fan_in",
    "initial_scale": 0.05,
    "initial": "relative",
    "warmup": 1,
    "tempering": 1.0,
    "learning_rate": 1e-5,
    "scale_rate": 0.1,
    "estimator": "plain",
    "last_layers": "low_rank",
    "joint": ["head"],
    "rank": 4,
    "frozen_statistics": True,
}
"""What every row starts from; what ships is the row ``tempering 0.1``."""

ROWS: dict[str, dict[str, Any]] = {
    "base": {},
    "learning_rate 0.0003": {"learning_rate": 3e-4},
    "initial_scale 0.01": {"initial_scale": 0.01},
    "initial_scale 0.2": {"initial_scale": 0.2},
    "prior_scale 0.3": {"prior_scale": 0.3},
    "warmup 0": {"warmup": 0},
    "tempering 0.1": {"tempering": 0.1},
    "tempering 10": {"tempering": 10.0},
    "estimator flipout": {"estimator": "flipout"},
    "estimator local": {"estimator": "local"},
    "last_layers mean_field": {"last_layers": "mean_field"},
    "last_layers full": {"last_layers": "full"},
    "tempering 0.1 last_layers full": {"tempering": 0.1, "last_layers": "full"},
    "naive": {
        "initial_scale": 0.05,
        "initial": "absolute",
        "warmup": 0,
        "last_layers": "mean_field",
        "frozen_statistics": False,
        "learning_rate": 3e-3,
        "scale_rate": 3e-3,
    },
}
"""What differs from the base. The naive row starts at fresh weights."""


def scores(model: Posterior, tune: Dataset, draws: int) -> dict[str, float]:
    """On the tuning part."""
    post = model.predict(tune, draws)
    labels = tune.labels_on(model.grid)
    information = post.mutual_information()
    real = [information[i, : post.lengths[i]] for i in range(len(post))]
    return {
        "nll": calibration.nll(post, labels),
        "ece": calibration.ece(post, labels),
        "accuracy": calibration.accuracy(post, labels),
        "mutual_information": sum(float(r.sum()) for r in real) / sum(len(r) for r in real),
    }


def main() -> None:
    """Fit the rows, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="a point network")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for study.csv")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--rows", default="", help="only these, comma between them")
    options = parser.parse_args()
    path = options.out / "study.csv"
    done = {}
    if path.is_file():
        with path.open(newline="") as lines:
            done = {row["row"]: row for row in csv.DictReader(lines)}
    point = load_model(options.model)
    assert isinstance(point, NetworkPosterior)
    data = load_folder(options.data, seed=point.seed).split("train")
    fit, tune = data.with_tuning_part(point.experiment.training.tuning_share, point.seed)
    training_data = TrainingData.of(fit, tune, point.experiment, point.frontend.normalizer)
    wanted = [r for r in options.rows.split(",") if r] or ["point", *ROWS]
    for name in wanted:
        if name in done:
            continue
        started = time.perf_counter()
        if name == "point":
            row: dict[str, Any] = {**scores(point, tune, 1), "elbo": "", "seconds": 0}
        else:
            model = _fitted(name, point, training_data, options.epochs)
            model.fitted = point.fitted
            seconds = time.perf_counter() - started
            row = {
                **scores(model, tune, options.draws),
                "elbo": float(model.elbo_trace[-1]),
                "seconds": seconds,
            }
        done[name] = {
            "row": name,
            **{k: f"{v:.4g}" if isinstance(v, float) else str(v) for k, v in row.items()},
        }
        print(done[name], flush=True)
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(done.values())
        write_text(path, buffer.getvalue())


def _fitted(
    name: str, point: NetworkPosterior, training_data: TrainingData, epochs: int
) -> Variational:
    """A row's model; its network is the point's, or, for the naive row, a fresh one."""
    values = {**BASE, **ROWS[name], "epochs": epochs}
    update = {"posterior": Named(name="variational", **values), "seed": point.seed}
    model = Variational.of_experiment(point.experiment.model_copy(update=update))
    start = _fresh(point) if name == "naive" else point
    model.learn(training_data, Work(), start)
    return model


def _fresh(point: NetworkPosterior) -> NetworkPosterior:
    """The same model with weights nobody trained."""
    from bayes_a2m.posteriors.point import Point

    fresh = Point.of_experiment(point.experiment)
    fresh.network = point.network.fresh(
        bins=point.network.bins, classes=point.network.classes, seed=point.seed
    )
    return fresh


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
