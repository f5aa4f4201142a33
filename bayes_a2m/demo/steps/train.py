"""Train: fit a model on the train split less its tuning split, as ``bayes-a2m train`` does."""

from __future__ import annotations

import csv
import io
import math

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.models import make_posterior
from bayes_a2m.reporting.html import plural
from bayes_a2m.reporting.training import loss_figure
from bayes_a2m.studies.fitted import write_fitted


def train(context: DemoContext) -> Outcome:
    """Fit the experiment's model, and write its directory and its losses by epoch."""
    wanted = context.settings
    experiment = load_experiment(wanted.experiment, wanted.overrides, wanted.seed)
    fitting, tuning = context.data.split("train").with_tuning_part(
        experiment.training.tuning_share, experiment.seed
    )
    model = make_posterior(experiment).fit(fitting, tuning, progress=context.watch.training)
    write_fitted(model, tuning, context.folder / "model")
    context.draw("training", loss_figure(model.record.log), "png", "svg")
    epochs = list(csv.DictReader(io.StringIO(model.record.log)))
    best = min(epochs, key=lambda epoch: float(epoch["tuning_nll"]))
    facts = {
        "experiment": wanted.experiment,
        "network": experiment.architecture.name,
        "parameters": model.parameter_count,
        "fitting": len(fitting),
        "tuning": len(tuning),
        "held_out": len(context.data) - len(fitting) - len(tuning),
        "epochs": len(epochs),
        "chosen_epoch": int(best["epoch"]) + 1,
        "classes": len(model.vocabulary),
        "ignorance": math.log(len(model.vocabulary)),
        "first": {key: float(epochs[0][key]) for key in ("train_nll", "tuning_nll")},
        "chosen": {key: float(best[key]) for key in ("train_nll", "tuning_nll", "tuning_accuracy")},
    }
    words = (
        f"{plural(len(epochs), 'epoch')} on {plural(len(fitting), 'recording')}, "
        f"epoch {facts['chosen_epoch']} kept"
    )
    return Outcome(facts, words)
