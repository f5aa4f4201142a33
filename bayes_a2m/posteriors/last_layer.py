"""A network's last layer alone: features that are computed once, and a joint density of weights.

With the trunk fixed, the head is a small model (some hundred weights), on which what is too
dear for the whole network is cheap: second derivatives, and Hamiltonian Monte Carlo.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from bayes_a2m.networks.heads import Head
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.training_data import TrainingData

PREFIX = "head."
"""How the names of the head's weights start in the network."""


@dataclass(frozen=True)
class LastLayer:
    """The head of a network, and what it read of the training recordings.

    Attributes
    ----------
    head
        Whose weights are uncertain.
    features
        What it reads, shape ``(row, feature)``, float64.
    labels
        Of the rows, shape ``(row,)``.
    row_weight
        How much a row counts. Frames of a recording say much the same thing, so a row counts
        for less than one observation (a tempered likelihood); and for more, where rows stand
        for frames that were left out.
    """

    head: Head
    features: Tensor
    labels: Tensor
    row_weight: float = 1.0

    @classmethod
    def of(
        cls,
        network: Network,
        training_data: TrainingData,
        *,
        tempering: float = 1.0,
        every: int = 1,
    ) -> Self:
        """Run the trunk over the recordings to fit, one by one.

        Parameters
        ----------
        network
            Fitted, in evaluation mode.
        training_data
            Whose ``fit_examples`` are taken.
        tempering
            What one frame counts.
        every
            Keep each so many-th frame, which then stands for all of them. Where the first one
            lies goes round from recording to recording: networks that pool frames give those
            of one step different features, and all of them have to be seen.
        """
        features, labels = [], []
        with torch.no_grad():
            for i, example in enumerate(training_data.normalized(training_data.fit_examples)):
                trunk = network.trunk(torch.from_numpy(example.features)[None])[0]
                features.append(trunk[i % every :: every].double())
                labels.append(torch.from_numpy(example.labels)[i % every :: every])
        return cls(network.head, torch.cat(features), torch.cat(labels), tempering * every)

    # ---- weights as one vector ----

    @property
    def evidence(self) -> float:
        """The name of ``row_weight`` in 0.1.0."""
        warnings.warn("evidence is row_weight now", DeprecationWarning, stacklevel=2)
        return self.row_weight

    @property
    def weights(self) -> Tensor:
        """The head's weights now, ``(parameter,)``, float64."""
        return flat(dict(self.head.named_parameters()))

    def named(self, weights: Tensor) -> dict[str, Tensor]:
        """A vector of weights by their names in the head."""
        return unflatten(self.head, weights)

    # ---- densities ----

    def log_probs(self, weights: Tensor, features: Tensor | None = None) -> Tensor:
        """Log-probabilities ``(row, class)`` under other weights ``(parameter,)``."""
        rows = self.features if features is None else features
        lengths = torch.tensor([len(rows)])
        answer: Tensor = torch.func.functional_call(
            self.head, self.named(weights), (rows[None], lengths)
        )
        return answer[0]

    def log_likelihood(self, weights: Tensor) -> Tensor:
        """Of all rows, as much as they count."""
        chosen = self.log_probs(weights).gather(1, self.labels[:, None])
        return self.row_weight * chosen.double().sum()

    def log_joint(self, weights: Tensor, prior_precision: float) -> Tensor:
        """Log-likelihood and the log density of the prior, a Gaussian around zero."""
        prior = -0.5 * prior_precision * (weights**2).sum()
        normal = 0.5 * len(weights) * math.log(prior_precision / (2 * math.pi))
        return self.log_likelihood(weights) + prior + normal


def flat(named: dict[str, Tensor]) -> Tensor:
    """Tensors one after the other as one vector, float64."""
    return torch.cat([tensor.detach().flatten().double() for tensor in named.values()])


def unflatten(head: Head, weights: Tensor) -> dict[str, Tensor]:
    """The tensors that :func:`flat` put into a vector."""
    shapes = {name: parameter.shape for name, parameter in head.named_parameters()}
    parts = weights.split([shape.numel() for shape in shapes.values()])
    return {n: part.reshape(s) for (n, s), part in zip(shapes.items(), parts, strict=True)}
