"""Deep ensemble: networks trained from different random starts disagree where data are silent.

Lakshminarayanan, Pritzel and Blundell 2017, "Simple and scalable predictive uncertainty
estimation using deep ensembles" (https://arxiv.org/abs/1612.01474), section 2.4. With M members of
weights w_m, each trained from its own random start and in its own order of examples, the
predictive is the uniform mixture

    p(y | x) = (1 / M) sum_m p(y | x, w_m).

One draw is the answer of one member. A member may itself draw, so an ensemble of MC-dropout or
variational networks mixes their draws (Wilson and Izmailov 2020,
https://arxiv.org/abs/2002.08791, section 3); a chain of the posterior is then a member, or one of
a member's own chains.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Self

import torch
from pydantic import Field, field_validator
from torch import Tensor

from bayes_a2m.config.experiment import Experiment, Named
from bayes_a2m.config.settings import Settings
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError, PartlyFinishedError
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.frontend import Frontend
from bayes_a2m.posteriors.member import MemberTraining, unfitted
from bayes_a2m.posteriors.network_posterior import FitContext, NetworkPosterior
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData

if TYPE_CHECKING:
    from bayes_a2m.posteriors.model_directory import ModelState

PREFIX = "member."
"""How the names of the members' tensors start."""

SPREAD = 1000
"""Member m of seed s has seed ``1000 s + m``, so that ensembles of other seeds share none."""


