"""Variational inference fits a Gaussian over the weights by the evidence lower bound.

Graves 2011, "Practical variational inference for neural networks"; Blundell et al. 2015,
"Weight uncertainty in neural networks" (https://arxiv.org/abs/1505.05424), equation 2: of all
guides q,

    q = argmin KL(q(w) || prior(w)) - tempering * sum over frames of E_q[log p(class | w)].

The tempering is there because frames 6 ms apart are no independent observations: N frames
count as ``tempering * N``. The guide has a vector per group of weights, with mean m (the
network's weights), S the diagonal of scales and z, e standard normal:

    w = m + S z                        a kernel or matrix, all weights independent
    w = m + S (z + F e)                a joint group with a low-rank factor F
    w = m + S L z                      a joint group with a unit lower triangle L

One draw is one such vector for every group, hence all weights of the network that vary. The
estimators "flipout" and "local" lower the variance of gradients in training
(:mod:`bayes_a2m.networks.perturbation`); draws for predictions are the same, whichever it was.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.perturbation import WeightGroup, weight_groups
from bayes_a2m.posteriors.network_posterior import FitContext, WeightPosterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData

LARGEST_FULL = 2000
"""Most weights of a joint group with a full covariance: a square of them is kept."""


class Variational(WeightPosterior):
    """A network whose weights are drawn from a Gaussian around those it was trained to.

    Every weight matrix and kernel has a standard deviation of its own; a last layer may have
    a low-rank or full covariance, its biases included. Other biases and batch normalisation's
    scales and shifts stay points: they are under 1 % of the parameters, an error in one moves
    all frames at once, and a normalisation's scale takes up what the kernel before it means.
    The fit starts at the trained network and goes on for a few epochs.

    Attributes
    ----------
    elbo_trace
        The evidence lower bound after every epoch, in nats per frame, shape ``(epoch,)``.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> Variational(CRNN(), epochs=2).options.estimator
    'plain'
    """

    name = "variational"

    class Options(Settings):
        """Settings of the fit."""

        prior_scale: float = Field(1.0, gt=0, description="standard deviation of the prior")
        prior: Literal["fan_in", "plain"] = Field(
            "fan_in", description="whether the prior's scale is divided by the root of the fan-in"
        )
        initial_scale: float = Field(0.05, gt=0, description="where the guide's scales start")
        initial: Literal["relative", "absolute"] = Field(
            "relative", description="to the root mean square of each tensor, or as it is"
        )
        warmup: int = Field(1, ge=0, description="epochs before the whole KL counts")
        tempering: float = Field(0.1, gt=0, description="observations a frame counts as")
        epochs: int = Field(2, ge=1)
        learning_rate: float = Field(1e-5, gt=0, description="of means and points")
        scale_rate: float = Field(0.1, gt=0, description="of the scales' logs and the factors")
        estimator: Literal["plain", "flipout", "local"] = "plain"
        last_layers: Literal["mean_field", "low_rank", "full"] = "low_rank"
        joint: tuple[str, ...] = Field(("head",), description="modules with a joint covariance")
        rank: int = Field(4, ge=1, le=10, description="of a low-rank covariance")
        frozen_statistics: bool = Field(
            True, description="keep batch normalisation's statistics as the network had them"
        )

    elbo_trace: NDArray[np.float32]
    _own: dict[str, Tensor]

    @property
    def chains(self) -> int:
        """Draws of one Gaussian are independent, so there is one chain."""
        return 1

    @classmethod
    def own_passes(cls, options: Any) -> float:
        """Every epoch counts as 1.3 passes: drawing weights costs a third of a pass more."""
        return 1.3 * float(options.epochs)

    def groups(self) -> list[WeightGroup]:
        """The groups of weights that vary, in the order in which they are drawn.

        Raises
        ------
        InputError
            If a joint module is missing, or too large for a full covariance.
        """
        # single tensors come before joint groups: the order decides which random numbers each of
        # them gets, so a model that was saved draws the same weights only if it stays
        kind = self.options.last_layers
        groups = weight_groups(self.network, () if kind == "mean_field" else self.options.joint)
        for group in groups:
            if group.joint and kind == "full" and group.size > LARGEST_FULL:
                raise InputError(
                    f"posterior.last_layers: a full covariance of {group.name} would be over "
                    f"{group.size} numbers, at most {LARGEST_FULL}; use low_rank"
                )
        return groups

    def fit_posterior(self, training_data: TrainingData, context: FitContext) -> TrainingRecord:
        """Fit the guide, starting from the trained network.

        Returns
        -------
        TrainingRecord
            One row an epoch of the guide's training, and its time.

        Raises
        ------
        InputError
            If the loss is not finite, or a joint group is missing or too large.
        """
        from bayes_a2m.training.variational import VariationalTraining, fit_guide

        # the model that it starts from keeps its weights
        self.network = copy.deepcopy(self.network)
        self.groups()  # refused before any training, not after
        options = self.options
        # an average of weights, or the weights of an earlier epoch, would not be the means that
        # the scales were fitted around
        update = {"epochs": options.epochs, "averaging": 0.0, "early_stopping": None}
        module = VariationalTraining(
            self.network,
            training_data.normalizer,
            self.experiment.training.model_copy(update=update),
            floor_db=self.experiment.features.floor_db,
            transposition=training_data.transposition,
            seed=self.experiment.seed,
            frames=sum(len(e.labels) for e in training_data.fit_examples),
            variational=options,
        )
        log, seconds = fit_guide(
            module,
            training_data.training_examples(self.experiment.seed),
            training_data.tune_examples,
            folder=context.folder,
            resume=context.resume,
            progress=context.progress,
        )
        trace = torch.tensor(module.elbo_trace, dtype=torch.float32)
        self.load_state_dict({**module.guide.state(), "elbo": trace})
        return TrainingRecord(log, seconds)

    def state_dict(self) -> dict[str, Tensor]:
        """Every group's scales and factor, and the trace; the means are the network's weights."""
        return dict(self._own)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what :meth:`state_dict` gave.

        Raises
        ------
        KeyError
            If a tensor is missing, or of another size.
        InputError
            If a joint group is missing or too large.
        """
        for group in self.groups():
            if state[f"scale.{group.name}"].shape != (group.size,):
                raise KeyError(f"scale.{group.name} has another size")
            if group.joint and state[f"factor.{group.name}"].shape[0] != group.size:
                raise KeyError(f"factor.{group.name} has another size")
        self._own = dict(state)
        self.elbo_trace = state["elbo"].numpy()
        self.forget()

    def draw_weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        """The parameters of all groups, which depend on the seed and the draw's number alone."""
        generator = torch.Generator().manual_seed(self.draw_seed(draw))
        means = dict(self.network.named_parameters())
        weights: dict[str, Tensor] = {}
        with torch.no_grad():
            for group in self.groups():
                vector = group.joined(means) + self._deviation(group, generator)
                weights.update(group.parted(vector))
        return weights

    def _deviation(self, group: WeightGroup, generator: torch.Generator) -> Tensor:
        """The deviation of a group's vector from its mean, ``(size,)``."""
        scale = self._own[f"scale.{group.name}"]
        noise = torch.randn(group.size, generator=generator)
        if not group.joint:
            return scale * noise
        factor = self._own[f"factor.{group.name}"]
        if self.options.last_layers == "full":
            return scale * (factor @ noise)
        common = torch.randn(factor.shape[1], generator=generator)
        return scale * (noise + factor @ common)
