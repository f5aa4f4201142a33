"""Base of networks that begin and end as the CRNN does, with something else for its recurrence.

Convolution blocks look at the neighbourhood of a frame in time and pitch, and pool time to a
quarter of the frame rate; a projection gives every step a vector; in between, each network
carries context over the steps in its own way; an expansion gives every frame of a step features
of its own, which the head reads.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor, nn

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.blocks import ConvolutionBlock
from bayes_a2m.networks.dropout import SequenceDropout, rates_or_none, sequence_dropout
from bayes_a2m.networks.front import FrontOptions
from bayes_a2m.networks.heads import make_head
from bayes_a2m.networks.masking import frame_mask, pooled
from bayes_a2m.networks.network import Layer, Network
from bayes_a2m.networks.onsets import OnsetHead


class StepDropoutRates(Settings):
    """Rates of dropout by place; zero leaves a place out."""

    convolutions: float = Field(0.0, ge=0, lt=1, description="whole channels after each block")
    inputs: float = Field(0.0, ge=0, lt=1, description="what the steps' context is made of")
    context: float = Field(0.0, ge=0, lt=1, description="channels of every part of the context")
    head: float = Field(0.0, ge=0, lt=1, description="what the head reads")
    learned: bool = Field(False, description="concrete dropout: the rates are where it starts")


class StepNetwork(Network):
    """Network with convolutions at the front, whose context is carried from step to step.

    A subclass makes the modules of its context in :meth:`make_context` and names them, as
    layers, in :meth:`context_layers`; these map ``(batch, step, width)`` to ``(batch, step,
    context)``.

    Attributes
    ----------
    step
        Number of frames that a step stands for.
    causal
        Whether the convolutions look at no later frame; a setting of networks that can be so.
    """

    class Options(FrontOptions):
        """Sizes of what is common: the blocks in front, the width of a step."""

        width: int = Field(96, ge=1, description="units of a step between its layers")
        dropout: Annotated[StepDropoutRates, BeforeValidator(rates_or_none)] = Field(
            StepDropoutRates(), description="rates by kind of layer"
        )

    causal: bool
    step: int

    def __init__(self, bins: int = 252, classes: int = 4, **settings: Any) -> None:
        super().__init__(bins, classes, settings)
        options: StepNetwork.Options = self.options
        self.causal = bool(getattr(options, "causal", False))
        inputs = self.make_front(bins)
        self.projection = nn.Linear(inputs, options.width)
        self.input_dropout = self.dropout_of(options.width, options.dropout.inputs)
        context = self.make_context(options.width)
        self.expansion = nn.Linear(context, self.step * options.features)
        self.head_dropout = self.dropout_of(options.features, options.dropout.head)
        self.features = options.features
        self.head = make_head(options.head, options.features, classes)
        if options.onsets is not None:
            self.onset_head = OnsetHead(options.features, options.onsets)

    @abstractmethod
    def make_context(self, width: int) -> int:
        """Make the modules that carry context; return the number of features they give a step."""

    @abstractmethod
    def context_layers(self) -> tuple[Layer, ...]:
        """Return the layers from ``(batch, step, width)`` to ``(batch, step, context)``."""

    def make_front(self, bins: int) -> int:
        """Make the modules in front, and ``step``; return the number of values they give a step."""
        options: StepNetwork.Options = self.options
        self.step, height, inputs = 1, bins, 1
        blocks, self.strides = [], []
        for outputs, kernel, pool in zip(
            options.channels, options.kernels, options.pools, strict=True
        ):
            drop = self.dropout_of(outputs, options.dropout.convolutions)
            sizes = (kernel[0], kernel[1]), (pool[0], pool[1])
            blocks.append(ConvolutionBlock(inputs, outputs, *sizes, drop, causal=self.causal))
            self.strides.append(self.step)
            inputs, height, self.step = outputs, height // pool[1], self.step * pool[0]
        if height < 1:
            raise InputError(f"{self.name}: {bins} bins are too few for its pooling over frequency")
        self.blocks = nn.ModuleList(blocks)
        return inputs * height

    def front_layers(self) -> tuple[Layer, ...]:
        """Return the layers from features to maps ``(batch, channel, step, bin)``."""
        return tuple(
            Layer((f"blocks.{i}",), partial(self._block, i)) for i in range(len(self.blocks))
        )

    def dropout_of(self, units: int, rate: float) -> SequenceDropout | None:
        """Make a dropout layer for so many units; none at a rate of zero."""
        options: StepNetwork.Options = self.options
        return sequence_dropout(units, rate, learned=options.dropout.learned)

    def trunk_layers(self) -> tuple[Layer, ...]:
        """Return front, projection, context, expansion and dropout."""
        return (
            *self.front_layers(),
            Layer(("projection",), self._project),
            Layer(("input_dropout",), partial(_drop, self.input_dropout)),
            *self.context_layers(),
            Layer(("expansion",), self._expand),
            Layer(("head_dropout",), partial(_drop, self.head_dropout)),
        )

    @property
    def local_layers(self) -> int:
        """Number of local layers: those in front and the projection."""
        return len(self.front_layers()) + 1

    def step_mask(self, lengths: Tensor, steps: int) -> Tensor | None:
        """Mask of the real steps, ``(batch, step)``; None where all of them are."""
        return frame_mask(pooled(lengths, self.step), steps)

    def _block(self, index: int, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        if index == 0:
            x = as_maps(x, lengths)
        block: Tensor = self.blocks[index](x, pooled(lengths, self.strides[index]))
        return block

    def _project(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        return torch.relu(self.projection(x.transpose(1, 2).flatten(2)))

    def _expand(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        # a step's features are those of its frames, one after the other; a rest is cut off
        x = torch.relu(self.expansion(x))
        return x.reshape(x.shape[0], x.shape[1] * self.step, -1)[:, :frames]


def as_maps(x: Tensor, lengths: Tensor) -> Tensor:
    """Features ``(batch, frame, bin)`` as maps ``(batch, 1, frame, bin)`` with padding of zeros."""
    mask = frame_mask(lengths, x.shape[1])
    # filled, not multiplied: what stands in padding may be no number
    return (x if mask is None else x.masked_fill(~mask[:, :, None], 0.0))[:, None]


def _drop(dropout: SequenceDropout | None, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
    return x if dropout is None else dropout(x)
