"""Distillation: one network that has learned the pooled probabilities of several.

An ensemble is the better model and costs as many passes as it has members; its labels are the same
as one network's, but its probabilities are smoother where labels are wrong or off in time. A
student learns both (:mod:`bayes_a2m.training.distillation`), and answers in one pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from bayes_a2m.config.experiment import Experiment, Named
from bayes_a2m.config.settings import Settings
from bayes_a2m.posteriors.ensemble import DeepEnsemble
from bayes_a2m.posteriors.frontend import Frontend
from bayes_a2m.posteriors.network_posterior import FitContext, NetworkPosterior
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.training.distillation import Teachers

TEACHING = 1 / 3
"""Passes that a teacher's answer costs: a pass of training goes forward once and back twice."""


class Distilled(Point):
    """A network that learns from an ensemble's probabilities; every prediction is one draw.

    The teachers are trained on the same recordings, from seeds of their own. With ``--from`` the
    members of a fitted ensemble, or a single network, are the teachers, and none is trained.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> Distilled(CRNN(), members=3).options.weight
    0.5
    """

    name = "distilled"

    class Options(Settings):
        """The number of teachers, and how much they count against the labels."""

        members: int = Field(5, ge=2, le=1000, description="teachers, where none are given")
        weight: float = Field(0.5, gt=0, le=1, description="share of the loss that is theirs")
        jobs: int | None = Field(None, ge=1, description="at once; None: one a processor")

    @classmethod
    def passes(cls, experiment: Experiment, *, started: bool = False) -> float:
        """The epochs of the student and of the teachers, and the teachers' answers."""
        members: int = cls.checked(experiment.posterior.settings).members
        trained = 1 + (0 if started else members)
        return float(experiment.training.epochs * (trained + members * TEACHING))

    def fit_examples(
        self, training_data: TrainingData, context: FitContext, start: Posterior | None = None
    ) -> TrainingRecord:
        """Train the teachers, unless ``start`` gives them, and then the student.

        Returns
        -------
        TrainingRecord
            How the training of the teachers went, and then that of the student.

        Raises
        ------
        InputError
            If a training fails.
        """
        self.forget()
        self._frontend = Frontend.of(
            self.experiment.features, training_data.normalizer, self.experiment.windows
        )
        if isinstance(start, DeepEnsemble):
            networks, record = [member.network for member in start.members], start.record
        elif isinstance(start, NetworkPosterior):
            networks, record = [start.network], start.record
        else:
            ensemble = self._ensemble()
            record = ensemble.fit_examples(training_data, context.inner("teachers"))
            networks = [member.network for member in ensemble.members]
        teachers = Teachers(networks, self.options.weight)
        return record.then(self.train_network(training_data, context, teachers=teachers))

    def _ensemble(self) -> DeepEnsemble:
        # seeds of their own: a teacher that starts where the student starts would agree with it
        seed = int(np.random.SeedSequence([self.seed, 6]).generate_state(1)[0])
        options: dict[str, Any] = {"members": self.options.members, "jobs": self.options.jobs}
        plan = self.experiment.model_copy(
            update={"posterior": Named(name=DeepEnsemble.name, **options), "seed": seed}
        )
        ensemble = DeepEnsemble.of_experiment(plan)
        ensemble.network = self.network
        return ensemble
