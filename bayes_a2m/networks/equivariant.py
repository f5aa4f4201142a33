"""Transposition-equivariant network: what it learns at one pitch it knows at all.

On a logarithmic frequency axis a transposition moves a sound along the bins, and nothing in this
network knows where along the bins it is. The constant-Q transform loses its colour, the mean of
half an octave to either side, and stands shifted by the harmonics as channels
(:mod:`bayes_a2m.networks.harmonic_unet`); convolutions over time and pitch share their weights over
pitch and step a semitone at a time; the head slides one filter over the semitones, which makes the
map from maps to classes a Toeplitz matrix (Riou et al. 2023, "PESTO",
https://arxiv.org/abs/2309.02265, section 3.3). Silence and onsets are read from what is pooled over
pitch, which a transposition leaves as it is.

So a shift of the input by a semitone's bins moves the classes by one, exactly but for what comes in
and falls out at the edges.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor, nn
from torch.onnx import is_in_onnx_export

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.blocks import StepConvolution, masked
from bayes_a2m.networks.harmonic_unet import harmonic_shifts
from bayes_a2m.networks.heads import Head
from bayes_a2m.networks.masking import MaskedBatchNorm2d, frame_mask, pooled
from bayes_a2m.networks.network import Layer, Network
from bayes_a2m.networks.onsets import OnsetHead, OnsetOptions, parse_onsets
from bayes_a2m.networks.pitch_output import PitchOutput
from bayes_a2m.networks.stepped import as_maps

STEP = 4
"""Frames of a step: time is coarsened by as much at the front, and expanded at the end."""

MARGIN = 4
"""Semitones of the maps beyond the lowest and the highest pitch."""


class SlidingHead(Head):
    """Head with one filter for all pitches, and a score of silence from what is pooled.

    Parameters
    ----------
    semitones, each, pooled
        Number of semitones of the maps, of features of each, and of the features of a frame that
        follow them.
    places
        Semitone of every pitch of the vocabulary, counted from the maps' lowest.
    others
        Semitones of all pitches that are told apart, where the vocabulary has some of them and
        what is said of the others counts for the nearest; without them no other pitch is possible.
    """

    name = "sliding"
    shares: Tensor

    def __init__(
        self,
        semitones: int,
        each: int,
        pooled: int,
        places: tuple[int, ...],
        others: tuple[int, ...] = (),
    ) -> None:
        super().__init__(semitones * each + pooled, len(places) + 1)
        self.semitones, self.each, self.places, self.others = semitones, each, places, others
        self.pitch = nn.Linear(each, 1, bias=False)
        self.silence = nn.Linear(pooled, 1)
        self.register_buffer("shares", _log_shares(others, places), persistent=False)

    def read_by(self, module: str, features: Tensor) -> Tensor:
        """Select the semitones' features for the pitches, the pooled ones for silence."""
        size = self.semitones * self.each
        if module == "silence":
            return features[..., size:]
        maps: Tensor = features[..., :size].unflatten(-1, (self.semitones, self.each))
        return maps

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute the log-softmax of the scores of silence and of the vocabulary's pitches."""
        maps = self.read_by("pitch", features)[..., self.others or self.places, :]
        silence = self.silence(self.read_by("silence", features))
        scores = torch.cat([silence, self.pitch(maps)[..., 0]], dim=-1)
        exact = scores if scores.dtype == torch.float64 else scores.float()
        log_probs = nn.functional.log_softmax(exact, dim=-1)
        if not self.others:
            return log_probs
        shared = torch.logsumexp(log_probs[..., 1:, None] + self.shares.to(log_probs), dim=-2)
        return torch.cat([log_probs[..., :1], shared], dim=-1)


class PooledOnsets(OnsetHead):
    """Onset output that reads only what is pooled over pitch: the last features of a frame."""

    def __init__(self, pooled: int, options: OnsetOptions) -> None:
        super().__init__(pooled, options)
        self.reads = pooled

    def forward(self, features: Tensor) -> Tensor:
        """Compute log-odds of an onset in every frame, ``(batch, frame)``."""
        odds: Tensor = super().forward(features[..., -self.reads :])
        return odds


