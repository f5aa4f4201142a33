"""Masking of padded frames, which must change nothing.

A batch of recordings of different lengths is padded to the longest. Frames past a
recording's length are put to zero before every layer that looks at neighbours, which is just
what a convolution's own zero padding does at the end of a recording alone; and they enter no
statistic of batch normalisation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def frame_mask(lengths: Tensor, frames: int) -> Tensor | None:
    """Mask of the real frames, shape ``(batch, frames)``; None where all of them are.

    None lets a batch of equal lengths, the usual case in training, skip the masking.
    """
    if bool((lengths >= frames).all()):
        return None
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


def pooled(lengths: Tensor, factor: int) -> Tensor:
    """Compute lengths after pooling ``factor`` frames into one, a rest counting as a frame."""
    return torch.div(lengths + factor - 1, factor, rounding_mode="floor")


class MaskedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation of ``(batch, channel, frame, bin)`` whose statistics skip padding.

    Ioffe and Szegedy 2015. In use it is ``nn.BatchNorm2d`` exactly; as there, statistics of half
    precision are sums in single precision.
    """

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        """Normalise; ``mask`` is ``(batch, frame)`` or None where every frame is real."""
        if mask is None or not self.training:
            return super().forward(input)
        whole = input.float() if input.dtype in (torch.bfloat16, torch.float16) else input
        weight = mask[:, None, :, None].to(whole.dtype)
        count = weight.sum() * input.shape[3]
        mean = (whole * weight).sum((0, 2, 3)) / count
        centred = whole - mean[:, None, None]
        variance = (centred.square() * weight).sum((0, 2, 3)) / count
        if self.track_running_stats:
            self._track(mean.detach(), variance.detach() * count / (count - 1).clamp_min(1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
