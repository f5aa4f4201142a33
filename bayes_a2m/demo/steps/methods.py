"""Compare methods: other uncertainty methods on the network that was trained, or on one like it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import Evaluation, evaluate, results_of
from bayes_a2m.files.record import Count, Record
from bayes_a2m.resampling.score_table import ScoreTable

if TYPE_CHECKING:
    from bayes_a2m.config.experiment import Experiment
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior

SCORES = ("accuracy", "nll", "brier", "ece", "error_auroc")
"""The scores that the table shows."""

FOLDER = "methods"
"""The folder of their models, beside the network's own."""

SMALLER: dict[str, tuple[str, ...]] = {
    "ensemble": ("posterior.members=2", "posterior.jobs=1"),
    "sgmcmc": ("posterior.chains=1", "posterior.cycles=2"),
    "hmc": (
        *("posterior.chains=2", "posterior.samples=30"),
        *("posterior.warmup=60", "posterior.every=16"),
    ),
}
"""Settings that make an experiment small enough for a demo."""

WORDS = {
    "point": "the network itself: one set of weights",
    "mc_dropout": "a network trained with dropout, and used with it",
    "ensemble": "two networks from two random starts",
    "variational": "a Gaussian over all weights, fitted by the evidence lower bound",
    "laplace": "a Gaussian over the last layer's weights, as wide as the likelihood is flat",
    "sgmcmc": "all weights, sampled by noisy gradient steps",
    "hmc": "the last layer's weights, sampled by Hamiltonian Monte Carlo",
}


class Method(Record):
    """The scores of one method on the held-out recordings."""

    name: str
    words: str
    draws: Count
    scores: ScoreTable


class Methods(Record):
    """Every method's scores, and the one of the lowest NLL."""

    recordings: Count
    rows: list[Method]
    best: str


def compare(context: DemoContext) -> Outcome:
    """Fit every method, most of them to the trained network, and score them alike."""
    from bayes_a2m.parallel import run_all

    rows = [_row(context.model.name, context.evaluation, context)]
    names = context.settings.methods if context.model.name == "point" else ()
    with context.watch.bar("fitting") as update:
        calls = [partial(_fit, name, context.folder, context.settings.seed) for name in names]
        reasons = run_all(calls, report=lambda done, total: update(int(done), total))
    if reasons:
        raise InputError(f"demo: {'; '.join(reasons)}")
    for name in names:
        model = context.load(f"{FOLDER}/{name}")
        found = evaluate(model, context.held_out, draws=context.settings.draws)
        rows.append(_row(name, found, context))
    best = min(rows, key=lambda row: _value(row, "nll")).name
    facts = Methods(recordings=len(context.held_out), rows=rows, best=best)
    return Outcome(facts, f"{len(rows)} uncertainty methods, lowest NLL: {best}")


def _fit(name: str, folder: Path, seed: int) -> None:
    """Fit one method, in a process of its own, and write its model."""
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.models import load_model, make_posterior
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior

    trained = load_model(folder / "model")
    assert isinstance(trained, NetworkPosterior)
    fitting, tuning = (
        load_folder(folder / "data", seed=seed)
        .split("train")
        .with_tuning_part(trained.experiment.training.tuning_share, trained.seed)
    )
    model = make_posterior(_plan(name, trained))
    # dropout has to be trained with
    start = None if name == "mc_dropout" else trained
    model.fit(fitting, tuning, start=start).save(folder / FOLDER / name)


def _plan(name: str, trained: NetworkPosterior) -> Experiment:
    """The experiment of a method with the features, network and training of the trained model."""
    from bayes_a2m.config.experiment import Named, load_experiment

    plan, own = load_experiment(name, SMALLER.get(name, ())), trained.experiment
    network = dict(own.architecture.settings)
    if "dropout" in plan.architecture.settings:
        network["dropout"] = plan.architecture.settings["dropout"]
    return own.model_copy(
        update={
            "description": plan.description,
            "posterior": plan.posterior,
            "network": Named(name=own.architecture.name, **network),
        }
    )


def _row(name: str, evaluation: Evaluation, context: DemoContext) -> Method:
    """The scores of one method."""
    settings = context.settings
    results = results_of(evaluation, resamples=settings.resamples, seed=settings.seed)
    scores = ScoreTable.of(results.metrics.only(SCORES))
    return Method(name=name, words=WORDS.get(name, ""), draws=results.draws, scores=scores)


def _value(row: Method, score: str) -> float:
    """The value of a score; infinite where there is none."""
    found = row.scores[score]
    return float("inf") if found is None or found.value is None else found.value
