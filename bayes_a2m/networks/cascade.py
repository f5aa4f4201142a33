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

STAGES = ("silence", "pitch")
"""Names of the stages, in the order in which their features stand."""


class Cascade(Network):
    """A network for each stage, alike or of two kinds, under one composed distribution.

    The second network's loss has the sounding frames alone: it never learns what silence is (but
    with label smoothing, which spreads a share of a silent frame's label over the pitches, too).
    The two share no weight, so learning both at once by the sum of their losses is learning
    each by its own, but for three things they share: the clipping of gradients, the epoch that
    is kept, and the pass. In return a cascade is a network like any other, and every posterior
    works on it.

    Two networks that are alike run side by side, layer by layer. Of two that differ each is run as
    a whole, as one layer, so that a posterior that changes the last layers alone has the head;
    they must give as many features a frame.

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
        silence: dict[str, Any] | None = Field(
            None, description="the same for the first stage alone, in the place of trunk"
        )
        pitch: dict[str, Any] | None = Field(
            None, description="the same for the second stage alone, in the place of trunk"
        )
        silence_weight: float = 1.0
        pitch_weight: float = 1.0

    @classmethod
    def parse(cls, settings: Mapping[str, Any], place: str = "network") -> Any:
        """Check the settings, and complete those of the networks by their own defaults."""
        options = super().parse(settings, place)
        stages = {key: getattr(options, key) for key in ("trunk", *STAGES)}
        complete = {
            key: cls._complete(given or {}, f"{place}.{key}")
            for key, given in stages.items()
            if given is not None or key == "trunk"
        }
        return options.model_copy(update=complete)

    @classmethod
    def _complete(cls, given: Mapping[str, Any], place: str) -> dict[str, Any]:
        """All settings of the network of a stage, its name among them."""
        values = {"name": "crnn", **given}
        kind: type[Network] = registry.get("networks", str(values.pop("name")), key=f"{place}.name")
        if kind is cls:
            raise InputError(f"{place}.name: the stages of a cascade are no cascades")
        if "head" in values:
            raise InputError(f"{place}.head: a cascade's stages have heads of their own")
        if values.get("onsets"):
            raise InputError(f"{place}.onsets: a cascade has no output of onsets")
        whole = kind.parse(values, place).model_dump(mode="json", exclude={"head"})
        return {"name": kind.name, **whole}

    def __init__(self, bins: int = 252, classes: int = 4, **settings: Any) -> None:
        super().__init__(bins, classes, settings)
        options: Cascade.Options = self.options
        assert options.trunk is not None
        trunk_settings: dict[str, Any] = options.trunk
        wanted = [options.silence or trunk_settings, options.pitch or trunk_settings]
        self.alike = wanted[0] == wanted[1]
        trunks = []
        for given in wanted:
            inner = {key: value for key, value in given.items() if key != "name"}
            trunk = make_network(given["name"], inner, bins=bins, classes=2)
            # the trunks' own heads are not used; they are made of two classes and taken off
            del trunk.head
            trunks.append(trunk)
        if trunks[0].features != trunks[1].features:
            raise InputError(
                f"network: the stages' networks give {trunks[0].features} and "
                f"{trunks[1].features} features a frame; set network.silence.features and "
                "network.pitch.features alike"
            )
        self.features = 2 * trunks[0].features
        weights = {"silence_weight": options.silence_weight, "pitch_weight": options.pitch_weight}
        self.trunks = nn.ModuleDict(dict(zip(STAGES, trunks, strict=True)))
        self.head = make_head({"name": "cascade", **weights}, self.features, classes)

    def trunk_layers(self) -> tuple[Layer, ...]:
        """Pair the layers of networks that are alike, one's maps beside the other's; else one."""
        if not self.alike:
            return (Layer(("trunks",), self._run_each),)
        pairs = zip(
            self._trunk("silence").trunk_layers(),
            self._trunk("pitch").trunk_layers(),
            strict=True,
        )
        return tuple(
            Layer(
                tuple(
                    f"trunks.{name}.{module}"
                    for name, layer in zip(STAGES, (one, other), strict=True)
                    for module in layer.modules
                ),
                partial(_first if i == 0 else _side_by_side, one, other),
            )
            for i, (one, other) in enumerate(pairs)
        )

    @property
    def local_layers(self) -> int:
        """Number of local layers of one of the networks; zero where they differ."""
        return self._trunk("silence").local_layers if self.alike else 0

    def _run_each(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        """Run both networks as a whole: features of the first before those of the second."""
        answers = []
        for stage in STAGES:
            answer = x
            for layer in self._trunk(stage).trunk_layers():
                answer = layer.run(answer, lengths, frames)
            answers.append(answer)
        return torch.cat(answers, dim=-1)

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
