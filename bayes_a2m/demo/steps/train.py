"""Train: fit a model on the train split less its tuning split, as ``bayes-a2m train`` does."""

from __future__ import annotations

import csv
import io
import math

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.files.record import Count, Record
from bayes_a2m.models import make_posterior
from bayes_a2m.reporting.html import plural
from bayes_a2m.reporting.training import loss_figure
from bayes_a2m.studies.fitted import write_fitted


class Training(Record):
    """The training of the network.

    Attributes
    ----------
    fitting, tuning, held_out
        Recordings of each part.
    chosen_epoch
        The epoch kept, counted from 1, of ``epochs``.
    uniform_nll
        The NLL of equal probabilities for all classes, nats per frame.
    first_nll, chosen_nll
        The tuning split's NLL after the first epoch and after the one kept, nats per frame.
    """

    experiment: str
    network: str
    parameters: Count
    fitting: Count
    tuning: Count
    held_out: Count
    epochs: Count
    chosen_epoch: Count
    uniform_nll: float
    first_nll: float
    chosen_nll: float


def train(context: DemoContext) -> Outcome:
    """Fit the experiment's model, and write its directory and its losses by epoch."""
    wanted = context.settings
    experiment = load_experiment(wanted.experiment, wanted.overrides, wanted.seed)
    fitting, tuning = context.data.split("train").with_tuning_part(
        experiment.training.tuning_share, experiment.seed
    )
    model = make_posterior(experiment).fit(fitting, tuning, progress=context.watch.training)
    write_fitted(model, tuning, context.folder / "model")
    context.draw("training", loss_figure(model.record.log))
    nll = [float(row["tuning_nll"]) for row in csv.DictReader(io.StringIO(model.record.log))]
    facts = Training(
        experiment=wanted.experiment,
        network=experiment.architecture.name,
        parameters=model.parameter_count,
        fitting=len(fitting),
        tuning=len(tuning),
        held_out=len(context.data) - len(fitting) - len(tuning),
        epochs=len(nll),
        chosen_epoch=nll.index(min(nll)) + 1,
        uniform_nll=math.log(len(model.vocabulary)),
        first_nll=nll[0],
        chosen_nll=min(nll),
    )
    words = (
        f"{plural(len(nll), 'epoch')} on {plural(len(fitting), 'recording')}, "
        f"epoch {facts.chosen_epoch} kept"
    )
    return Outcome(facts, words)
