"""Distillation: a network learns from the pooled probabilities of others beside the labels.

Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"
(https://arxiv.org/abs/1503.02531), section 2, at a temperature of one: with teachers of weights
w_m, the loss of a frame is

    (1 - a) * L(label) - a * sum_k p_k log q_k,    p_k = (1 / M) sum_m p(k | x, w_m),

where q is the student's distribution and L the loss without teachers. The teachers hear what the
student hears, augmentation and all, so that they are asked for their opinion of the very same
sound (Beyer et al. 2022, "Knowledge distillation: a good teacher is patient and consistent",
https://arxiv.org/abs/2106.05237, section 3).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bayes_a2m.networks.network import Network


@dataclass(frozen=True)
class Teachers:
    """Trained networks, and how much their opinion counts against the labels.

    Attributes
    ----------
    networks
        Networks of the same input and classes; they are not changed.
    weight
        Share of the loss that is theirs, 0 to 1.
    """

    networks: Sequence[Network]
    weight: float

    def copies(self, device: torch.device) -> Teachers:
        """The same teachers on a device, in evaluation mode."""
        networks = [copy.deepcopy(network).eval().to(device) for network in self.networks]
        return Teachers(networks, self.weight)

    def pooled(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute the mean of their probabilities, as log-probabilities.

        Parameters
        ----------
        features
            Normalised, shape ``(batch, frame, bin)``.
        lengths
            Number of real frames, shape ``(batch,)``.

        Returns
        -------
        Tensor, shape (batch, frame, class)
        """
        with torch.no_grad():
            answers = torch.stack([network(features, lengths) for network in self.networks])
        return answers.logsumexp(0) - math.log(len(self.networks))


def cross_entropy(log_probs: Tensor, taught: Tensor, lengths: Tensor) -> Tensor:
    """Compute the cross-entropy of distributions, the mean over real frames, in nats.

    Parameters
    ----------
    log_probs
        Log-probabilities to be judged, shape ``(batch, frame, class)``.
    taught
        Log-probabilities that they are judged by, of the same shape.
    lengths
        Number of real frames, shape ``(batch,)``.

    >>> halves = torch.tensor([[[0.5, 0.5]]]).log()
    >>> cross_entropy(halves, torch.tensor([[[0.9, 0.1]]]).log(), torch.tensor([1]))
    tensor(0.6931)
    """
    real = torch.arange(log_probs.shape[1], device=log_probs.device) < lengths[:, None]
    return -(taught[real].exp() * log_probs[real]).sum(-1).mean()
