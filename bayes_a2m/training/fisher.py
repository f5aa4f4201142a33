"""Diagonal of the Fisher information of a network's weights: how sharply recordings determine each.

For outputs that are drawn from the network's own distributions, independently in every frame,

    F_i = E[(d log p(outputs | w) / d w_i)^2],

and the cross terms between frames have no expectation, so the squared gradient of a whole
recording is an unbiased estimate of the sum over its frames (Kunstner et al. 2019, "Limitations of
the empirical Fisher approximation", https://arxiv.org/abs/1905.12558, section 2; Kirkpatrick et al.
2017, "Overcoming catastrophic forgetting in neural networks", https://arxiv.org/abs/1612.00796, use
the same diagonal as the precision of a prior). Outputs whose loss has a weight count by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from bayes_a2m.networks.network import Network


def diagonal_fisher(
    network: Network,
    inputs: Iterable[Tensor],
    *,
    generator: torch.Generator,
    pitch_weight: float = 0.0,
) -> dict[str, Tensor]:
    """Estimate the mean Fisher information of a frame about every weight.

    Parameters
    ----------
    network
        Network in evaluation mode; its weights and their gradients stay as they are.
    inputs
        Normalised features of recordings, ``(frame, bin)`` each; one draw of outputs is made for
        each recording.
    generator
        Source of the draws.
    pitch_weight
        What the output of continuous pitch counts, where there is one; 0 leaves it out. Onsets
        count by the weight of their settings.

    Returns
    -------
    dict
        By the parameters' names, of their shapes: the information of one frame.
    """
    named = {name: p for name, p in network.named_parameters() if p.requires_grad}
    total = {name: torch.zeros_like(parameter) for name, parameter in named.items()}
    frames = 0
    for features in inputs:
        drawn = _log_likelihood(network, features, generator, pitch_weight)
        gradients = torch.autograd.grad(drawn, list(named.values()), allow_unused=True)
        for name, gradient in zip(named, gradients, strict=True):
            if gradient is not None:
                total[name] += gradient.square()
        frames += len(features)
    return {name: value / max(frames, 1) for name, value in total.items()}


def _log_likelihood(
    network: Network, features: Tensor, generator: torch.Generator, pitch_weight: float
) -> Tensor:
    """Log-likelihood of outputs drawn for one recording, each weighted by the root of its weight.

    The gradients of two outputs are independent, so the square of their sum has the expectation of
    the sum of their squares.
    """
    lengths = torch.tensor([len(features)])
    trunk = network.trunk(features[None], lengths)
    drawn = _drawn(network.head(trunk, lengths)[0], generator)
    if (onsets := network.onset_head) is not None:
        odds = onsets(trunk)[0]
        starts = torch.bernoulli(torch.sigmoid(odds.detach()), generator=generator)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(odds, starts, reduction="sum")
        drawn = drawn - math.sqrt(onsets.options.weight) * loss
    output = getattr(network, "pitch_output", None)
    if pitch_weight and output is not None:
        drawn = drawn + math.sqrt(pitch_weight) * _drawn(output(trunk)[0], generator)
    return drawn


def _drawn(log_probs: Tensor, generator: torch.Generator) -> Tensor:
    """Sum of the log-probabilities of one class a row, drawn from them."""
    classes = torch.multinomial(log_probs.detach().exp(), 1, generator=generator)
    return log_probs.gather(1, classes).sum()
