"""Harmonic residual U-Net: a bin sees its harmonics, in maps over time and pitch.

On a logarithmic frequency axis the h-th harmonic of every pitch lies the same distance up, so the
constant-Q transform, shifted down by ``round(bins_per_octave * log2 h)`` bins, stands as another
channel, and a small kernel reads a whole harmonic series (Bittner et al. 2017, "Deep salience
representations for f0 estimation in polyphonic music", section 3.1; as bin shifts: Bittner et al.
2022, "A lightweight instrument-agnostic model for polyphonic note transcription and multipitch
estimation", https://arxiv.org/abs/2203.09893). Behind it stands a two-dimensional U-Net
(https://arxiv.org/abs/1505.04597) of residual blocks (He et al. 2016,
https://arxiv.org/abs/1512.03385).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from bayes_a2m.networks.blocks import doubled, halved, masked
from bayes_a2m.networks.dropout import SequenceDropout
from bayes_a2m.networks.masking import MaskedBatchNorm2d, frame_mask, pooled
from bayes_a2m.networks.network import Layer
from bayes_a2m.networks.stepped import StepNetwork, as_maps

STEM = (2, 3)
"""Frames, and bins, to one of the stem's maps."""


def harmonic_shifts(harmonics: Sequence[float], bins_per_octave: int) -> tuple[int, ...]:
    """Compute how many bins above a fundamental its harmonics lie.

    >>> harmonic_shifts((0.5, 1, 2, 3, 4, 5, 6, 7), 36)
    (-36, 0, 36, 57, 72, 84, 93, 101)
    """
    return tuple(round(bins_per_octave * math.log2(h)) for h in harmonics)


def stacked(x: Tensor, shifts: Sequence[int]) -> Tensor:
    """Stack shifted copies of ``(batch, 1, frame, bin)`` as channels; zeros come in at the edges.

    >>> stacked(torch.tensor([[[[1.0, 2.0, 3.0]]]]), (-1, 0, 2))[0, :, 0]
    tensor([[0., 1., 2.],
            [1., 2., 3.],
            [3., 0., 0.]])
    """
    bins = x.shape[3]
    channels = []
    for shift in shifts:
        kept = x[..., max(0, shift) : max(0, bins + min(0, shift))]
        before = min(bins, max(0, -shift))
        channels.append(nn.functional.pad(kept, (before, bins - before - kept.shape[3])))
    return torch.cat(channels, dim=1)


class _Stem(nn.Module):
    """First convolution over the harmonics, which also coarsens time and pitch."""

    def __init__(self, shifts: Sequence[int], outputs: int) -> None:
        super().__init__()
        self.shifts = tuple(shifts)
        self.convolution = nn.Conv2d(
            len(shifts), outputs, (5, 5), stride=STEM, padding=2, bias=False
        )
        self.normalization = MaskedBatchNorm2d(outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        x = self.convolution(stacked(x, self.shifts))
        mask = frame_mask(lengths, x.shape[2])
        return torch.relu(masked(self.normalization(x, mask), mask))


class _ResidualBlock(nn.Module):
    """Two convolutions over time and pitch beside an identity, or an affine map of channels."""

    def __init__(self, inputs: int, outputs: int, dropout: SequenceDropout | None) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.first_normalization = MaskedBatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_normalization = MaskedBatchNorm2d(outputs)
        self.beside = None if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)
        self.dropout = dropout

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        mask = frame_mask(lengths, x.shape[2])
        inner = self.first_normalization(self.first(x), mask)
        inner = masked(torch.relu(inner), mask)
        inner = masked(self.second_normalization(self.second(inner), mask), mask)
        x = torch.relu(inner + (x if self.beside is None else self.beside(x)))
        return x if self.dropout is None else self.dropout(x, axis=1)


class _Maps(nn.Module):
    """U-Net of maps: down to the bottom, and up to a quarter of the frame rate."""

    def __init__(
        self, inputs: int, levels: Sequence[int], drops: Sequence[SequenceDropout | None]
    ) -> None:
        super().__init__()
        above = (inputs, *levels[:-1])
        count = len(levels)
        self.down = nn.ModuleList(
            _ResidualBlock(i, o, d) for i, o, d in zip(above, levels, drops[:count], strict=True)
        )
        pairs = list(pairwise(levels[1:]))[::-1]
        self.up = nn.ModuleList(
            _ResidualBlock(skip + below, skip, d)
            for (skip, below), d in zip(pairs, drops[count:], strict=True)
        )

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        skips, spans = [], [pooled(lengths, 2**i) for i in range(len(self.down))]
        for level, (block, span) in enumerate(zip(self.down, spans, strict=True)):
            x = block(halved(x, bins=2) if level else x, span)
            skips.append(x)
        skips.pop()
        for block, span in zip(self.up, spans[-2:0:-1], strict=True):
            skip = skips.pop()
            wide = masked(doubled(x, skip), frame_mask(span, skip.shape[2]))
            x = block(torch.cat([skip, wide], dim=1), span)
        return x


class HarmonicUNet(StepNetwork):
    """Harmonic stacking, then a U-Net of residual blocks in time and pitch; no recurrence.

    A stem takes time to half of the frame rate and pitch to a semitone a bin (at 36 bins an
    octave); each further level halves both. The maps that come back stand at a quarter of the
    frame rate, a step of four frames, as in the CRNN. An answer hears 202 frames, 1.2 s. It
    has 278,116 parameters at 252 bins and 4 classes; ``bayes-a2m networks`` measures all this.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    settings
        Values of :class:`HarmonicUNet.Options`. Those of the CRNN's blocks (``kernels``,
        ``pools``) are not used; ``channels`` are those of the levels.
    """

    name = "harmonic_unet"

    class Options(StepNetwork.Options):
        """Harmonics, and sizes of the maps."""

        width: int = Field(128, ge=1, description="units of a step between its layers")
        harmonics: tuple[float, ...] = Field(
            (0.5, 1, 2, 3, 4, 5, 6, 7), min_length=1, description="multiples of the fundamental"
        )
        bins_per_octave: int = Field(36, ge=1, description="as features.bins_per_octave says")
        levels: tuple[int, ...] = Field(
            (16, 24, 32, 48), min_length=3, description="channels from the top; the last: bottom"
        )

    def make_front(self, bins: int) -> int:
        """Make stem and U-Net."""
        options: HarmonicUNet.Options = self.options
        self.step = 2 * STEM[0]
        shifts = harmonic_shifts(options.harmonics, options.bins_per_octave)
        first, second = options.levels[:2]
        rate = options.dropout.convolutions
        drops = [self.dropout_of(n, rate) for n in (*options.levels, *options.levels[-2:0:-1])]
        self.stem = _Stem(shifts, first)
        self.maps = _Maps(first, options.levels, drops)
        return second * math.ceil(math.ceil(bins / STEM[1]) / 2)

    def front_layers(self) -> tuple[Layer, ...]:
        """Return the stem and the U-Net, whose levels read one another."""
        return (Layer(("stem",), self._stem), Layer(("maps",), self._run))

    def make_context(self, width: int) -> int:
        """Make nothing: the U-Net of maps has carried all the context there is."""
        return width

    def context_layers(self) -> tuple[Layer, ...]:
        """Return no layer."""
        return ()

    def _stem(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        maps: Tensor = self.stem(as_maps(x, lengths), pooled(lengths, STEM[0]))
        return maps

    def _run(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        maps: Tensor = self.maps(x, pooled(lengths, STEM[0]))
        return maps
