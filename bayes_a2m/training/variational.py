"""Variational training: a Gaussian over a network's weights by the evidence lower bound (ELBO).

The model: weights ``w ~ Normal(0, prior²)``; every frame's class by the network's distribution.
Training raises ``tempering * N * E[log p(class | w)] - KL(guide || prior)``, N being the frames
of the training split; divided by ``tempering * N`` it is nats per frame:

    loss = -E[mean log p(class | w)] + warm-up * KL / (tempering * N)

Pyro builds it (``TraceMeanField_ELBO``, with the KL in closed form); parameters live in the
modules, not in Pyro's global store.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyro
import torch
from pyro import distributions, poutine
from pyro.distributions import constraints
from pyro.infer import TraceMeanField_ELBO
from pyro.nn import PyroModule, PyroParam
from torch import Tensor, nn

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.datasets.augment import Transposition
from bayes_a2m.datasets.example import Example
from bayes_a2m.networks.network import Network
from bayes_a2m.networks.onsets import log_odds
from bayes_a2m.networks.perturbation import (
    WeightGroup,
    flipout,
    local,
    perturbable,
    weight_groups,
)
from bayes_a2m.training.data import Batch
from bayes_a2m.training.fit import home, run
from bayes_a2m.training.module import NetworkTraining

if TYPE_CHECKING:
    from bayes_a2m.posteriors.variational import Variational

TUNING_DRAWS = 4
"""Number of draws whose mean prediction gives the tuning NLL of an epoch."""

FACTOR_START = 0.1
"""Size of a low-rank factor at the start, in scales: at zero its gradient would be zero."""


def settings() -> AbstractContextManager[None]:
    """Configure Pyro for a while: parameters in modules, and no check of every tensor.

    The loss itself is checked in every step, so an invalid tensor does not go unnoticed.
    """
    context: AbstractContextManager[None] = pyro.settings.context(
        module_local_params=True,
        validate_infer=False,
        validate_poutine=False,
        validate_distributions_pyro=False,
        validate_distributions_torch=False,
    )
    return context


class Guide(PyroModule):
    """Guide: Gaussians over groups of weights, around means that the network keeps.

    It is mean-field (Graves 2011; Blundell et al. 2015, arXiv 1505.05424) for single groups. For
    joint ones, with S the diagonal of scales: ``S (I + F Fᵀ) S`` for a low-rank factor F, or
    ``S L Lᵀ S`` for a full unit triangle L. Scales and factors are Pyro's parameters; a factor
    has no unit, so that one learning rate does for all.

    Parameters
    ----------
    groups
        Groups of weights it is a distribution over.
    scales
        Initial standard deviations, ``(size,)`` each, by group.
    kind, rank
        Covariance of the joint groups, ``"mean_field"``, ``"low_rank"`` or ``"full"``, and the
        rank of F.
    generator
        Source of the initial F.
    """

    def __init__(
        self,
        groups: Sequence[WeightGroup],
        scales: Mapping[str, Tensor],
        kind: str,
        rank: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.groups = list(groups)
        self.kind = kind
        for group in groups:
            scale = PyroParam(scales[group.name].clone(), constraints.positive, event_dim=1)
            setattr(self, _key("scale", group), scale)
            if not group.joint:
                continue
            if kind == "low_rank":
                start = torch.randn(group.size, rank, generator=generator)
                factor = PyroParam(start * FACTOR_START / math.sqrt(rank), event_dim=2)
            else:
                lower = constraints.unit_lower_cholesky
                factor = PyroParam(torch.eye(group.size), lower, event_dim=2)
            setattr(self, _key("factor", group), factor)

    def scale(self, group: WeightGroup) -> Tensor:
        """Return the standard deviations, of a joint group before its factor, ``(size,)``."""
        scale: Tensor = getattr(self, _key("scale", group))
        return scale

    def factor(self, group: WeightGroup) -> Tensor:
        """Return F ``(size, rank)`` or L ``(size, size)`` of a joint group."""
        factor: Tensor = getattr(self, _key("factor", group))
        return factor

    def distribution(self, group: WeightGroup, mean: Tensor) -> Any:
        """Make the distribution of a group's vector around a mean ``(size,)``."""
        scale = self.scale(group)
        if not group.joint:
            normal: Any = distributions.Normal(mean, scale)
            return normal.to_event(1)
        factor = scale[:, None] * self.factor(group)
        if self.kind == "low_rank":
            return distributions.LowRankMultivariateNormal(mean, factor, scale.square())
        return distributions.MultivariateNormal(mean, scale_tril=factor)

    def forward(self, means: Mapping[str, Tensor], beta: float, *data: Any) -> dict[str, Tensor]:
        """Draw every group, its part of the KL weighted by ``beta``."""
        with poutine.scale(scale=beta):
            return {
                g.name: pyro.sample(g.name, self.distribution(g, g.joined(means)))
                for g in self.groups
            }

    def state(self) -> dict[str, Tensor]:
        """Return scales and factors by the names they have in a model directory."""
        kept = {}
        for group in self.groups:
            kept[f"scale.{group.name}"] = self.scale(group).detach().clone()
            if group.joint:
                kept[f"factor.{group.name}"] = self.factor(group).detach().clone()
        return kept


