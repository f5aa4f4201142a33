"""Augmentation of training examples, drawn anew each time from an explicit generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bayes_a2m.networks.masking import frame_mask

if TYPE_CHECKING:
    from bayes_a2m.config.experiment import AugmentSettings


def augment(
    features: Tensor,
    labels: Tensor,
    lengths: Tensor,
    settings: AugmentSettings,
    floor_db: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Turn in time, shift in pitch, change the level, add noise, mask a band.

    Parameters
    ----------
    features
        Decibels, shape ``(batch, frame, bin)``; padding stays padding.
    labels
        Classes, shape ``(batch, frame)``; turned with the features.
    lengths
        Number of real frames, shape ``(batch,)``.
    settings, floor_db
        Sizes of the changes, and the level that features do not go below, dB.
    generator
        Source of every draw.

    Returns
    -------
    tuple of Tensor
        New features and labels; the inputs are unchanged.
    """
    batch, frames, bins = features.shape
    given = features

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    time = torch.arange(frames).expand(batch, frames)
    if settings.roll:
        turn = (uniform(batch) * lengths).long()
        time = torch.where(time < lengths[:, None], (time - turn[:, None]) % lengths[:, None], time)
    labels = labels.gather(1, time)

    width = settings.shift_bins
    shift = torch.randint(-width, width + 1, (batch,), generator=generator)
    source = (torch.arange(bins) - shift[:, None]).clamp(0, bins - 1)
    items = torch.arange(batch)[:, None, None]
    features = features[items, time[:, :, None], source[:, None, :]]

    if settings.gain_db:
        gain = settings.gain_db * torch.randn(batch, 1, 1, generator=generator)
        features = features + gain
    if settings.noise_db:
        noise = torch.randn(features.shape, generator=generator)
        features = features + settings.noise_db * noise
    if settings.mask_bins:
        wide = (uniform(batch, 1) * (settings.mask_bins + 1)).floor()
        first = (uniform(batch, 1) * (bins - wide + 1)).floor()
        bin_number = torch.arange(bins)
        masked = (bin_number >= first) & (bin_number < first + wide)
        features = features.masked_fill(masked[:, None, :], floor_db)
    features = features.clamp_min(floor_db)
    real = frame_mask(lengths, frames)
    if real is not None:
        features = torch.where(real[:, :, None], features, given)
    return features, labels
