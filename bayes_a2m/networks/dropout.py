"""Dropout with one mask a sequence, given from outside.

``nn.Dropout`` draws anew for every frame, so a sampled answer would change its mind 166 times
a second. Here a mask belongs to a whole sequence (Gal and Ghahramani 2016, "A theoretically
grounded application of dropout in recurrent neural networks", section 4): a network whose
masks are fixed is a deterministic function, one state of belief. Without masks every layer
lets its input through unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from bayes_a2m.config.settings import Settings

TEMPERATURE = 0.1
"""Temperature of a learned rate's relaxed masks (Gal, Hron and Kendall 2017, section 3)."""

FRAMES_PER_OBSERVATION = 100
"""Frames that count as one in a learned rate's regulariser: neighbours say the same thing."""


class DropoutRates(Settings):
    """Rates of dropout by place; zero leaves a place out."""

    convolutions: float = Field(0.0, ge=0, lt=1, description="whole channels after each block")
    inputs: float = Field(0.0, ge=0, lt=1, description="inputs of the recurrence")
    recurrent: float = Field(0.0, ge=0, lt=1, description="recurrent weights")
    head: float = Field(0.0, ge=0, lt=1, description="what the head reads")
    learned: bool = Field(False, description="concrete dropout: the rates are where it starts")


def rates_or_none(rates: Any) -> Any:
    """Read a missing value in an experiment file as no dropout anywhere."""
    return {} if rates is None else rates


class SequenceDropout(nn.Module):
    """Layer that multiplies by a mask, the same for every frame of a sequence.

    Parameters
    ----------
    units
        Shape of one mask: channels, features, or the shape of a weight matrix.
    rate
        Share of units put to zero; the others are scaled by ``1 / (1 - rate)``.
    learned
        Whether the rate is a parameter (concrete dropout); masks are then relaxed.
    weights
        Whether it masks weights, which a batch shares, rather than activations.

    Attributes
    ----------
    mask
        Mask of shape ``(batch, *units)``, or ``units`` for all of a batch; None lets everything
        through. Set it with :func:`applied`.
    """

    def __init__(
        self,
        units: int | tuple[int, ...],
        rate: float,
        *,
        learned: bool = False,
        weights: bool = False,
    ) -> None:
        super().__init__()
        self.units = (units,) if isinstance(units, int) else units
        self.weights = weights
        self.mask: Tensor | None = None
        self.logit: nn.Parameter | None = None
        self._rate = rate
        if learned:
            self.logit = nn.Parameter(torch.logit(torch.tensor(rate)))

    @property
    def rate(self) -> Tensor:
        """Share of units that are dropped, a scalar."""
        return torch.tensor(self._rate) if self.logit is None else torch.sigmoid(self.logit)

    def draw(self, generator: torch.Generator, batch: int | None = None) -> Tensor:
        """Draw a mask of shape ``units``, or ``(batch, *units)``, differentiable in a learned rate.

        Parameters
        ----------
        generator
            Source of the mask.
        batch
            Number of masks; a single one without that axis where left out.
        """
        shape = self.units if batch is None else (batch, *self.units)
        uniform = torch.rand(shape, generator=generator)
        rate = self.rate
        if self.logit is None:
            return (uniform >= rate) / (1 - rate)
        uniform = uniform.to(rate.device)
        # equation 5 of Gal, Hron and Kendall 2017: the relaxed Bernoulli of dropping
        dropped = torch.sigmoid((self.logit + torch.logit(uniform, eps=1e-6)) / TEMPERATURE)
        return (1 - dropped) / (1 - rate)

    def forward(self, x: Tensor, axis: int = -1) -> Tensor:
        """Drop along ``axis`` of ``(batch, ...)``, or all of a weight matrix at once."""
        if self.mask is None:
            return x
        mask = self.mask.to(x.device)
        if self.weights:
            return x * mask
        shape = [1] * x.ndim
        shape[0], shape[axis] = mask.shape[0], self.units[0]
        return x * mask.reshape(shape)

    def extra_repr(self) -> str:
        """Describe units and rate."""
        return f"units={self.units}, rate={float(self.rate):.3g}"


def layers(network: nn.Module) -> dict[str, SequenceDropout]:
    """Find the network's dropout layers by name, in the order they were made."""
    return {n: m for n, m in network.named_modules() if isinstance(m, SequenceDropout)}


def training_masks(network: nn.Module, batch: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw masks for one training step: one a sequence, or one for all where weights drop.

    A fused recurrence has one weight matrix a batch, so weights are dropped as in DropConnect
    by the batch (Merity, Keskar and Socher 2018, section 2).
    """
    return {
        name: layer.draw(generator, None if layer.weights else batch)
        for name, layer in layers(network).items()
    }


def draw_masks(network: nn.Module, seeds: Sequence[int]) -> dict[str, Tensor]:
    """Draw masks ``(draw, *units)``, each draw from its own seed alone."""
    drawn = []
    with torch.no_grad():
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            drawn.append({n: layer.draw(generator) for n, layer in layers(network).items()})
    return {name: torch.stack([masks[name] for masks in drawn]) for name in drawn[0]}


@contextmanager
def applied(network: nn.Module, masks: Mapping[str, Tensor]) -> Iterator[None]:
    """Give the network's dropout layers these masks for a while."""
    chosen = layers(network)
    try:
        for name, mask in masks.items():
            chosen[name].mask = mask
        yield
    finally:
        for layer in chosen.values():
            layer.mask = None


def regularizer(network: nn.Module, frames: int) -> Tensor | None:
    """Compute the term that keeps learned rates up, to be added to a mean loss.

    It is None where no rate is learned; else minus the masks' entropy over the number of
    observations (Gal, Hron and Kendall 2017, equation 3), :data:`FRAMES_PER_OBSERVATION` of
    ``frames`` counting as one. Its other term, of the weights, is left to the optimiser's weight
    decay.

    Parameters
    ----------
    network
        Network whose dropout layers are asked.
    frames
        Number of frames of the training data.
    """
    total = None
    for layer in layers(network).values():
        if layer.logit is not None:
            rate = layer.rate
            entropy = -(rate * torch.log(rate) + (1 - rate) * torch.log1p(-rate))
            term = -entropy * torch.Size(layer.units).numel()
            total = term if total is None else total + term
    return None if total is None else total * (FRAMES_PER_OBSERVATION / frames)


def sequence_dropout(
    units: int | tuple[int, ...], rate: float, *, learned: bool, weights: bool = False
) -> SequenceDropout | None:
    """Make a dropout layer; none where nothing is dropped, so that weights fit older models."""
    return SequenceDropout(units, rate, learned=learned, weights=weights) if rate else None