def _key(kind: str, group: WeightGroup) -> str:
    return f"{kind}_{group.name.replace('.', '_')}"


def prior(group: WeightGroup, scale: Tensor) -> Any:
    """Make independent normals around zero, in the form whose KL to the guide is known.

    A factor of zeros makes a low-rank normal one with independent parts.
    """
    zeros = torch.zeros_like(scale)
    if not group.joint:
        normal: Any = distributions.Normal(zeros, scale)
        return normal.to_event(1)
    return distributions.LowRankMultivariateNormal(zeros, zeros[:, None], scale.square())


class VariationalTraining(NetworkTraining):
    """Training by the evidence lower bound; the network's parameters are the guide's means.

    Parameters
    ----------
    network, normalizer, settings, floor_db, transposition, seed, frames
        The same as for :class:`NetworkTraining`; class weights do not enter, a likelihood has none.
    variational
        Settings of the method.

    Attributes
    ----------
    guide
        Scales and factors.
    elbo_trace
        ELBO with the whole KL, one value an epoch, nats per frame.
    """

    def __init__(
        self,
        network: Network,
        normalizer: Normalizer,
        settings_: TrainingSettings,
        *,
        floor_db: float,
        transposition: Transposition | None = None,
        seed: int,
        frames: int,
        variational: Variational.Options,
    ) -> None:
        super().__init__(
            network,
            normalizer,
            settings_,
            floor_db=floor_db,
            transposition=transposition,
            seed=seed,
            frames=frames,
        )
        self.variational = variational
        self.elbo_trace: list[float] = []
        self._sum, self._seen, self._nll = 0.0, 0, 0.0
        joint = () if variational.last_layers == "mean_field" else variational.joint
        self.groups = weight_groups(network, joint)
        means = dict(network.named_parameters())
        generator = torch.Generator().manual_seed(seed)
        self._priors = {g.name: f"prior_{i}" for i, g in enumerate(self.groups)}
        for group in self.groups:
            scale = torch.full((group.size,), variational.prior_scale)
            if variational.prior == "fan_in":
                scale = scale / group.fan_in().sqrt()
            self.register_buffer(self._priors[group.name], scale, persistent=False)
        with settings():
            self.guide = Guide(
                self.groups,
                {g.name: self._start(g, means) for g in self.groups},
                variational.last_layers,
                variational.rank,
                generator,
            )

    def _start(self, group: WeightGroup, means: Mapping[str, Tensor]) -> Tensor:
        """Initial scales: a share of each tensor's root mean square, or a number."""
        size = self.variational.initial_scale
        sizes = {}
        for name, shape in group.shapes.items():
            typical = means[name].detach().square().mean().sqrt().clamp_min(1e-3)
            relative = self.variational.initial == "relative"
            sizes[name] = torch.full(shape, size * float(typical) if relative else size)
        return group.joined(sizes)

    # ---- the bound ----

    def model(
        self,
        means: Mapping[str, Tensor],
        beta: float,
        features: Tensor,
        labels: Tensor,
        lengths: Tensor,
        generator: torch.Generator,
    ) -> None:
        """Sample weights from the prior, and every frame's class given them: Pyro's model.

        Parameters
        ----------
        means
            Means of the guide, by name of the parameter.
        beta
            Weight of the KL.
        features, labels, lengths
            A batch: ``(batch, frame, bin)``, ``(batch, frame)`` and ``(batch,)``.
        generator
            Source of the noise on layers.
        """
        drawn: dict[str, Tensor] = {}
        with poutine.scale(scale=beta):
            for group in self.groups:
                around = prior(group, getattr(self, self._priors[group.name]))
                drawn.update(group.parted(pyro.sample(group.name, around)))
        outputs = self._noisy(drawn, means, features, lengths, generator)
        log_probs = outputs[..., : self.network.classes]
        real = torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]
        distribution: Any = distributions.Categorical(logits=log_probs[real])
        self._nll = -float(distribution.log_prob(labels[real]).detach().mean())
        # the plate scales the batch's log-likelihood up to all N frames of the training split, and
        # tempering scales it down to as many independent observations as they are worth
        with (
            poutine.scale(scale=self.variational.tempering),
            pyro.plate("frames", self.frames, subsample=torch.arange(int(real.sum()))),
        ):
            pyro.sample("labels", distribution, obs=labels[real])
        if (onsets := self.network.onset_head) is not None:
            odds = log_odds(outputs[..., -1])
            loss = onsets.options.weight * onsets.loss(odds, labels, lengths)
            pyro.factor("onsets", -self.variational.tempering * self.frames * loss)
            self._nll += float(loss.detach())

    def _noisy(
        self,
        drawn: dict[str, Tensor],
        means: Mapping[str, Tensor],
        features: Tensor,
        lengths: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """Run the network with drawn weights, or with the noise they would make."""
        estimator = self.variational.estimator
        noise: AbstractContextManager[None] = nullcontext()
        if estimator != "plain":
            # correlated weights, and those of the recurrence, are drawn once a batch: signs would
            # change a correlation, and a recurrence uses its weights at every step, inside one
            # fused call that no hook sees
            single = {g.name: g for g in self.groups if not g.joint}
            layers = [n for n in perturbable(self.network) if n in single]
            moved = {name: drawn.pop(name) for name in layers}
            if estimator == "flipout":
                deltas = {name: w - means[name] for name, w in moved.items()}
                noise = flipout(self.network, deltas, generator)
            else:
                scales = {n: self.guide.scale(single[n]).reshape(w.shape) for n, w in moved.items()}
                noise = local(self.network, scales, generator)
        with noise:
            answer: Tensor = torch.func.functional_call(
                self.network, drawn, (features, lengths), {"onsets": True}
            )
        return answer

    @property
    def beta(self) -> float:
        """Weight of the KL in this epoch: ``(epoch + 1) / (warmup + 1)``, at most one."""
        return min(1.0, (self.current_epoch + 1) / (self.variational.warmup + 1))

    def objective(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Compute minus the ELBO in nats per frame, the KL weighted by ``beta``."""
        features, labels, lengths, _ = batch
        means = dict(self.network.named_parameters())
        scale = self.frames * self.variational.tempering
        bound = cast(Any, TraceMeanField_ELBO)()
        with settings(), _seeded(generator):
            total: Tensor = bound.differentiable_loss(
                self.model, self.guide, means, self.beta, features, labels, lengths, generator
            )
        loss = total / scale
        frames = int(lengths.sum())
        # the trace is of the bound with the whole KL, so that epochs of the warm-up compare
        divergence = (float(loss.detach()) - self._nll) / self.beta
        self._sum -= frames * (self._nll + divergence)
        self._seen += frames
        return loss

    # ---- around it ----

    def on_train_epoch_start(self) -> None:
        """Freeze batch normalisation's statistics where asked; start the epoch's sum."""
        self._sum, self._seen = 0.0, 0
        if self.variational.frozen_statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def on_train_epoch_end(self) -> None:
        """Add the epoch's value to the trace."""
        self.elbo_trace.append(self._sum / max(1, self._seen))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the trace into a checkpoint."""
        checkpoint["elbo_trace"] = list(self.elbo_trace)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the trace from a checkpoint."""
        self.elbo_trace = list(checkpoint["elbo_trace"])

    def validation_step(self, batch: Batch, index: int) -> None:
        """Log NLL and accuracy of the mean of a few draws, the same ones in every epoch."""
        features = self.normalized(batch.features, batch.lengths)
        answers = []
        means = dict(self.network.named_parameters())
        for draw in range(TUNING_DRAWS):
            generator = torch.Generator().manual_seed(_seed_of(self.seed, 3, draw))
            with settings(), _seeded(generator):
                drawn = self.guide(means, 1.0)
            weights = {n: w for g in self.groups for n, w in g.parted(drawn[g.name]).items()}
            answers.append(
                torch.func.functional_call(self.network, weights, (features, batch.lengths))
            )
        log_probs = torch.logsumexp(torch.stack(answers), 0) - math.log(TUNING_DRAWS)
        loss = self.network.head.loss(log_probs, batch.labels, batch.lengths)
        real = torch.arange(batch.labels.shape[1], device=self.device) < batch.lengths[:, None]
        right = (log_probs.argmax(-1) == batch.labels)[real].float().mean()
        count = int(batch.lengths.sum())
        self.log("tuning_nll", loss, on_epoch=True, batch_size=count, prog_bar=True)
        self.log("tuning_accuracy", right, on_epoch=True, batch_size=count, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """Make Adam with one cycle, without weight decay, which the prior is.

        Scales have a learning rate of their own, since they are of another size than means.
        """
        rates = [self.variational.learning_rate, self.variational.scale_rate]
        optimizer = torch.optim.Adam(
            [
                {"params": list(self.network.parameters()), "lr": rates[0]},
                {"params": list(self.guide.parameters()), "lr": rates[1]},
            ]
        )
        steps = max(2, int(self.trainer.estimated_stepping_batches))
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rates, total_steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}


def fit_guide(
    module: VariationalTraining,
    fit: Sequence[Example],
    tune: Sequence[Example],
    *,
    folder: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> tuple[str, float]:
    """Train means, scales and factors in place; the last epoch counts, as the KL is whole then.

    Returns
    -------
    log, seconds
        One row an epoch as CSV, ``train_nll`` being the loss; and the time in epochs.

    Raises
    ------
    InputError
        If the loss is not finite.
    """
    with home(folder) as kept:
        log = run(module, fit, tune, folder=kept, keep_best=False, resume=resume, progress=progress)
    module.network.cpu().eval()
    module.guide.cpu()
    return log.text(), log.seconds


def _seeded(generator: torch.Generator) -> AbstractContextManager[None]:
    """Seed the global generator, which Pyro draws from, for a while; then it is as it was."""
    seed = int(torch.randint(2**62, (), generator=generator))
    return _Forked(seed)


class _Forked(AbstractContextManager[None]):
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._fork = torch.random.fork_rng()

    def __enter__(self) -> None:
        self._fork.__enter__()
        torch.manual_seed(self.seed)

    def __exit__(self, *error: Any) -> None:
        self._fork.__exit__(*error)


def _seed_of(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
