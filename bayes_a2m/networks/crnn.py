"""The convolutional recurrent network (CRNN)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError
from bayes_a2m.networks.dropout import DropoutRates, SequenceDropout
from bayes_a2m.networks.heads import HeadSettings, make_head
from bayes_a2m.networks.masking import MaskedBatchNorm2d, frame_mask, pooled
from bayes_a2m.networks.network import Layer, Network
from bayes_a2m.networks.pooling import max_pool
from bayes_a2m.networks.recurrence import recur


class _Block(nn.Module):
    """Convolution, batch normalisation, ReLU, max pooling over time and frequency."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        pool: tuple[int, int],
        dropout: SequenceDropout | None,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding="same", bias=False)
        self.normalization = MaskedBatchNorm2d(outputs)
        self.pool = pool
        self.dropout = dropout

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        mask = frame_mask(lengths, x.shape[2])
        x = self.normalization(self.convolution(x), mask)
        if mask is not None:
            x = x * mask[:, None, :, None]
        # a rest at the end counts as a frame; the ReLU takes away what its zeros may have won.
        # ReLU and maximum commute, and after pooling there is a sixth of the work to do
        if rest := -x.shape[2] % self.pool[0]:
            x = nn.functional.pad(x, (0, 0, 0, rest))
        x = torch.relu(max_pool(x, self.pool))
        return x if self.dropout is None else self.dropout(x, axis=1)


class CRNN(Network):
    """Three convolution blocks, a bidirectional GRU over time, several frames a step.

    Convolutions see the neighbourhood of a frame in time and pitch; pooling takes time to a
    quarter of the frame rate, where the recurrence carries the context; each of its steps
    then gives the features of the four frames it stands for.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    head
        ``"one_stage"`` or ``"two_stage"``, or a mapping of its name and settings.
    channels
        Of the blocks.
    kernels, pools
        Of the blocks, (time, frequency) each.
    projection
        Units between the convolutions and the recurrence.
    hidden
        Units of the GRU, in each direction.
    features
        Trunk features of each frame, which the head reads.
    dropout
        Rates by place: ``convolutions``, ``inputs``, ``recurrent``, ``head``; and whether
        they are ``learned``. None, unless asked for.
    """

    name = "crnn"

    def __init__(
        self,
        bins: int = 252,
        classes: int = 4,
        *,
        head: HeadSettings = "one_stage",
        channels: Sequence[int] = (12, 32, 48),
        kernels: Sequence[Sequence[int]] = ((3, 5), (3, 5), (3, 3)),
        pools: Sequence[Sequence[int]] = ((2, 3), (1, 2), (2, 2)),
        projection: int = 128,
        hidden: int = 96,
        features: int = 48,
        dropout: DropoutRates | None = None,
    ) -> None:
        super().__init__()
        rates = DropoutRates.model_validate(dropout or {})
        if not len(channels) == len(kernels) == len(pools):
            raise InputError("crnn: channels, kernels and pools must have one entry a block")
        if any(len(pair) != 2 for pair in (*kernels, *pools)):
            raise InputError("crnn: every kernel and pool is a pair, time and frequency")
        pairs = [size for pair in (*kernels, *pools) for size in pair]
        if min(*channels, *pairs, projection, hidden, features) < 1:
            raise InputError("crnn: sizes must be positive")
        self.bins, self.classes = bins, classes
        self.settings = {
            "head": head,
            "channels": list(channels),
            "kernels": [list(k) for k in kernels],
            "pools": [list(p) for p in pools],
            "projection": projection,
            "hidden": hidden,
            "features": features,
            "dropout": rates.model_dump(),
        }
        place = partial(_place, learned=rates.learned)
        self.step = 1  # frames to a step of the recurrence
        height, inputs = bins, 1
        blocks, self.strides = [], []
        for outputs, kernel, pool in zip(channels, kernels, pools, strict=True):
            drop = place(outputs, rates.convolutions)
            blocks.append(_Block(inputs, outputs, (kernel[0], kernel[1]), (pool[0], pool[1]), drop))
            self.strides.append(self.step)
            inputs, height, self.step = outputs, height // pool[1], self.step * pool[0]
        if height < 1:
            raise InputError(f"crnn: {bins} bins are too few for its pooling over frequency")
        self.blocks = nn.ModuleList(blocks)
        self.projection = nn.Linear(inputs * height, projection)
        self.input_dropout = place(projection, rates.inputs)
        self.recurrence = nn.GRU(projection, hidden, batch_first=True, bidirectional=True)
        self.weight_dropout = place((2, 3 * hidden, hidden), rates.recurrent, weights=True)
        self.expansion = nn.Linear(2 * hidden, self.step * features)
        self.head_dropout = place(features, rates.head)
        self.features = features
        self.head = make_head(head, features, classes)

    def trunk_layers(self) -> tuple[Layer, ...]:
        """The blocks one by one, projection, recurrence, expansion."""
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
        """The blocks and the projection."""
        return len(self.blocks) + 1

    def _block(self, index: int, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        if index == 0:
            mask = frame_mask(lengths, frames)
            x = (x if mask is None else x * mask[:, :, None])[:, None]
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
        x = torch.relu(self.expansion(x))
        return x.reshape(x.shape[0], x.shape[1] * self.step, -1)[:, :frames]

    def _drop(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        dropped: Tensor = x if self.head_dropout is None else self.head_dropout(x)
        return dropped


def _place(
    units: int | tuple[int, ...], rate: float, *, learned: bool, weights: bool = False
) -> SequenceDropout | None:
    """A dropout layer; none where nothing is dropped, so that the weights fit older models."""
    return SequenceDropout(units, rate, learned=learned, weights=weights) if rate else None
