"""Convolutional recurrent network (CRNN) for polyphonic features, with several frames a step.

The design is that of Cakir et al. 2017, "Convolutional recurrent neural networks for polyphonic
sound event detection" (https://arxiv.org/abs/1702.06286): convolutions, a recurrence, an output
for every frame.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor, nn

from bayes_a2m.errors import InputError
from bayes_a2m.networks.blocks import ConvolutionBlock
from bayes_a2m.networks.change import spectral_change
from bayes_a2m.networks.dropout import DropoutRates, rates_or_none, sequence_dropout
from bayes_a2m.networks.front import FrontOptions
from bayes_a2m.networks.heads import make_head
from bayes_a2m.networks.masking import frame_mask, pooled
from bayes_a2m.networks.network import Layer, Network
from bayes_a2m.networks.onsets import OnsetHead
from bayes_a2m.networks.recurrence import recur


class CRNN(Network):
    """Three convolution blocks, a bidirectional GRU over time, several frames a step.

    Convolutions see the neighbourhood of a frame in time and pitch; pooling takes time to a
    quarter of the frame rate, where the recurrence carries the context; each of its steps
    then gives the features of the four frames it stands for.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    settings
        Values of :class:`CRNN.Options`.
    """

    name = "crnn"

    class Options(FrontOptions):
        """Sizes of a CRNN: the blocks in front, and its recurrence."""

        projection: int = Field(128, ge=1, description="units between convolutions and recurrence")
        hidden: int = Field(96, ge=1, description="units of the GRU, in each direction")
        dropout: Annotated[DropoutRates, BeforeValidator(rates_or_none)] = Field(
            DropoutRates(), description="rates by kind of layer"
        )
        change: int = Field(
            0,
            ge=0,
            description="frames before and after, between which the change of the spectrum is a "
            "second input channel; 0: none",
        )

    def __init__(self, bins: int = 252, classes: int = 4, **settings: Any) -> None:
        super().__init__(bins, classes, settings)
        options: CRNN.Options = self.options
        rates = options.dropout
        make_dropout = partial(sequence_dropout, learned=rates.learned)
        self.step = 1  # frames to a step of the recurrence
        height, inputs = bins, 2 if options.change else 1
        blocks, self.strides = [], []
        for outputs, kernel, pool in zip(
            options.channels, options.kernels, options.pools, strict=True
        ):
            drop = make_dropout(outputs, rates.convolutions)
            blocks.append(
                ConvolutionBlock(inputs, outputs, (kernel[0], kernel[1]), (pool[0], pool[1]), drop)
            )
            self.strides.append(self.step)
            inputs, height, self.step = outputs, height // pool[1], self.step * pool[0]
        if height < 1:
            raise InputError(f"crnn: {bins} bins are too few for its pooling over frequency")
        self.blocks = nn.ModuleList(blocks)
        self.projection = nn.Linear(inputs * height, options.projection)
        self.input_dropout = make_dropout(options.projection, rates.inputs)
        self.recurrence = nn.GRU(
            options.projection, options.hidden, batch_first=True, bidirectional=True
        )
        self.weight_dropout = make_dropout(
            (2, 3 * options.hidden, options.hidden), rates.recurrent, weights=True
        )
        self.expansion = nn.Linear(2 * options.hidden, self.step * options.features)
        self.head_dropout = make_dropout(options.features, rates.head)
        self.features = options.features
        self.head = make_head(options.head, options.features, classes)
        if options.onsets is not None:
            self.onset_head = OnsetHead(options.features, options.onsets)

    def trunk_layers(self) -> tuple[Layer, ...]:
        """Return the blocks one by one, projection, recurrence, expansion, dropout."""
        blocks = [Layer((f"blocks.{i}",), partial(self._block, i)) for i in range(len(self.blocks))]
        return (
            *blocks,
            Layer(("projection",), self._project),
            Layer(("input_dropout", "weight_dropout", "recurrence"), self._recur),
            Layer(("expansion",), self._expand),
            Layer(("head_dropout",), self._drop),
        )

    @property
    def local_layers(self) -> int:
        """Number of local layers: the blocks and the projection."""
        return len(self.blocks) + 1

    def _block(self, index: int, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        if index == 0:
            mask = frame_mask(lengths, frames)
            channels = [x]
            if reach := self.options.change:
                channels.append(spectral_change(x, lengths, reach))
            x = torch.stack(channels, dim=1)
            x = x if mask is None else x * mask[:, None, :, None]
        block: Tensor = self.blocks[index](x, pooled(lengths, self.strides[index]))
        return block

    def _project(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        return torch.relu(self.projection(x.transpose(1, 2).flatten(2)))

    def _recur(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        if self.input_dropout is not None:
            x = self.input_dropout(x)
        drop = None if self.weight_dropout is None else self.weight_dropout.mask
        return recur(self.recurrence, x, pooled(lengths, self.step), drop)

    def _expand(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        # a step's features are those of its frames, one after the other; a rest is cut off
        x = torch.relu(self.expansion(x))
        return x.reshape(x.shape[0], x.shape[1] * self.step, -1)[:, :frames]

    def _drop(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        dropped: Tensor = x if self.head_dropout is None else self.head_dropout(x)
        return dropped
