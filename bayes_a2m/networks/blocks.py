"""Convolution blocks that several networks begin with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bayes_a2m.networks.dropout import SequenceDropout
from bayes_a2m.networks.masking import MaskedBatchNorm2d, frame_mask
from bayes_a2m.networks.pooling import max_pool


class ConvolutionBlock(nn.Module):
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
        # normalisation shifts padding off zero: put back, so that the next convolution sees at a
        # recording's end what it would see if the recording were alone
        if mask is not None:
            x = x * mask[:, None, :, None]
        # a rest at the end counts as a frame: padded with zeros, so that pooling keeps it. A zero
        # may win the maximum over negative values, which the ReLU would have put to zero anyway.
        # ReLU and maximum commute, and after pooling there is a sixth of the work to do
        if rest := -x.shape[2] % self.pool[0]:
            x = nn.functional.pad(x, (0, 0, 0, rest))
        x = torch.relu(max_pool(x, self.pool))
        return x if self.dropout is None else self.dropout(x, axis=1)
