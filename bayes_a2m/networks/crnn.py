"""The convolutional recurrent network (CRNN)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError
from bayes_a2m.networks.heads import make_head
from bayes_a2m.networks.masking import MaskedBatchNorm2d, frame_mask, pooled
from bayes_a2m.networks.network import Network


class _Block(nn.Module):
    """Convolution, batch normalisation, ReLU, max pooling over time and frequency."""

    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], pool: tuple[int, int]
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding="same", bias=False)
        self.normalization = MaskedBatchNorm2d(outputs)
        self.pool = pool

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        mask = frame_mask(lengths, x.shape[2])
        x = self.normalization(self.convolution(x), mask)
        if mask is not None:
            x = x * mask[:, None, :, None]
        # a rest at the end counts as a frame; the ReLU takes away what its zeros may have won.
        # ReLU and maximum commute, and after pooling there is a sixth of the work to do
        x = nn.functional.pad(x, (0, 0, 0, -x.shape[2] % self.pool[0]))
        return torch.relu(nn.functional.max_pool2d(x, self.pool)), pooled(lengths, self.pool[0])


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
        ``"one_stage"``.
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
    """

    name = "crnn"

    def __init__(
        self,
        bins: int = 252,
        classes: int = 4,
        *,
        head: str = "one_stage",
        channels: Sequence[int] = (12, 32, 48),
        kernels: Sequence[Sequence[int]] = ((3, 5), (3, 5), (3, 3)),
        pools: Sequence[Sequence[int]] = ((2, 3), (1, 2), (2, 2)),
        projection: int = 128,
        hidden: int = 96,
        features: int = 48,
    ) -> None:
        super().__init__()
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
        }
        self.step = 1  # frames to a step of the recurrence
        height, inputs = bins, 1
        blocks = []
        for outputs, kernel, pool in zip(channels, kernels, pools, strict=True):
            blocks.append(_Block(inputs, outputs, (kernel[0], kernel[1]), (pool[0], pool[1])))
            inputs, height, self.step = outputs, height // pool[1], self.step * pool[0]
        if height < 1:
            raise InputError(f"crnn: {bins} bins are too few for its pooling over frequency")
        self.blocks = nn.ModuleList(blocks)
        self.projection = nn.Linear(inputs * height, projection)
        self.recurrence = nn.GRU(projection, hidden, batch_first=True, bidirectional=True)
        self.expansion = nn.Linear(2 * hidden, self.step * features)
        self.head = make_head(head, features, classes)

    def trunk(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Shape ``(batch, frame, feature)``."""
        frames = features.shape[1]
        mask = frame_mask(lengths, frames)
        x = features if mask is None else features * mask[:, :, None]
        x = x[:, None]
        steps = lengths
        for block in self.blocks:
            x, steps = block(x, steps)
        x = torch.relu(self.projection(x.transpose(1, 2).flatten(2)))
        x = self._recur(x, steps)
        x = torch.relu(self.expansion(x))
        return x.reshape(x.shape[0], x.shape[1] * self.step, -1)[:, :frames]

    def _recur(self, x: Tensor, steps: Tensor) -> Tensor:
        """The GRU, started for each recording's backward direction at its own last step."""
        if bool((steps >= x.shape[1]).all()):
            output, _ = self.recurrence(x)
            return output  # type: ignore[no-any-return]
        packed = nn.utils.rnn.pack_padded_sequence(
            x, steps.cpu(), batch_first=True, enforce_sorted=False
        )
        output, _ = self.recurrence(packed)
        whole, _ = nn.utils.rnn.pad_packed_sequence(
            output, batch_first=True, total_length=x.shape[1]
        )
        return whole