class DeepEnsemble(NetworkPosterior):
    """Several networks that differ in their seed alone; each is a chain of the posterior.

    Members are trained in parallel, by processes of joblib's engine: wrap ``fit`` in
    ``joblib.parallel_config("dask")`` to train them on many machines. One that fails, or
    whose process is killed, is trained again alone.

    Parameters
    ----------
    network, settings
        The network, and the settings of any network's posterior. The method's own are
        ``members``; ``method``, how each of them is uncertain (a point estimate, unless told);
        ``resample``, whether each has its own bootstrap of the recordings; and ``jobs``, how many
        are trained at once.

    Attributes
    ----------
    members
        The fitted members.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> DeepEnsemble(CRNN(), members=3).options.members
    3
    """

    name = "ensemble"

    class Options(Settings):
        """The number of members, and their settings."""

        members: int = Field(5, le=1000)
        method: Named = Named(name="point")
        resample: bool = False
        jobs: int | None = Field(None, ge=1, description="at once; None: one a processor")

        @field_validator("members")
        @classmethod
        def _several(cls, members: int) -> int:
            if members < 2:
                raise ValueError("an ensemble needs at least 2; one network is posterior 'point'")
            return members

    def __init__(self, network: Network, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.members: list[NetworkPosterior] = []
        self._records: list[TrainingRecord] = []
        if self.options.method.name == self.name:
            raise InputError("posterior.method: members of an ensemble are no ensembles")

    @classmethod
    def passes(cls, experiment: Experiment, *, started: bool = False) -> float:
        """The epochs of all members."""
        members: int = cls.checked(experiment.posterior.settings).members
        return float(members * experiment.training.epochs)

    # ---- fitting ----

    def fit(self, train: Dataset, tune: Dataset, **settings: Any) -> Self:
        """Train the members, then choose a recalibration and tune the decoder on ``tune``.

        The settings are those of :meth:`NetworkPosterior.fit`. Every member can then be used
        alone, too.

        Raises
        ------
        InputError
            If a member fails twice, or ``start`` cannot be gone on from.
        """
        super().fit(train, tune, **settings)
        self._share()
        return self

    def fit_examples(
        self, training_data: TrainingData, context: FitContext, start: Posterior | None = None
    ) -> TrainingRecord:
        """Train the members that ``start`` does not give.

        Returns
        -------
        TrainingRecord
            How the training of all members went, one after the other.

        Raises
        ------
        InputError
            If a member fails twice, or ``start`` has too few members.
        """
        from bayes_a2m.training.fit import home

        self.forget()
        self._frontend = Frontend.of(
            self.experiment.features, training_data.normalizer, self.experiment.windows
        )
        ready, bases = self._taken_over(start)
        taken = {member.seed for member in ready}
        # members that are taken over keep their seeds, so new ones must not share them
        seeds = (s for s in count(self.experiment.seed * SPREAD) if s not in taken)
        template = self.network.fresh(
            bins=self.experiment.features.bins, classes=training_data.classes, seed=0
        )
        with home(context.folder) as folder:
            tasks = [
                MemberTraining(
                    plan=self._plan(seed),
                    network=template,
                    folder=folder / f"member_{len(ready) + i}",
                    resample=self.options.resample,
                    base=bases[i] if bases else None,
                )
                for i, seed in zip(range(self.options.members - len(ready)), seeds, strict=False)
            ]
            self._train(tasks, training_data, context)
            trained = [task.read() for task in tasks]
        self._adopt([*ready, *(member for member, _ in trained)])
        self._records = [member.record for member in ready] + [record for _, record in trained]
        combined = TrainingRecord()
        for record in self._records:
            combined = combined.then(record)
        return combined

    def _taken_over(
        self, start: Posterior | None
    ) -> tuple[list[NetworkPosterior], list[NetworkPosterior]]:
        """Members that are ready, and those whose networks others start from.

        Ready ones are copies: what the ensemble fits, its decoder for one, is not the start's.
        """
        method, size = self.options.method, self.options.members
        given = start.members if isinstance(start, DeepEnsemble) else [start]
        models = [model for model in given if isinstance(model, NetworkPosterior)]
        if not models or models[0].experiment.posterior == method:
            return [copy.copy(model) for model in models[:size]], []
        if len(models) < size:
            raise InputError(
                f"an ensemble of {size} members of method {method.name} cannot start from "
                f"{len(models)} of method {models[0].name}; give one of as many members"
            )
        return [], models[:size]

    def _plan(self, seed: int) -> Experiment:
        return self.experiment.model_copy(update={"posterior": self.options.method, "seed": seed})

    def _train(
        self, tasks: Sequence[MemberTraining], training_data: TrainingData, context: FitContext
    ) -> None:
        """Train what is not finished: all in parallel, then what failed alone, once more."""
        from bayes_a2m.parallel import run_all

        def run(chosen: Sequence[MemberTraining]) -> list[str]:
            calls = [partial(task.run, training_data) for task in chosen]
            watch = partial(_progress, tasks) if context.progress else None
            return run_all(calls, jobs=self.options.jobs, watch=watch, what="members")

        if not context.resume:
            for task in tasks:
                task.clear()
        run([task for task in tasks if not task.finished])
        for task in tasks:
            if task.finished:
                continue
            reasons = run([task])
            if not task.finished:
                words = (
                    f"{task.folder.name} of the ensemble (seed {task.plan.seed}) failed twice: "
                    f"{'; '.join(reasons)}"
                )
                finished = sum(other.finished for other in tasks)
                if not finished:
                    raise InputError(words)
                raise PartlyFinishedError(f"{words}; {finished} of {len(tasks)} members are kept")

    def _adopt(self, members: Sequence[NetworkPosterior]) -> None:
        self.members = list(members)
        self.network = self.members[0].network

    # ---- use ----

    def log_probs(self, features: Tensor, draws: int) -> Tensor:
        """Log-probabilities of every member, ``(chain, draw, frame, class)``.

        A chain is a member, or one of a member's chains; draws are shared out evenly among members.
        """
        draws_each = max(1, draws // len(self.members))
        return torch.cat([member.log_probs(features, draws_each) for member in self.members])

    @property
    def parameter_count(self) -> int:
        """The number of weights of all members together."""
        return sum(member.parameter_count for member in self.members)

    # ---- files ----

    def weights(self) -> dict[str, Tensor]:
        """The tensors of every member and its seed; their names start with the member's number."""
        return {
            f"{PREFIX}{i}.{name}": tensor
            for i, member in enumerate(self.members)
            for name, tensor in (*member.weights().items(), ("seed", torch.tensor(member.seed)))
        }

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take back what :meth:`weights` gave."""
        members = []
        for i in range(self.options.members):
            start = f"{PREFIX}{i}."
            tensors = {k.removeprefix(start): v for k, v in weights.items() if k.startswith(start)}
            member = unfitted(self._plan(int(tensors.pop("seed"))), self.network)
            member.load_weights(tensors)
            members.append(member)
        self._adopt(members)

    def load_state(self, state: ModelState) -> None:
        """Take the members from the state of a model directory."""
        super().load_state(state)
        # a directory has one log of all members; the first carries it on where members are added
        rest = [TrainingRecord()] * (len(self.members) - 1)
        self._records = [state.fitted.record, *rest]
        self._share()

    def _share(self) -> None:
        """Let every member be used alone."""
        for member, record in zip(self.members, self._records, strict=True):
            member._frontend = self._frontend
            # the densities are of the first member's features; others have features of their own
            novelty = self._known.novelty if member.network is self.network else None
            member.fitted = replace(self._known, record=record, novelty=novelty)


def _progress(tasks: Sequence[MemberTraining]) -> tuple[float, int]:
    return sum(task.share_done for task in tasks), len(tasks)