class _Stem(nn.Module):
    """Local contrast, harmonics as channels, and the convolution that steps by semitones."""

    contrast: Tensor

    def __init__(
        self,
        bins: int,
        shifts: tuple[int, ...],
        outputs: int,
        *,
        start: int,
        semitones: int,
        per: int,
    ) -> None:
        super().__init__()
        self.shifts, self.start, self.reach = shifts, start, 6 * per
        # a kernel reaches over its semitone and the near bins of the next ones
        self.needed = (semitones - 1) * per + 2 * per - 1
        self.convolution = nn.Conv2d(
            len(shifts) + 1, outputs, (2 * STEP, 2 * per - 1), stride=(STEP, per), bias=False
        )
        self.normalization = MaskedBatchNorm2d(outputs)
        self.register_buffer("contrast", _contrast(bins, self.reach), persistent=False)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """From ``(batch, 1, frame, bin)`` to maps ``(batch, channel, step, semitone)``."""
        flat = _contrasted(x, self.reach) if is_in_onnx_export() else x @ self.contrast.to(x)
        # padded once, so that every channel is a view of it; zeros stand beyond the bins
        starts = [self.start + shift for shift in self.shifts]
        below = max(0, -min(self.start, *starts))
        above = max(0, max(self.start, *starts) + self.needed - x.shape[3])
        edges = (below, above, STEP // 2, STEP // 2 + -x.shape[2] % STEP)
        flat, x = nn.functional.pad(flat, edges), nn.functional.pad(x, edges)
        channels = [flat[..., s + below : s + below + self.needed] for s in starts]
        here = self.start + below
        channels.append(x[..., here : here + self.needed])
        x = self.convolution(torch.cat(channels, dim=1))
        mask = frame_mask(pooled(lengths, STEP), x.shape[2])
        return torch.relu(masked(self.normalization(x, mask), mask))


class _Block(nn.Module):
    """Convolution over neighbouring semitones and distant steps beside an identity."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(
            channels, channels, 3, padding=(dilation, 1), dilation=(dilation, 1), bias=False
        )
        self.normalization = MaskedBatchNorm2d(channels)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        return torch.relu(x + masked(self.normalization(self.convolution(x), mask), mask))


class Equivariant(Network):
    """Harmonic stacking, convolutions shared over pitch, and a head that slides over pitch.

    A stem takes time to a step of four frames and pitch to a semitone; residual blocks carry
    context over distant steps, their dilation doubling, and over neighbouring semitones. The trunk
    features of a frame are those of every semitone, then those that are pooled over all of them.

    Class k is the k-th of ``pitches``, or the k-th semitone from ``lowest`` on. These are pitches
    as they sound. A network of some pitches whose ``span`` is that of a network of many has weights
    of the same shapes, and says the same, given that nothing else sounds.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    settings
        Values of :class:`Equivariant.Options`.

    Attributes
    ----------
    pitch_output
        Continuous pitch and voicing; None where the settings have none.
    """

    name = "equivariant"

    class Options(Settings):
        """Place of the bins, pitches that the classes are, and sizes of the layers."""

        bins_per_octave: int = Field(
            36, ge=12, multiple_of=12, description="as features.bins_per_octave says"
        )
        bottom: int = Field(24, description="MIDI number of the lowest bin: features.fmin, C1")
        lowest: int = Field(36, description="MIDI number of class 1, the others above it")
        pitches: tuple[int, ...] = Field(
            (), description="sounding MIDI number of every class but silence, in place of lowest"
        )
        span: tuple[int, int] | None = Field(
            None, description="lowest and highest pitch of the maps, where pitches are some of them"
        )
        others: Literal["impossible", "missed"] = Field(
            "impossible", description="pitches of the span that are no class; missed: the nearest"
        )
        harmonics: tuple[float, ...] = Field(
            (0.5, 1, 2, 3, 4, 5, 6, 8), min_length=1, description="multiples of the fundamental"
        )
        channels: int = Field(32, ge=1, description="of the maps")
        blocks: int = Field(5, ge=1, le=8, description="residual blocks; dilations 1, 2, 4 ...")
        width: int = Field(32, ge=1, description="units of a step that are pooled over pitch")
        each: int = Field(8, ge=1, description="trunk features of every semitone of a frame")
        pooled: int = Field(16, ge=1, description="trunk features of a frame, pooled over pitch")
        continuous: bool = Field(False, description="output of continuous pitch and voicing")
        onsets: Annotated[OnsetOptions | None, BeforeValidator(parse_onsets)] = Field(
            None, description="output of onsets: true, or a mapping of its settings"
        )

    def __init__(self, bins: int = 252, classes: int = 4, **settings: Any) -> None:
        super().__init__(bins, classes, settings)
        options: Equivariant.Options = self.options
        per = options.bins_per_octave // 12
        # a network is first made as a template, whose classes are not those of the data yet
        wrong = bool(options.pitches) and len(options.pitches) != classes - 1
        self.misfit = wrong
        pitches = options.pitches if options.pitches and not wrong else self._consecutive(classes)
        first, last = options.span or (pitches[0], pitches[-1])
        if not first <= min(pitches) <= max(pitches) <= last:
            raise InputError(f"network.span: {first} to {last} does not hold all pitches; widen it")
        bottom, semitones = first - MARGIN, last - first + 2 * MARGIN + 1
        self.semitones = semitones
        shifts = harmonic_shifts(options.harmonics, options.bins_per_octave)
        self.stem = _Stem(
            bins,
            shifts,
            options.channels,
            start=(bottom - options.bottom) * per - (per - 1),
            semitones=semitones,
            per=per,
        )
        self.blocks = nn.ModuleList(_Block(options.channels, 2**i) for i in range(options.blocks))
        self.expansion = nn.Conv2d(options.channels, STEP * options.each, 1)
        self.pooling = StepConvolution(2 * options.channels, options.width, 5)
        self.pooled_expansion = nn.Conv2d(options.width, STEP * options.pooled, 1)
        self.features = semitones * options.each + options.pooled
        places = tuple(pitch - bottom for pitch in pitches)
        every = tuple(range(MARGIN, semitones - MARGIN)) if options.others == "missed" else ()
        self.head = SlidingHead(semitones, options.each, options.pooled, places, every)
        if options.onsets is not None:
            self.onset_head = PooledOnsets(options.pooled, options.onsets)
        self.pitch_output: PitchOutput | None = None
        if options.continuous:
            self.pitch_output = PitchOutput(
                semitones, options.each, options.pooled, per_semitone=per, lowest=bottom
            )

    def _consecutive(self, classes: int) -> tuple[int, ...]:
        return tuple(range(self.options.lowest, self.options.lowest + classes - 1))

    def trunk_layers(self) -> tuple[Layer, ...]:
        """Return the stem, the blocks, and the expansion to features of every frame."""
        return (
            Layer(("stem",), self._stem),
            *(Layer((f"blocks.{i}",), partial(self._block, i)) for i in range(len(self.blocks))),
            Layer(("expansion", "pooling", "pooled_expansion"), self._expand),
        )

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers; the last has the head, and the outputs of onsets and continuous pitch."""
        *trunk, head = super().layers
        if self.pitch_output is None:
            return (*trunk, head)
        return (*trunk, Layer((*head.modules, "pitch_output"), head.run))

    @property
    def local_layers(self) -> int:
        """Number of local layers: all of the trunk, whose context is what convolutions reach."""
        return len(self.blocks) + 2

    def density_features(self, features: Tensor) -> Tensor:
        """Pool the semitones' features, so that a transposition makes no sound a new one.

        Of every feature the greatest and the mean over semitones stay, then those that are pooled
        anyway: ``(..., 2 * each + pooled)``.
        """
        size = self.semitones * self.options.each
        maps = features[..., :size].unflatten(-1, (self.semitones, self.options.each))
        return torch.cat([maps.amax(-2), maps.mean(-2), features[..., size:]], dim=-1)

    def continuous(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Compute log-probabilities of no voice and of the bins of the fundamental.

        Parameters
        ----------
        features
            Normalised, ``(batch, frame, bin)``.
        lengths
            Real frames of every item, ``(batch,)``; all where left out.

        Returns
        -------
        Tensor, shape (batch, frame, 1 + bin)
            What :meth:`~bayes_a2m.networks.pitch_output.PitchOutput.decode` reads.

        Raises
        ------
        InputError
            If the network has no such output.
        """
        if self.pitch_output is None:
            raise InputError(
                "this network has no output of continuous pitch; train one with "
                "network.continuous=true"
            )
        log_probs: Tensor = self.pitch_output(self.trunk(features, lengths))
        return log_probs

    def _stem(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        if self.misfit:
            raise InputError(
                f"network.pitches: {len(self.options.pitches)} pitches for {self.classes - 1} "
                "classes beside silence; give one each"
            )
        maps: Tensor = self.stem(as_maps(x, lengths), lengths)
        return maps

    def _block(self, index: int, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        block: Tensor = self.blocks[index](x, frame_mask(pooled(lengths, STEP), x.shape[2]))
        return block

    def _expand(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        mask = frame_mask(pooled(lengths, STEP), x.shape[2])
        over = torch.cat([x.amax(3, keepdim=True), x.mean(3, keepdim=True)], dim=1)
        over = torch.relu(self.pooling(over, mask))
        semitones = torch.relu(self.expansion(x))
        together = [
            _frames(semitones, frames),
            _frames(torch.relu(self.pooled_expansion(over)), frames),
        ]
        return torch.cat(together, dim=-1)


def _frames(maps: Tensor, frames: int) -> Tensor:
    """Give each frame its own: ``(batch, STEP * n, step, s)`` to ``(batch, frame, s * n)``."""
    batch, channels, steps, size = maps.shape
    each = maps.reshape(batch, STEP, channels // STEP, steps, size)
    return each.permute(0, 3, 1, 4, 2).reshape(batch, steps * STEP, -1)[:, :frames]


def _log_shares(others: tuple[int, ...], places: tuple[int, ...]) -> Tensor:
    """Log of the share of every pitch that counts for each of the vocabulary, the nearest.

    >>> _log_shares((4, 5, 6), (4, 6)).exp().tolist()
    [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    """
    if not others:
        return torch.zeros(0, len(places))
    # on the processor also where the weights have no memory: arithmetic there loads a compiler
    first, second = (torch.tensor(each, device="cpu") for each in (others, places))
    away = (first[:, None] - second).abs()
    nearest = (away == away.amin(dim=1, keepdim=True)).float()
    # as good as zero, but finite: buffers are averaged with the weights while training
    return torch.log((nearest / nearest.sum(dim=1, keepdim=True)).clamp_min(1e-30))


def _contrasted(x: Tensor, reach: int) -> Tensor:
    """Compute ``x @ _contrast(bins, reach)`` without the matrix, which an export need not carry."""
    mean = nn.functional.avg_pool2d(
        x, (1, 2 * reach + 1), stride=1, padding=(0, reach), count_include_pad=False
    )
    return x - mean


def _contrast(bins: int, reach: int) -> Tensor:
    """Matrix that takes from every bin the mean of those within ``reach``, itself included.

    >>> (torch.tensor([1.0, 2.0, 6.0]) @ _contrast(3, 1)).tolist()
    [-0.5, -1.0, 2.0]
    """
    # on the processor also where the weights have no memory: arithmetic there loads a compiler
    place = torch.arange(bins, device="cpu")
    near = ((place[:, None] - place).abs() <= reach).float()
    return torch.eye(bins, device="cpu") - near / near.sum(0)
