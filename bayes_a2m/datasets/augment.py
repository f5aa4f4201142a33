"""Augmentation of training examples, drawn anew each time from an explicit generator.

All of it is for the training split alone. What changes features is here; what changes sound, the
recording conditions, in :mod:`bayes_a2m.datasets.degrade`. Masks of frames and bins are
SpecAugment's (Park et al. 2019, https://arxiv.org/abs/1904.08779, section 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bayes_a2m.errors import InputError
from bayes_a2m.networks.masking import frame_mask

if TYPE_CHECKING:
    from bayes_a2m.config.experiment import AugmentSettings


@dataclass(frozen=True)
class Transposition:
    """The rule by which classes move with the bins.

    Attributes
    ----------
    bins
        Number of bins a semitone.
    targets
        Class after a shift by ``-most .. most`` semitones, ``(shift, class)``; -1 where its pitch
        is not in the vocabulary.
    """

    bins: int
    targets: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, pitches: Sequence[int], most: int, bins_per_octave: int | None) -> Transposition:
        """Make the rule of a vocabulary's pitches.

        Parameters
        ----------
        pitches
            MIDI pitches of the classes from 1 on.
        most
            Semitones up or down.
        bins_per_octave
            Number of bins an octave; None where bins do not stand at equal intervals.

        Raises
        ------
        InputError
            If a semitone is no whole number of bins.

        >>> Transposition.of((60, 62, 64), 2, 36).targets[-1]
        (0, 2, 3, -1)
        """
        if bins_per_octave is None or bins_per_octave % 12:
            raise InputError(
                "training.augment.transpose: a semitone must be a whole number of bins; set "
                "features.kind=cqt and features.bins_per_octave to a multiple of 12, or transpose=0"
            )
        class_of = {pitch: place for place, pitch in enumerate(pitches, start=1)}
        targets = tuple(
            (0, *(class_of.get(pitch + shift, -1) for pitch in pitches))
            for shift in range(-most, most + 1)
        )
        return cls(bins_per_octave // 12, targets)

    def draw(
        self, labels: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw a shift of every item among those that keep all its pitches in the vocabulary.

        Parameters
        ----------
        labels
            Classes, shape ``(batch, frame)``.
        lengths
            Number of real frames, shape ``(batch,)``.
        generator
            Source of the draws; one number an item.

        Returns
        -------
        bins : Tensor, shape (batch,)
            Number of bins by which the features move up.
        labels : Tensor, shape (batch, frame)
            The classes after the shift.
        """
        targets = torch.tensor(self.targets)
        classes = torch.arange(targets.shape[1])
        real = torch.arange(labels.shape[1]) < lengths[:, None]
        sounds = ((labels[..., None] == classes) & real[..., None]).any(1)
        allowed = ~((targets < 0) & sounds[:, None]).any(-1)
        chosen = torch.multinomial(allowed.float(), 1, generator=generator)[:, 0]
        moved = targets[chosen].clamp_min(0).gather(1, labels)
        return (chosen - len(targets) // 2) * self.bins, torch.where(real, moved, labels)


def augment(
    features: Tensor,
    labels: Tensor,
    lengths: Tensor,
    settings: AugmentSettings,
    floor_db: float,
    generator: torch.Generator,
    transposition: Transposition | None = None,
) -> tuple[Tensor, Tensor]:
    """Turn in time, stretch, shift in pitch, change the level, add noise, mask bins and frames.

    Parameters
    ----------
    features
        Decibels, shape ``(batch, frame, bin)``; padding stays padding.
    labels
        Classes, shape ``(batch, frame)``; turned, stretched and transposed with the features.
    lengths
        Number of real frames, shape ``(batch,)``.
    settings, floor_db
        Sizes of the changes, and the level that features do not go below, dB.
    generator
        Source of every draw.
    transposition
        How classes move with the bins; without it nothing is transposed.

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
    if settings.stretch:
        features, labels = stretched(features, labels, lengths, settings.stretch, generator)
    labels = labels.gather(1, time)

    width = settings.shift_bins
    shift = torch.randint(-width, width + 1, (batch,), generator=generator)
    if transposition is not None:
        moved, labels = transposition.draw(labels, lengths, generator)
        shift = shift + moved
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
        for _ in range(settings.masks):
            wide = (uniform(batch, 1) * (settings.mask_bins + 1)).floor()
            first = (uniform(batch, 1) * (bins - wide + 1)).floor()
            bin_number = torch.arange(bins)
            masked = (bin_number >= first) & (bin_number < first + wide)
            features = features.masked_fill(masked[:, None, :], floor_db)
    if settings.mask_frames:
        features = _without_stretches(features, lengths, settings, generator)
    features = features.clamp_min(floor_db)
    real = frame_mask(lengths, frames)
    if real is not None:
        features = torch.where(real[:, :, None], features, given)
    return features, labels


def stretched(
    features: Tensor, labels: Tensor, lengths: Tensor, most: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Play every item slower or faster by a factor of up to ``1 + most``; pitches stay.

    Features between two frames are interpolated, labels those of the nearest. An item keeps its
    length: a slower one loses its end, a faster one goes on at its beginning, as one that is
    turned in time does. The factor's logarithm is uniform.

    Parameters
    ----------
    features
        Decibels, shape ``(batch, frame, bin)``.
    labels
        Classes, shape ``(batch, frame)``.
    lengths
        Number of real frames, shape ``(batch,)``.
    most
        The greatest change; 0.1 is a tenth.
    generator
        Source of the factors; one number an item.
    """
    batch, frames, _ = features.shape
    exponent = 2 * torch.rand(batch, 1, generator=generator) - 1
    rate = (1 + most) ** exponent
    time = torch.arange(frames)
    real = time < lengths[:, None]
    place = torch.where(real, (time * rate) % lengths[:, None], time.expand(batch, -1).float())
    before = place.floor().long()
    after = torch.where(real, (before + 1) % lengths[:, None], before)
    share = (place - before)[..., None]
    items = torch.arange(batch)[:, None]
    mixed = torch.lerp(features[items, before], features[items, after], share)
    nearest = torch.where(share[..., 0] < 0.5, before, after)
    return mixed, labels.gather(1, nearest)


def _without_stretches(
    features: Tensor, lengths: Tensor, settings: AugmentSettings, generator: torch.Generator
) -> Tensor:
    """Put stretches of frames to the item's mean, of half of its frames at most."""
    batch, frames, _ = features.shape
    time = torch.arange(frames)
    real = (time < lengths[:, None])[..., None]
    mean = (features * real).sum((1, 2)) / (lengths * features.shape[2])
    longest = torch.minimum(torch.tensor(settings.mask_frames), lengths // 2)[:, None]
    for _ in range(settings.masks):
        long = (torch.rand(batch, 1, generator=generator) * (longest + 1)).floor()
        last = lengths[:, None] - long + 1
        first = (torch.rand(batch, 1, generator=generator) * last).floor()
        masked = (time >= first) & (time < first + long)
        features = torch.where(masked[..., None], mean[:, None, None], features)
    return features
