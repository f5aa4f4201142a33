"""Base of the networks: layers from features to probabilities, the last of them a head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from torch import Tensor, nn

from bayes_a2m import registry, renamed
from bayes_a2m.config.settings import Settings, parse_settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.heads import Head
from bayes_a2m.networks.onsets import OnsetHead


@dataclass(frozen=True)
class Layer:
    """Part of a network that runs after the one before.

    Attributes
    ----------
    modules
        Names of the submodules whose parameters and dropout layers it uses, and no other
        layer does.
    run
        Function from what the layer before gave, the recordings' lengths ``(batch,)`` and the
        number of padded frames, to what the next layer reads; ``batch`` comes first.
    """

    modules: tuple[str, ...]
    run: Callable[[Tensor, Tensor, int], Tensor]


class Network(nn.Module, ABC):
    """Map from features ``(batch, frame, bin)`` to log-probabilities ``(batch, frame, class)``.

    A network is plain torch and deterministic: what is random in it are the masks of its
    :class:`~bayes_a2m.networks.dropout.SequenceDropout` layers, which are given from outside.
    It runs in layers, so that whoever changes only the last ones keeps what the first ones
    gave. It keeps its own settings, so that one like it can be made with fresh weights, for
    other bins or classes.

    Attributes
    ----------
    Options
        Its settings, as an experiment file gives them beside its name.
    name
        Name in experiment files.
    bins, classes
        Size of its input and output.
    options
        Its settings, checked: an instance of its class's ``Options``.
    features
        Number of features of each frame that the head reads.
    head
        The last layer.
    onset_head
        The output of onsets, which reads what the head reads; None of a network without one.
    """

    class Options(Settings):
        """A network has no settings, unless its class says so."""

    group: ClassVar[str] = "networks"
    name: ClassVar[str]
    bins: int
    classes: int
    options: Any
    features: int
    head: Head
    onset_head: OnsetHead | None

    def __init__(self, bins: int, classes: int, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.bins, self.classes = bins, classes
        self.onset_head = None  # on the instance: a class attribute would hide the submodule
        self.options = self.parse(settings)

    @classmethod
    def parse(cls, settings: Mapping[str, Any], place: str = "network") -> Any:
        """Check settings, and return them as the class's ``Options``.

        Parameters
        ----------
        settings
            Names and values.
        place
            Where a file has them, for errors.

        Raises
        ------
        InputError
            If one is unknown (the nearest is suggested) or not of its type.
        """
        return parse_settings(cls.Options, settings, place)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings as an experiment file would give them, defaults among them."""
        values: dict[str, Any] = self.options.model_dump(mode="json")
        return values

    @abstractmethod
    def trunk_layers(self) -> tuple[Layer, ...]:
        """Return the layers before the head; the last gives ``(batch, frame, feature)``."""

    @property
    @abstractmethod
    def local_layers(self) -> int:
        """Number of the first layers that look at a neighbourhood only.

        The output of the last of them, ``(batch, step, feature)``, is read by those that carry
        context over time.
        """

    def density_features(self, features: Tensor) -> Tensor:
        """Select what a density over the features of recordings reads; all of them, unless told.

        Parameters
        ----------
        features
            Output of the local layers or of the trunk, ``(..., feature)``.
        """
        return features

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers; the last is the head, and the output of onsets where there is one."""
        outputs = ("head",) if self.onset_head is None else ("head", "onset_head")
        return (*self.trunk_layers(), Layer(outputs, lambda x, lengths, _: self.head(x, lengths)))

    def forward(
        self,
        features: Tensor,
        lengths: Tensor | None = None,
        *,
        start: int = 0,
        stop: int | None = None,
        frames: int | None = None,
        onsets: bool = False,
    ) -> Tensor:
        """Compute log-probabilities over the classes, or what lies between two layers.

        Parameters
        ----------
        features
            Normalised, shape ``(batch, frame, bin)``; or the output of layer ``start - 1``.
        lengths
            Real frames of every item, shape ``(batch,)``; all frames where it is left out.
            Padding changes nothing; what stands in the answer past a length means nothing.
        start, stop
            Run the layers from ``start`` up to, not including, ``stop``; both as in a slice.
        frames
            Number of padded frames; to be given where ``start`` is not the first.
        onsets
            Whether all layers from ``start`` on are run, and the log-probability of an onset
            follows those of the classes in one more column, where there is an ``onset_head``.
        """
        if frames is None:
            frames = features.shape[1]
        if lengths is None:
            lengths = torch.full((features.shape[0],), frames, device=features.device)
        x = features
        if not onsets or self.onset_head is None:
            for layer in self.layers[start:stop]:
                x = layer.run(x, lengths, frames)
            return x
        *trunk, head = self.layers[start:]
        for layer in trunk:
            x = layer.run(x, lengths, frames)
        log_probs = head.run(x, lengths, frames)
        starts = nn.functional.logsigmoid(self.onset_head(x))
        return torch.cat([log_probs, starts[..., None].to(log_probs.dtype)], dim=-1)

    def trunk(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Compute the features that the head reads, shape ``(batch, frame, feature)``."""
        return self.forward(features, lengths, stop=-1)

    def first_layer_with(self, names: Iterable[str]) -> int:
        """Find the first layer that uses any of these parameters, buffers or modules.

        The result is the number of layers where none does.
        """
        wanted = [name.split(".") for name in names]
        for i, layer in enumerate(self.layers):
            for module in layer.modules:
                path = module.split(".")
                if any(name[: len(path)] == path for name in wanted):
                    return i
        return len(self.layers)

    def fresh(self, *, bins: int, classes: int, seed: int) -> Self:
        """Make a network like this one with new weights, drawn from the seed alone.

        Parameters
        ----------
        bins, classes
            Size of its input and output.
        seed
            Seed of the weights.
        """
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed reseeds GPUs, too
            return type(self)(bins, classes, **self.settings)

    @property
    def parameter_count(self) -> int:
        """Number of trained parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


LARGEST = 500_000_000
"""Weights that a network may have: two gigabytes."""


def _weights_of(kind: type[Network], bins: int, classes: int, settings: Mapping[str, Any]) -> int:
    """How many weights a network would have, found without memory for them; 0 if not known.

    One that cannot be made without memory, or not at all, is made or refused elsewhere.
    """
    with suppress(Exception), torch.device("meta"), torch.random.fork_rng(devices=[]):
        network = kind(bins, classes, **settings)
        return sum(tensor.numel() for tensor in (*network.parameters(), *network.buffers()))
    return 0


def make_network(name: str, settings: Mapping[str, Any], *, bins: int, classes: int = 2) -> Network:
    """Make a network from an experiment's settings.

    Parameters
    ----------
    name
        A network that ships, that another package brings, or that was registered.
    settings
        Keyword arguments of its class, which its ``Options`` describe.
    bins, classes
        Size of its input and output.

    Raises
    ------
    InputError
        If there is no such network, or it has no such setting, or not of that type.
    """
    kind: type[Network] = registry.get("networks", name, key="network.name")
    kind.parse(settings)  # before the size of its input could be taken for a setting
    count = _weights_of(kind, bins, classes, settings)
    if count > LARGEST:
        raise InputError(
            f"network: {name} would have {count:,} weights of these settings; make it smaller, "
            f"to {LARGEST:,} at most"
        )
    return kind(bins, classes, **settings)


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
