"""A network's last layer alone: features that are computed once, and a joint density of weights.

With the trunk fixed, the head is a small model of some hundred weights. Second derivatives and
Hamiltonian Monte Carlo, too expensive for the whole network, are cheap on it. Its tempered joint
density, with a row's weight e and the prior's precision p, is

    log p(labels, w) = e sum over rows of log p(label | w) - p |w|^2 / 2 + (P / 2) log(p / (2 pi)).
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
"""The start of the names of the head's weights in the network."""


@dataclass(frozen=True)
class LastLayer:
    """The head of a network, and what it reads of the training recordings.

    Attributes
    ----------
    head
        The head, whose weights are uncertain.
    features
        What the head reads, shape ``(row, feature)``, float64.
    labels
        The class of every row, shape ``(row,)``.
    row_weight
        How many independent observations a row counts as. Frames of a recording say much the same
        thing, so a row counts for less than one observation (a tempered likelihood); and for
        more, where rows stand for frames that were left out.
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
            A fitted network in evaluation mode.
        training_data
            Its ``fit_examples`` are the rows.
        tempering
            How many independent observations one frame counts as.
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
        """The tensors in a vector of weights, by their names in the head."""
        return unflatten(self.head, weights)

    # ---- densities ----

    def log_probs(self, weights: Tensor, features: Tensor | None = None) -> Tensor:
        """Log-probabilities ``(row, class)`` under the given weights ``(parameter,)``.

        The rows are the layer's own, unless ``features`` ``(row, feature)`` are given.
        """
        rows = self.features if features is None else features
        lengths = torch.tensor([len(rows)])
        answer: Tensor = torch.func.functional_call(
            self.head, self.named(weights), (rows[None], lengths)
        )
        return answer[0]

    def log_likelihood(self, weights: Tensor) -> Tensor:
        """The log-likelihood of all rows, each counted ``row_weight``-fold; a scalar, in nats."""
        chosen = self.log_probs(weights).gather(1, self.labels[:, None])
        return self.row_weight * chosen.double().sum()

    def log_joint(self, weights: Tensor, prior_precision: float) -> Tensor:
        """The log-likelihood plus the log density of the prior, ``N(0, I / prior_precision)``.

        A scalar, in nats. The prior's normalising constant is included, so that values under
        different precisions can be compared.
        """
        prior = -0.5 * prior_precision * (weights**2).sum()
        normal = 0.5 * len(weights) * math.log(prior_precision / (2 * math.pi))
        return self.log_likelihood(weights) + prior + normal


def flat(named: dict[str, Tensor]) -> Tensor:
    """Join tensors, one after the other, to one vector, float64."""
    return torch.cat([tensor.detach().flatten().double() for tensor in named.values()])


def unflatten(head: Head, weights: Tensor) -> dict[str, Tensor]:
    """The tensors that :func:`flat` put into a vector, by name.

    Raises
    ------
    RuntimeError
        If the vector is not as long as the head's parameters.
    """
    shapes = {name: parameter.shape for name, parameter in head.named_parameters()}
    parts = weights.split([shape.numel() for shape in shapes.values()])
    return {n: part.reshape(s) for (n, s), part in zip(shapes.items(), parts, strict=True)}
