"""A point estimate is one network and one draw: the measure for every uncertainty method.

The predictive is the network's own answer at the weights w that training found,
``p(y | x) = p(y | x, w)``: there is aleatoric uncertainty, in its probabilities, and no epistemic.
"""

from __future__ import annotations

from torch import Tensor

from bayes_a2m.posteriors.network_posterior import NetworkPosterior


class Point(NetworkPosterior):
    """One trained network; every prediction has one chain of one draw.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> Point(CRNN()).experiment.network.name
    'crnn'
    """

    name = "point"
    deterministic = True

    def log_probs(self, features: Tensor, draws: int = 1) -> Tensor:
        """Log-probabilities ``(1, 1, frame, class)``: one draw, however many are asked for."""
        log_probs: Tensor = self.network(features, onsets=True)[None]
        return log_probs
