"""Two networks in a row: one hears whether there is a sound, the other which pitch it has."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.heads import make_head
from bayes_a2m.networks.network import Layer, Network

TRUNKS: dict[str, type[Network]] = {CRNN.name: CRNN}
"""What the two networks may be."""


class Cascade(Network):
    """A network for each stage, alike but for their weights, under one composed law.

    The second network's loss has the sounding frames alone: it never learns what silence is (but
    with label smoothing, which spreads a share of a silent frame's label over the pitches, too).
    The two share no weight, so learning both at once by the sum of their losses is learning
    each by its own, but for three things they share: the clipping of gradients, the epoch that
    is kept, and the pass. In return a cascade is a network like any other, and every posterior
    works on it.

    Parameters
    ----------
    bins, classes
        Size of input and output.
    trunk
        Name and settings of the network that each stage is, without a head.
    silence_weight, pitch_weight
        How much each stage counts in the loss.
    """

    name = "cascade"

    def __init__(
        self,
        bins: int = 252,
        classes: int = 4,
        *,
        trunk: dict[str, Any] | None = None,
        silence_weight: float = 1.0,
        pitch_weight: float = 1.0,
    ) -> None:
        super().__init__()
        from bayes_a2m.networks.registry import checked, named

        given = {"name": CRNN.name, **(trunk or {})}
        kind = named(str(given.pop("name")), TRUNKS, "network.trunk.name")
        if "head" in given:
            raise InputError("network.trunk.head: a cascade's stages have heads of their own")
        settings = checked(kind, given, "network.trunk")
        # the trunks' own heads are not used; they are made of two classes and taken off
        trunks = [kind(bins, 2, **settings) for _ in ("silence", "pitch")]
        for one in trunks:
            del one.head
        self.bins, self.classes, self.features = bins, classes, 2 * trunks[0].features
        self.settings = {
            "trunk": {"name": kind.name, **_without_head(trunks[0].settings)},
            "silence_weight": silence_weight,
            "pitch_weight": pitch_weight,
        }
        self.trunks = nn.ModuleDict({"silence": trunks[0], "pitch": trunks[1]})
        weights = {"silence_weight": silence_weight, "pitch_weight": pitch_weight}
        self.head = make_head({"name": "cascade", **weights}, self.features, classes)

    def trunk_layers(self) -> tuple[Layer, ...]:
        """Those of both networks side by side: channels, or features, of one after the other's."""
        pairs = zip(
            self._trunk("silence").trunk_layers(),
            self._trunk("pitch").trunk_layers(),
            strict=True,
        )
        return tuple(
            Layer(
                tuple(
                    f"trunks.{name}.{module}"
                    for name, layer in (("silence", one), ("pitch", other))
                    for module in layer.modules
                ),
                partial(_first if i == 0 else _side_by_side, one, other),
            )
            for i, (one, other) in enumerate(pairs)
        )

    @property
    def local_layers(self) -> int:
        """As many as one network has."""
        return self._trunk("silence").local_layers

    def _trunk(self, name: str) -> Network:
        network = self.trunks[name]
        assert isinstance(network, Network)
        return network


def _without_head(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "head"}


def _axis(x: Tensor) -> int:
    """Where the two lie side by side: channels of maps, else features."""
    return 1 if x.ndim == 4 else -1


def _first(one: Layer, other: Layer, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
    """Both networks read the same features."""
    answers = [layer.run(x, lengths, frames) for layer in (one, other)]
    return torch.cat(answers, dim=_axis(answers[0]))


def _side_by_side(one: Layer, other: Layer, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
    halves = x.chunk(2, dim=_axis(x))
    pairs = zip((one, other), halves, strict=True)
    answers = [layer.run(half, lengths, frames) for layer, half in pairs]
    return torch.cat(answers, dim=_axis(answers[0]))
