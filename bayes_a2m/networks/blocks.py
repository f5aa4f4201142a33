"""Convolutions that several networks are made of: blocks over time and pitch, and over steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bayes_a2m.errors import InputError
from bayes_a2m.networks.dropout import SequenceDropout
from bayes_a2m.networks.masking import MaskedBatchNorm2d, frame_mask
from bayes_a2m.networks.pooling import max_pool


def check_blocks(
    name: str,
    channels: Sequence[int],
    kernels: Sequence[Sequence[int]],
    pools: Sequence[Sequence[int]],
) -> None:
    """Check the sizes of convolution blocks, whose network's ``name`` stands in the error.

    Raises
    ------
    InputError
        If the lists are not of one length, a kernel or pool is no pair, or a size is not positive.
    """
    if not len(channels) == len(kernels) == len(pools):
        raise InputError(f"{name}: channels, kernels and pools must have one entry a block")
    if any(len(pair) != 2 for pair in (*kernels, *pools)):
        raise InputError(f"{name}: every kernel and pool is a pair, time and frequency")
    if min(*channels, *(size for pair in (*kernels, *pools) for size in pair)) < 1:
        raise InputError(f"{name}: sizes must be positive")


class ConvolutionBlock(nn.Module):
    """Convolution, batch normalisation, ReLU, max pooling over time and frequency.

    A causal one sees no frame after that it stands for, but those that are pooled with it.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        pool: tuple[int, int],
        dropout: SequenceDropout | None,
        *,
        causal: bool = False,
    ) -> None:
        super().__init__()
        padding: str | int = 0 if causal else "same"
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False)
        self.normalization = MaskedBatchNorm2d(outputs)
        self.pool = pool
        self.dropout = dropout
        # below, above, before, after
        below = (kernel[1] - 1) // 2
        self.before = (below, kernel[1] - 1 - below, kernel[0] - 1, 0) if causal else None

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        mask = frame_mask(lengths, x.shape[2])
        if self.before is not None:
            x = nn.functional.pad(x, self.before)
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


class StepConvolution(nn.Module):
    """Convolution over steps with batch normalisation: ``(batch, channel, step, 1)`` to the same.

    It is a two-dimensional one of width one, so that what changes layers from outside (Flipout,
    local reparameterisation, the memory layout) works on it.

    Parameters
    ----------
    inputs, outputs
        Numbers of channels.
    kernel, dilation
        Steps that it looks at, and their distance.
    causal
        Whether it looks at no later step than the one it stands for.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, dilation: int = 1, *, causal: bool = False
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            inputs, outputs, (kernel, 1), dilation=(dilation, 1), bias=False
        )
        self.normalization = MaskedBatchNorm2d(outputs)
        span = dilation * (kernel - 1)
        self.reach = (span, 0) if causal else (span // 2, span - span // 2)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Convolve and normalise; padding, where ``mask`` ``(batch, step)`` is false, is zero."""
        x = self.convolution(nn.functional.pad(x, (0, 0, *self.reach)))
        return masked(self.normalization(x, mask), mask)


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """Put padding of ``(batch, channel, step, bin)`` to zero; ``mask`` is ``(batch, step)``."""
    return x if mask is None else x * mask[:, None, :, None]


def halved(x: Tensor, bins: int = 1) -> Tensor:
    """Pool two steps into one, and ``bins`` bins, by their maximum; a rest counts as a step.

    Values must not be negative, as after a ReLU: a rest is pooled with zeros.
    """
    above = -x.shape[3] % bins
    if x.shape[2] % 2 or above:
        x = nn.functional.pad(x, (0, above, 0, x.shape[2] % 2))
    return max_pool(x, (2, bins))


def doubled(x: Tensor, like: Tensor) -> Tensor:
    """Repeat every step, and bin, up to the size of ``like`` ``(batch, channel, step, bin)``."""
    for axis in (2, 3):
        if x.shape[axis] < like.shape[axis]:
            x = x.repeat_interleave(2, dim=axis)
    return x[:, :, : like.shape[2], : like.shape[3]]
