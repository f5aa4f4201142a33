"""Evidential head: each frame has a Dirichlet distribution over the probabilities of the classes.

Sensoy, Kaplan and Kandemir 2018, "Evidential deep learning to quantify classification uncertainty"
(https://arxiv.org/abs/1806.01768). With scores s_k, the concentrations are ``a_k = 1 + exp(s_k)``,
the evidence for a class beside a flat prior, and S is their sum. The predictive is the mean,
``a_k / S``. The loss of a frame with label y is the cross-entropy expected under the Dirichlet
(their equation 4) and a share of the divergence that takes evidence for wrong classes away (their
section 4),

    psi(S) - psi(a_y) + c * KL(Dir(a~) || Dir(1)),    a~_k = a_k for k != y, and 1 for y.

The expected cross-entropy is above that of the mean, by more the less evidence there is: a frame
that is hard to tell is asked for more evidence than plain cross-entropy asks for. The head speaks
through its mean alone; the sum of the evidence is no draw, and enters no epistemic uncertainty.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, distributions, nn

from bayes_a2m.networks.heads import Head, OneStage

LARGEST_SCORE = 15.0
"""Scores end here, at a probability of one less a millionth, where float32 still tells them."""


class Evidential(OneStage):
    """Head whose affine map gives the logarithm of the evidence for every class."""

    name = "evidential"

    class Options(Head.Options):
        """Weight of the evidence for wrong classes in the loss."""

        divergence: float = Field(0.05, ge=0, description="weight of the divergence from flat")

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute the logarithm of the Dirichlet's mean."""
        return nn.functional.log_softmax(self._log_concentrations(features), dim=-1)

    def extra_loss(self, features: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
        """Compute what the loss has beside the cross-entropy of the mean, a mean over frames."""
        real = torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]
        logs, truth = self._log_concentrations(features[real]), labels[real]
        concentrations = logs.exp()
        own = concentrations.gather(1, truth[:, None])[:, 0]
        total = concentrations.sum(1)
        expected = torch.digamma(total) - torch.digamma(own)
        extra = expected - (total.log() - own.log())
        options = self.options
        assert isinstance(options, Evidential.Options)
        if options.divergence:
            misleading = concentrations.scatter(1, truth[:, None], 1.0)
            flat = torch.ones_like(misleading)
            extra = extra + options.divergence * distributions.kl_divergence(
                distributions.Dirichlet(misleading, validate_args=False),
                distributions.Dirichlet(flat, validate_args=False),
            )
        return extra.mean()

    def _log_concentrations(self, features: Tensor) -> Tensor:
        scores = self.scores(features).clamp_max(LARGEST_SCORE)
        return nn.functional.softplus(scores)
