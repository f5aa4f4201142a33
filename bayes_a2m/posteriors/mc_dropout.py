"""MC-dropout drops units when predicting, too: a draw from an approximate posterior.

Gal and Ghahramani 2016, "Dropout as a Bayesian approximation" (https://arxiv.org/abs/1506.02142),
equation 8: with masks z_d, whose entries are zero with the dropout's rate, the predictive is

    p(y | x) = (1 / D) sum_d p(y | x, w * z_d).

One draw is one set of masks, a mask for every place that drops. It holds for a whole sequence
(Gal and Ghahramani 2016, https://arxiv.org/abs/1512.05287, section 4) and for all windows and
recordings of a prediction: a draw is one state of belief, and does not change its mind from
frame to frame.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bayes_a2m.errors import InputError
from bayes_a2m.networks import dropout
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.network_posterior import NetworkPosterior

BATCH = 10
"""How many draws are run together: more would not be faster, and need memory."""


class MCDropout(NetworkPosterior):
    """A network trained with dropout, whose draws are dropout masks.

    Which places drop, and how much, is the network's setting ``dropout``. What comes before
    the first place that drops runs once, so dropping only from the recurrence on makes ten
    draws cost less than three passes.

    Raises
    ------
    InputError
        If the network drops nothing.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> from bayes_a2m.networks.dropout import DropoutRates
    >>> network = CRNN(dropout=DropoutRates(inputs=0.2, recurrent=0.2, head=0.2))
    >>> MCDropout(network).name
    'mc_dropout'
    """

    name = "mc_dropout"

    def __init__(self, network: Network, **settings: Any) -> None:
        super().__init__(network, **settings)
        self._drawn_masks: tuple[int, dict[str, Tensor]] | None = None
        if not dropout.layers(network):
            raise InputError(
                "mc_dropout: this network drops nothing, so all draws would be the same; set "
                "network.dropout, such as --set network.dropout.inputs=0.2"
            )

    def log_probs(self, features: Tensor, draws: int) -> Tensor:
        """Log-probabilities under every mask, ``(1, draw, frame, class)``."""
        network = self.network
        start = network.first_layer_with(dropout.layers(network))
        frames = features.shape[1]
        undropped = network(features, stop=start, frames=frames)
        masks = self._masks(draws)
        answers = []
        for first in range(0, draws, BATCH):
            batch = {name: mask[first : first + BATCH] for name, mask in masks.items()}
            activations, following = self._local(undropped, start, frames, batch)
            with dropout.applied(network, batch):
                answers.append(network(activations, start=following, frames=frames, onsets=True))
        return torch.cat(answers)[None]

    def forget(self) -> None:
        """Drop the masks that were kept from an earlier prediction."""
        self._drawn_masks = None

    def _masks(self, draws: int) -> dict[str, Tensor]:
        """Masks of the first draws, kept: the next window and recording want the same."""
        if self._drawn_masks is None or self._drawn_masks[0] != draws:
            seeds = [self.draw_seed(d) for d in range(draws)]
            self._drawn_masks = draws, dropout.draw_masks(self.network, seeds)
        return self._drawn_masks[1]

    def _local(
        self, undropped: Tensor, start: int, frames: int, masks: dict[str, Tensor]
    ) -> tuple[Tensor, int]:
        """All draws through the layers before the recurrence, and the number of the layer after.

        They run one draw at a time: the maps of ten draws would not fit into a processor's cache.
        """
        count = len(next(iter(masks.values())))
        stop = self.network.local_layers
        if start >= stop:
            return undropped.expand(count, *undropped.shape[1:]), start
        answers = []
        for draw in range(count):
            with dropout.applied(self.network, {n: m[draw : draw + 1] for n, m in masks.items()}):
                answers.append(self.network(undropped, start=start, stop=stop, frames=frames))
        return torch.cat(answers), stop
