"""MC-dropout: dropping units in use, too, is drawing from an approximate posterior.

Gal and Ghahramani 2016, "Dropout as a Bayesian approximation" (arXiv 1506.02142), equation 8:
the predictive is the mean over masks of the network's answers. A mask holds for a whole
sequence, in every place (arXiv 1512.05287).
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
"""Draws that are run together: more would not be faster, and want memory."""


class MCDropout(NetworkPosterior):
    """Draws are dropout masks of a network that was trained with them.

    Which places drop, and how much, is the network's setting ``dropout``. What comes before
    the first place that drops runs once, so dropping only from the recurrence on makes ten
    draws cost less than three passes.

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
        self._kept: tuple[int, dict[str, Tensor]] | None = None
        if not dropout.layers(network):
            raise InputError(
                "mc_dropout: this network drops nothing, so all draws would be the same; set "
                "network.dropout, such as --set network.dropout.inputs=0.2"
            )

    def log_probs(self, features: Tensor, draws: int) -> Tensor:
        """Shape ``(1, draw, frame, class)``."""
        network = self.network
        start = network.first_layer_with(dropout.layers(network))
        frames = features.shape[1]
        kept = network(features, stop=start, frames=frames)
        masks = self._masks(draws)
        answers = []
        for first in range(0, draws, BATCH):
            some = {name: mask[first : first + BATCH] for name, mask in masks.items()}
            many, following = self._local(kept, start, frames, some)
            with dropout.applied(network, some):
                answers.append(network(many, start=following, frames=frames))
        return torch.cat(answers)[None]

    def forget(self) -> None:
        """Drop the masks that were kept."""
        self._kept = None

    def _masks(self, draws: int) -> dict[str, Tensor]:
        """Those of the first draws; the next window and recording want the same."""
        if self._kept is None or self._kept[0] != draws:
            seeds = [self.draw_seed(d) for d in range(draws)]
            self._kept = draws, dropout.draw_masks(self.network, seeds)
        return self._kept[1]

    def _local(
        self, kept: Tensor, start: int, frames: int, masks: dict[str, Tensor]
    ) -> tuple[Tensor, int]:
        """All draws through the layers before the recurrence, and the number of the layer after.

        One draw at a time, for maps of ten draws would not fit into a processor's cache.
        """
        count = len(next(iter(masks.values())))
        stop = self.network.local_layers
        if start >= stop:
            return kept.expand(count, *kept.shape[1:]), start
        each = []
        for draw in range(count):
            with dropout.applied(self.network, {n: m[draw : draw + 1] for n, m in masks.items()}):
                each.append(self.network(kept, start=start, stop=stop, frames=frames))
        return torch.cat(each), stop
