"""Cascade: one network hears whether there is a sound, another which pitch it has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from bayes_a2m import registry, renamed
from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.heads import make_head
from bayes_a2m.networks.network import Layer, Network, make_network


class Cascade(Network):
    """A network for each stage, alike but for their weights, under one composed distribution.

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
    settings
        Values of :class:`Cascade.Options`.
    """

    name = "cascade"

    class Options(Settings):
        """Network of each stage, and its weight in the loss."""

        trunk: dict[str, Any] | None = Field(
            None, description="name and settings of the network of each stage, without a head"
        )
        silence_weight: float = 1.0
        pitch_weight: float = 1.0

    @classmethod
    def parse(cls, settings: Mapping[str, Any], place: str = "network") -> Any:
        """Check the settings, and complete those of the trunk by its own defaults."""
        options = super().parse(settings, place)
        given = {"name": "crnn", **(options.trunk or {})}
        kind: type[Network] = registry.get(
            "networks", str(given.pop("name")), key=f"{place}.trunk.name"
        )
        if kind is cls:
            raise InputError(f"{place}.trunk.name: the stages of a cascade are no cascades")
        if "head" in given:
            raise InputError(f"{place}.trunk.head: a cascade's stages have heads of their own")
        if given.get("onsets"):
            raise InputError(f"{place}.trunk.onsets: a cascade has no output of onsets")
        whole = kind.parse(given, f"{place}.trunk").model_dump(mode="json", exclude={"head"})
        return options.model_copy(update={"trunk": {"name": kind.name, **whole}})

    def __init__(self, bins: int = 252, classes: int = 4, **settings: Any) -> None:
        super().__init__(bins, classes, settings)
        options: Cascade.Options = self.options
        assert options.trunk is not None
        inner = {key: value for key, value in options.trunk.items() if key != "name"}
        # the trunks' own heads are not used; they are made of two classes and taken off
        trunks = [
            make_network(options.trunk["name"], inner, bins=bins, classes=2)
            for _ in ("silence", "pitch")
        ]
        for trunk in trunks:
            del trunk.head
        self.features = 2 * trunks[0].features
        weights = {"silence_weight": options.silence_weight, "pitch_weight": options.pitch_weight}
        self.trunks = nn.ModuleDict({"silence": trunks[0], "pitch": trunks[1]})
        self.head = make_head({"name": "cascade", **weights}, self.features, classes)

    def trunk_layers(self) -> tuple[Layer, ...]:
        """Pair the layers of both networks: channels, or features, of one after the other's."""
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
        """Number of local layers of one of the networks."""
        return self._trunk("silence").local_layers

    def _trunk(self, name: str) -> Network:
        network = self.trunks[name]
        assert isinstance(network, Network)
        return network


def _axis(x: Tensor) -> int:
    """Axis along which the two lie side by side: channels of maps, else features."""
    return 1 if x.ndim == 4 else -1


def _first(one: Layer, other: Layer, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
    """Run the first layers of both networks, which read the same features."""
    answers = [layer.run(x, lengths, frames) for layer in (one, other)]
    return torch.cat(answers, dim=_axis(answers[0]))


def _side_by_side(one: Layer, other: Layer, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
    """Run a layer of either network on its own half of what the layers before gave."""
    halves = x.chunk(2, dim=_axis(x))
    pairs = zip((one, other), halves, strict=True)
    answers = [layer.run(half, lengths, frames) for layer, half in pairs]
    return torch.cat(answers, dim=_axis(answers[0]))


__getattr__ = renamed.names_of(__name__)
