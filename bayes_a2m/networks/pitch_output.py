"""Continuous pitch beside the classes: where the fundamental lies between semitones, and whether.

Every semitone of the maps gives one score to each of its bins, by a filter that all semitones
share, and what is pooled over pitch gives the score of a frame without voice. Their softmax is a
distribution over "no voice" and the bins of the fundamental, as in the salience of Kim et al. 2018
("CREPE", https://arxiv.org/abs/1802.06182), but that it is one distribution: the voicing is
``1 - p(no voice)``, the pitch its mean near the largest bin, and its spread the standard deviation
there, so that a pitch comes with how well it is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

NEAR = 3
"""Bins on either side of the largest that the pitch is a mean of: a semitone, at 36 an octave."""

TARGET_CENTS = 20.0
"""Standard deviation of the targets around the true fundamental, cents."""


@dataclass(frozen=True)
class PitchEstimate:
    """Fundamental of every frame, with its spread.

    Attributes
    ----------
    midi
        Pitch as a fractional MIDI number, ``(batch, frame)``, also where there is no voice.
    spread
        Standard deviation of the pitch given that the octave is right, cents, ``(batch, frame)``.
    voicing
        Probability that there is a voice with a pitch, ``(batch, frame)``.
    """

    midi: Tensor
    spread: Tensor
    voicing: Tensor


class PitchOutput(nn.Module):
    """Map from trunk features to log-probabilities of no voice and of each bin of the fundamental.

    Parameters
    ----------
    semitones, each
        Number of semitones of the maps, and of features of each.
    pooled
        Number of features of a frame that follow those of the semitones.
    per_semitone
        Bins of a semitone.
    lowest
        MIDI number of the lowest semitone.
    """

    def __init__(
        self, semitones: int, each: int, pooled: int, *, per_semitone: int, lowest: int
    ) -> None:
        super().__init__()
        self.semitones, self.each = semitones, each
        self.per_semitone, self.lowest = per_semitone, lowest
        self.bins = nn.Linear(each, per_semitone, bias=False)
        self.silence = nn.Linear(pooled, 1)

    @property
    def pitches(self) -> Tensor:
        """Fractional MIDI number of every bin, shape ``(bin,)``."""
        count = self.semitones * self.per_semitone
        middle = (self.per_semitone - 1) / 2
        return self.lowest + (torch.arange(count) - middle) / self.per_semitone

    def forward(self, features: Tensor) -> Tensor:
        """Compute log-probabilities ``(batch, frame, 1 + bin)``, "no voice" first."""
        size = self.semitones * self.each
        maps = features[..., :size].unflatten(-1, (self.semitones, self.each))
        scores = torch.cat(
            [self.silence(features[..., size:]), self.bins(maps).flatten(-2)], dim=-1
        )
        return nn.functional.log_softmax(scores.float(), dim=-1)

    def loss(self, log_probs: Tensor, midi: Tensor, known: Tensor) -> Tensor:
        """Compute the cross-entropy with targets spread over bins, a mean over frames, in nats.

        Parameters
        ----------
        log_probs
            What :meth:`forward` gave, ``(batch, frame, 1 + bin)``.
        midi
            True pitch, fractional MIDI; zero where there is no voice, ``(batch, frame)``.
        known
            Frames that count, ``(batch, frame)``.
        """
        voiced = midi > 0
        away = 100 * (self.pitches.to(midi) - midi[..., None])
        target = torch.exp(-0.5 * (away / TARGET_CENTS).square()) * voiced[..., None]
        total = target.sum(-1)
        # a pitch beyond the bins says nothing
        counted = known & (~voiced | (total > 0.1))
        target = target / total.clamp_min(1e-6)[..., None]
        each = -(target * log_probs[..., 1:]).sum(-1) - ~voiced * log_probs[..., 0]
        return each[counted].mean()

    def decode(self, log_probs: Tensor) -> PitchEstimate:
        """Read pitch, spread and voicing off the distribution.

        Parameters
        ----------
        log_probs
            What :meth:`forward` gave, ``(batch, frame, 1 + bin)``.

        >>> output = PitchOutput(4, 2, 1, per_semitone=1, lowest=60)
        >>> probs = torch.tensor([[[0.2, 0.01, 0.4, 0.38, 0.01]]])
        >>> estimate = output.decode(probs.log())
        >>> round(float(estimate.midi), 3), round(float(estimate.voicing), 3)
        (61.488, 0.8)
        """
        probs = log_probs[..., 1:].exp()
        largest = probs.argmax(-1, keepdim=True)
        places = torch.arange(probs.shape[-1], device=probs.device)
        near = probs * ((places - largest).abs() <= NEAR)
        near = near / near.sum(-1, keepdim=True).clamp_min(1e-12)
        pitches = self.pitches.to(probs)
        midi = (near * pitches).sum(-1)
        spread = (near * (pitches - midi[..., None]).square()).sum(-1).sqrt()
        # the targets' own width is no doubt
        width = TARGET_CENTS**2 + (100 / self.per_semitone) ** 2 / 12
        spread = ((100 * spread).square() - width).clamp_min(1.0).sqrt()
        return PitchEstimate(midi, spread, -torch.expm1(log_probs[..., 0].clamp_max(-1e-7)))
