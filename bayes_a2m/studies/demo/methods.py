"""Ways of being uncertain, each on the network that was trained or one like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayes_a2m.evaluation import evaluate
from bayes_a2m.studies.demo.stage import Outcome, Stage

if TYPE_CHECKING:
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.studies.spec import Experiment

SCORES = ("accuracy", "nll", "brier", "ece", "error_auroc")
"""What the table shows."""

DRAWS = 30

SMALLER: dict[str, tuple[str, ...]] = {
    "ensemble": ("posterior.members=3",),
    "sgmcmc": ("posterior.chains=1", "posterior.cycles=2"),
    "hmc": ("posterior.chains=2", "posterior.samples=40", "posterior.warmup=80"),
}
"""Than their experiments are, to fit into a demo."""

WORDS = {
    "point": "the network itself: one answer",
    "mc_dropout": "a network trained with dropout, used with it, too",
    "ensemble": "three networks from three random starts",
    "variational": "a Gaussian over all weights, fitted by the evidence lower bound",
    "laplace": "a Gaussian over the last layer's weights, as wide as the likelihood is flat",
    "sgmcmc": "all weights, sampled by noisy gradient steps",
    "hmc": "the last layer's weights, sampled by Hamiltonian Monte Carlo",
}


def compare(stage: Stage) -> Outcome:
    """Fit every method, most of them to the trained network, and score them alike."""
    from bayes_a2m.model import make_posterior
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior

    trained = stage.model
    rows = [_row(trained, stage)]
    if isinstance(trained, NetworkPosterior) and trained.name == "point":
        names = stage.settings.methods
        fitting, tuning = stage.data.split("train").with_tuning_part(
            trained.experiment.training.tuning_share, trained.seed
        )
        with stage.watch.bar("fitting") as update:
            for i, name in enumerate(names):
                update(i, len(names))
                model = make_posterior(_plan(name, trained))
                # dropout has to be trained with
                start = None if name == "mc_dropout" else trained
                rows.append(_row(model.fit(fitting, tuning, start=start), stage))
    best = min(rows, key=lambda row: float(row["scores"]["nll"]["value"]))
    facts = {"rows": rows, "recordings": len(stage.held_out), "best": best["name"]}
    return Outcome(facts, f"{len(rows)} ways of being uncertain, lowest NLL: {best['name']}")


def _plan(name: str, trained: NetworkPosterior) -> Experiment:
    """The method's experiment on the trained model's features, network and training."""
    from bayes_a2m.studies.spec import Named, load_experiment

    plan, own = load_experiment(name, SMALLER.get(name, ())), trained.experiment
    network = dict(own.network.settings)
    if "dropout" in plan.network.settings:
        network["dropout"] = plan.network.settings["dropout"]
    return own.model_copy(
        update={
            "description": plan.description,
            "posterior": plan.posterior,
            "network": Named(name=own.network.name, **network),
        }
    )


def _row(model: Posterior, stage: Stage) -> dict[str, Any]:
    """Scores of one method on the held-out recordings."""
    settings = stage.settings
    result = evaluate(model, stage.held_out, draws=DRAWS)
    metrics = result.to_dict(resamples=settings.resamples, seed=settings.seed)
    return {
        "name": model.name,
        "words": WORDS.get(model.name, ""),
        "draws": metrics["draws"],
        "scores": {name: metrics["metrics"][name] for name in SCORES},
    }
