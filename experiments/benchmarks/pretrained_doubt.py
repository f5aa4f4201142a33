"""What the model that ships does not know: a posterior of its last layer, and sounds never met.

    OMP_NUM_THREADS=1 python experiments/benchmarks/pretrained_doubt.py posterior --json FILE
    OMP_NUM_THREADS=1 python experiments/benchmarks/pretrained_doubt.py novelty --json FILE \
        --data VOICES

``posterior``: a Laplace approximation of the head, fitted to sung recordings that the network was
not trained on, against the point, on other sung recordings as bad as those that temperature was
fitted on, and worse. ``novelty``: the score of sounds by kind; 1 is the limit that 95 of 100
recordings like those that it knows keep. All is sung from seeds, but for the folder's recordings.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bayes_a2m.comparison.compare import compare
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.config.experiment import Named
from bayes_a2m.datasets import Dataset, Recording, load_folder
from bayes_a2m.datasets.synthetic.corpus import sung_dataset
from bayes_a2m.evaluation import evaluate
from bayes_a2m.files import write_json
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.laplace import Laplace
from bayes_a2m.posteriors.network_posterior import FitContext, NetworkPosterior
from bayes_a2m.posteriors.training_data import TrainingData

RATE = 16000

FITTED, REPORTED = 102, 103
"""Parts of the seed that nothing else sings."""

SEVERITIES = {"as tuned": None, "worse": (0.8, 1.0)}
"""Severity of the further condition; None is that of the model's own settings."""

SCORES = ("accuracy", "nll", "brier", "ece", "error_auroc")


def sung(model: NetworkPosterior, count: int, part: int, worse: Any = None) -> Dataset:
    """Recordings of the model's own singer."""
    singing = model.experiment.singing
    assert singing is not None
    if worse is not None:
        singing = singing.model_copy(update={"worse": worse})
    return sung_dataset(
        count,
        singing,
        grid=model.grid,
        vocabulary=model.vocabulary,
        seed=model.seed,
        part=part,
    )


def last_layer(model: NetworkPosterior, recordings: Dataset) -> Laplace:
    """A Gaussian over the head's weights around those of the model, with all else as it is."""
    named = Named(name="laplace", covariance="full")
    experiment = model.experiment.model_copy(update={"posterior": named})
    posterior = Laplace.of_experiment(experiment)
    posterior.network, posterior.fitted = model.network, model.fitted
    posterior._frontend = model.frontend
    data = TrainingData.of(recordings, recordings, experiment, model.frontend.normalizer)
    posterior.fit_posterior(data, FitContext(None, False, False))
    return posterior


def posteriors(model: NetworkPosterior, count: int) -> dict[str, Any]:
    """Differences between 30 draws and the point, by severity."""
    laplace = last_layer(model, sung(model, count, FITTED))
    told: dict[str, Any] = {"prior_precision": laplace.approximation.prior_precision}
    for words, worse in SEVERITIES.items():
        data = sung(model, count, REPORTED, worse)
        draws, point = (Scored.of(evaluate(m, data, draws=30)) for m in (laplace, model))
        found = compare([draws], [point], names=("laplace", "point"))
        told[words] = {name: asdict(found.metrics[name]) for name in SCORES}
        print(words, {name: found.metrics[name] for name in SCORES}, flush=True)
    return told


def strange(seconds: float = 4.0) -> Iterator[tuple[str, Recording]]:
    """Twenty sounds of every kind that is no sung note."""
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    for index in range(20):
        g = np.random.default_rng([7, index])
        white = g.standard_normal(count)
        drums = np.zeros(count)
        for at in g.uniform(0, seconds, 12):
            since = np.clip(time - at, 0, None)
            hit = np.exp(-since / g.uniform(0.03, 0.2)) * (time >= at)
            tone = np.sin(2 * np.pi * g.uniform(60, 250) * since)
            drums += hit * (tone if g.uniform() < 0.5 else g.standard_normal(count))
        chord = sum(
            np.sign(np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * time))
            for p in g.integers(45, 76, 4)
        )
        for kind, samples in (("noise", white), ("drums", drums), ("chords", chord)):
            loud = 0.1 * samples / np.abs(samples).max()
            yield (
                kind,
                Recording(f"{kind}-{index}", samples=loud.astype(np.float32), sample_rate=RATE),
            )


def novelties(model: NetworkPosterior, count: int, folder: Path | None) -> dict[str, Any]:
    """The novelty of recordings by kind: its median, and the share beyond the limit."""
    assert model.fitted is not None
    detector = model.fitted.novelty
    assert detector is not None, "the model has no densities: make its companions first"
    kinds: dict[str, list[Recording]] = {}
    for words, worse in SEVERITIES.items():
        kinds[f"sung, {words}"] = list(sung(model, count, REPORTED, worse))
    for kind, recording in strange():
        kinds.setdefault(kind, []).append(recording)
    if folder is not None:
        for one in load_folder(folder).split("validation"):
            kinds.setdefault(f"real, {one.condition}", []).append(one)
    told = {}
    for kind, recordings in kinds.items():
        values = [detector.novelty(model, model.levelled(r)) for r in recordings]
        told[kind] = {
            "recordings": len(values),
            "median": float(np.median(values)),
            "beyond": float(np.mean(np.array(values) > 1)),
        }
        print(kind, told[kind], flush=True)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("posterior", "novelty"))
    parser.add_argument("--model", default="pretrained")
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    model = load_model(given.model)
    assert isinstance(model, NetworkPosterior)
    if given.what == "posterior":
        told = posteriors(model, given.recordings)
    else:
        told = novelties(model, given.recordings, given.data)
    if given.json is not None:
        write_json(given.json, told)


if __name__ == "__main__":
    main()
