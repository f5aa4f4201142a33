"""One member of an ensemble: its training in a process of its own, and the result it leaves."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bayes_a2m import registry
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.errors import InputError
from bayes_a2m.files import is_given, locked, reading
from bayes_a2m.files.tensors import read_tensors, write_tensors
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.network_posterior import FitContext, NetworkPosterior
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData

WHAT, MEND = "the result of a member's training", "delete it, and it is trained again"


@dataclass(frozen=True)
class MemberTraining:
    """The training of a member, and where its result lies; it can be sent to another process.

    Attributes
    ----------
    plan
        The member's own experiment.
    network
        A network of the right bins and classes; its weights do not matter.
    folder
        The member's own folder; what is there survives a kill.
    resample
        Whether it fits a bootstrap of the recordings.
    base
        A fitted model to start from, if any.
    """

    plan: Experiment
    network: Network
    folder: Path
    resample: bool = False
    base: NetworkPosterior | None = None

    @property
    def _result(self) -> Path:
        return self.folder / "member.safetensors"

    @property
    def finished(self) -> bool:
        """Whether its result is there; it is written whole or not at all."""
        return is_given(self._result)

    @property
    def share_done(self) -> float:
        """The share of the training that is done, from 0 to 1, by the epochs of its network."""
        if self.finished:
            return 1.0
        try:
            lines = (self.folder / "training.csv").read_text().count("\n")
        except (OSError, ValueError):  # it is being written, or is no text: no matter here
            return 0.0
        return 0.99 * min(1.0, max(0, lines - 1) / self.plan.training.epochs)

    def clear(self) -> None:
        """Remove everything that an earlier fit left."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, training_data: TrainingData) -> None:
        """Train it, going on from where a killed process stopped, and write the result.

        Raises
        ------
        InputError
            If the training fails.
        """
        if self.resample:
            # a stream of its own, so that the bootstrap is not tied to the weights' random start
            seed = np.random.SeedSequence([self.plan.seed, 5])
            training_data = training_data.resampled(np.random.default_rng(seed))
        self.folder.mkdir(parents=True, exist_ok=True)
        # on a cluster a worker may still be at the task of a run that was killed
        with locked(self.folder):
            if self.finished:
                return
            member = unfitted(self.plan, self.network)
            context = FitContext(self.folder, resume=True)
            result = member.fit_examples(training_data, context, self.base)
            write_tensors(self._result, member.weights(), result.to_words())

    def read(self) -> tuple[NetworkPosterior, TrainingRecord]:
        """Read the trained member, and how its training went.

        Raises
        ------
        InputError
            If its file is damaged, or that of another network.
        """
        tensors, words = read_tensors(self._result, WHAT, MEND)
        with reading(self._result, WHAT, MEND):
            member = unfitted(self.plan, self.network)
            member.load_weights(tensors)
            return member, TrainingRecord.of_words(words)


def unfitted(plan: Experiment, network: Network) -> NetworkPosterior:
    """Make a member with fresh weights, for the bins and classes of ``network``.

    Raises
    ------
    InputError
        If the member's method is not one of networks.
    """
    kind: type[Posterior] = registry.get("posteriors", plan.posterior.name, key="posterior.method")
    member = kind.of_experiment(plan)
    if not isinstance(member, NetworkPosterior):
        raise InputError(f"posterior.method: {plan.posterior.name} is no network's posterior")
    member.network = network.fresh(bins=network.bins, classes=network.classes, seed=plan.seed)
    return member
