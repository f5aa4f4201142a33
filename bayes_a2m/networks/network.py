"""What every network is: a trunk that reads features and a head that gives probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from bayes_a2m.networks.heads import Head


class Network(nn.Module, ABC):
    """Features ``(batch, frame, bin)`` to log-probabilities ``(batch, frame, class)``.

    A network is plain torch and deterministic. It keeps its own settings, so that one like
    it can be made with fresh weights, for other bins or classes.

    Attributes
    ----------
    name
        What experiment files call it.
    bins, classes
        Size of its input and output.
    settings
        The other arguments it was made with, as an experiment file would give them.
    head
        The last layer.
    """

    name: ClassVar[str]
    bins: int
    classes: int
    settings: dict[str, Any]
    head: Head

    @abstractmethod
    def trunk(self, features: Tensor, lengths: Tensor) -> Tensor:
        """What the head reads, shape ``(batch, frame, feature)``."""

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Log-probabilities over the classes.

        Parameters
        ----------
        features
            Normalised, shape ``(batch, frame, bin)``.
        lengths
            Real frames of every item, shape ``(batch,)``; all frames where it is left out.
            Padding changes nothing; what stands in the answer past a length means nothing.
        """
        if lengths is None:
            lengths = torch.full((features.shape[0],), features.shape[1], device=features.device)
        log_probs: Tensor = self.head(self.trunk(features, lengths), lengths)
        return log_probs

    def fresh(self, *, bins: int, classes: int, seed: int) -> Self:
        """A network like this one with new weights, drawn from the seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed reseeds GPUs, too
            return type(self)(bins, classes, **self.settings)

    @property
    def parameter_count(self) -> int:
        """Number of trained numbers."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
