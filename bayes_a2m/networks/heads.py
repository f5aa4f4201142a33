"""Heads: from a trunk's features to log-probabilities over the vocabulary, and their loss."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError, suggest


class Head(nn.Module, ABC):
    """Reads trunk features ``(batch, frame, feature)``, returns a law over the classes."""

    @abstractmethod
    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Log-probabilities, shape ``(batch, frame, class)``; each frame's sum to one."""

    def loss(
        self, log_probs: Tensor, labels: Tensor, lengths: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Negative log-likelihood, the mean over real frames.

        Parameters
        ----------
        log_probs
            Shape ``(batch, frame, class)``.
        labels
            Shape ``(batch, frame)``; what lies past a recording's length is not looked at.
        lengths
            Shape ``(batch,)``.
        weights
            Weight of every class, shape ``(class,)``; the mean is then a weighted one.
        """
        real = torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]
        return nn.functional.nll_loss(log_probs[real], labels[real], weight=weights)


class OneStage(Head):
    """One softmax over silence and all pitches."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.output = nn.Linear(features, classes)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Log-softmax of an affine map of each frame's features."""
        scores: Tensor = self.output(features)
        # half precision is for training; posteriors of the head alone want all of float64
        scores = scores if scores.dtype == torch.float64 else scores.float()
        return nn.functional.log_softmax(scores, dim=-1)


HEADS = {"one_stage": OneStage}


def make_head(name: str, features: int, classes: int) -> Head:
    """A head by name.

    Raises
    ------
    InputError
        If there is no such head, or fewer than two classes.
    """
    if name not in HEADS:
        raise InputError(f"unknown head {name!r}{suggest(name, HEADS)}; known: {', '.join(HEADS)}")
    if classes < 2:
        raise InputError(f"a head needs at least two classes, not {classes}")
    return HEADS[name](features, classes)
