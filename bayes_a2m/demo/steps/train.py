"""Train on the train split, less its tuning part."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

from bayes_a2m.demo.context import Outcome, Stage
from bayes_a2m.evaluation import evaluate
from bayes_a2m.files import write_json
from bayes_a2m.reporting import style
from bayes_a2m.reporting.html import plural


def train(stage: Stage) -> Outcome:
    """Fit the experiment's model, write its directory and the course of its losses."""
    from bayes_a2m.config.experiment import load_experiment
    from bayes_a2m.models import make_posterior
    from bayes_a2m.reporting.training import loss_figure

    wanted = stage.settings
    plan = load_experiment(wanted.experiment, wanted.overrides, wanted.seed)
    model = make_posterior(plan)
    fitting, tuning = stage.data.split("train").with_tuning_part(
        plan.training.tuning_share, plan.seed
    )
    model.fit(fitting, tuning, progress=stage.watch.training)
    folder = stage.folder / "model"
    model.save(folder)
    write_json(folder / "metrics.json", evaluate(model, tuning).to_dict())
    figure = loss_figure(model.record.log)
    for ending in ("png", "svg"):
        style.save(figure, stage.folder / f"figures/training.{ending}")
    rows = list(csv.DictReader(io.StringIO(model.record.log)))
    best = min(rows, key=lambda row: float(row["tuning_nll"]))
    facts: dict[str, Any] = {
        "experiment": wanted.experiment,
        "network": plan.architecture.name,
        "parameters": model.parameter_count,
        "fitting": len(fitting),
        "tuning": len(tuning),
        "held_out": len(stage.data) - len(fitting) - len(tuning),
        "epochs": len(rows),
        "chosen_epoch": int(best["epoch"]) + 1,
        "classes": len(model.vocabulary),
        "ignorance": math.log(len(model.vocabulary)),
        "first": {key: float(rows[0][key]) for key in ("train_nll", "tuning_nll")},
        "chosen": {key: float(best[key]) for key in ("train_nll", "tuning_nll", "tuning_accuracy")},
    }
    words = (
        f"{plural(len(rows), 'epoch')} on {plural(len(fitting), 'recording')}, "
        f"epoch {facts['chosen_epoch']} kept"
    )
    return Outcome(facts, words)
