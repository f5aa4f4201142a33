"""Variational inference: a Gaussian over the weights, fitted by the evidence lower bound.

Graves 2011, "Practical variational inference for neural networks"; Blundell et al. 2015,
"Weight uncertainty in neural networks" (arXiv 1505.05424), equation 2: of all guides q,

    q = argmin KL(q(w) || prior(w)) - tempering * sum over frames of E_q[log p(class | w)].

The tempering is there because frames 6 ms apart are no independent observations: N frames
count as ``tempering * N``.
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
"""Numbers a full covariance may be over: a square of them is kept."""


class Variational(WeightPosterior):
    """Draws are weights from a Gaussian around the network's.

    Every weight matrix and kernel has a standard deviation of its own; a last layer may have
    a low-rank or full covariance, its biases included. Other biases and batch normalisation's
    scales and shifts stay points: they are under 1 % of the parameters, an error in one moves
    all frames at once, and a normalisation's scale takes up what the kernel before it means.
    The fit starts at the trained network and goes on for a few epochs.

    Attributes
    ----------
    elbo_trace
        The bound, one value an epoch, nats per frame.

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
        """One Gaussian."""
        return 1

    @classmethod
    def own_passes(cls, options: Any) -> float:
        """Every epoch draws weights, which costs a third of a pass more."""
        return 1.3 * float(options.epochs)

    def groups(self) -> list[WeightGroup]:
        """What varies, in the order it is drawn.

        Raises
        ------
        InputError
            If a joint module is missing, or too large for a full covariance.
        """
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
        """Fit the guide from the trained network on."""
        from bayes_a2m.training.variational import VariationalTraining, fit_guide

        # the model it starts from keeps its weights
        self.network = copy.deepcopy(self.network)
        self.groups()
        options = self.options
        update = {"epochs": options.epochs, "averaging": 0.0, "early_stopping": None}
        module = VariationalTraining(
            self.network,
            training_data.normalizer,
            self.experiment.training.model_copy(update=update),
            floor_db=self.experiment.features.floor_db,
            seed=self.experiment.seed,
            frames=sum(len(e.labels) for e in training_data.fit_examples),
            variational=options,
        )
        log, seconds = fit_guide(
            module,
            training_data.fit_examples,
            training_data.tune_examples,
            folder=context.folder,
            resume=context.resume,
            progress=context.progress,
        )
        trace = torch.tensor(module.elbo_trace, dtype=torch.float32)
        self.load_state_dict({**module.guide.state(), "elbo": trace})
        return TrainingRecord(log, seconds)

    def state_dict(self) -> dict[str, Tensor]:
        """Scales and factors by group, and the trace; the means are the network's weights."""
        return dict(self._own)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what :meth:`state_dict` gave."""
        for group in self.groups():
            if state[f"scale.{group.name}"].shape != (group.size,):
                raise KeyError(f"scale.{group.name} has another size")
            if group.joint and state[f"factor.{group.name}"].shape[0] != group.size:
                raise KeyError(f"factor.{group.name} has another size")
        self._own = dict(state)
        self.elbo_trace = state["elbo"].numpy()
        self.forget()

    def draw_weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        """All groups' parameters, from the seed and the draw's number alone."""
        generator = torch.Generator().manual_seed(self.draw_seed(draw))
        means = dict(self.network.named_parameters())
        weights: dict[str, Tensor] = {}
        with torch.no_grad():
            for group in self.groups():
                vector = group.joined(means) + self._deviation(group, generator)
                weights.update(group.parted(vector))
        return weights

    def _deviation(self, group: WeightGroup, generator: torch.Generator) -> Tensor:
        """A group's vector less its mean."""
        scale = self._own[f"scale.{group.name}"]
        noise = torch.randn(group.size, generator=generator)
        if not group.joint:
            return scale * noise
        factor = self._own[f"factor.{group.name}"]
        if self.options.last_layers == "full":
            return scale * (factor @ noise)
        common = torch.randn(factor.shape[1], generator=generator)
        return scale * (noise + factor @ common)
