"""Onset output: where a note starts, beside what sounds.

One affine map of the features that the head reads gives every frame the log-odds that a note
starts in it, whatever its pitch. It is learned with the frames' classes; its targets are the
frames where the labels go over to a sounding class. What sounds in the first frame has no onset:
it may have started long before.

Labels are off by some frames, and there is one onset among a hundred frames, so a plain
cross-entropy would learn little. Three losses, each a mean over frames, allow for that:

``soft``
    Cross-entropy with targets that are spread by a normal distribution of ``width`` frames (as in
    Kong et al. 2021, "High-resolution piano transcription with pedals by regressing onset and
    offset times", https://arxiv.org/abs/2010.01815, but that every onset has a total of one): the
    output is the probability that the labelled onset is in the frame.
``blurred``
    The output p is where the note starts, and the label is off by a normal distribution, so the
    labelled onset has the probability ``q = p * N(width)``, a convolution; cross-entropy of q. Its
    width can be learned (``learn_width``), for this is a likelihood: that of soft targets would
    shrink any width to nothing.
``tolerant``
    At an onset the largest probability within ``reach`` frames counts, and up to ``ignored`` frames
    around it are no negatives (Foscarin, Schlüter and Widmer 2024, "Beat this!",
    https://arxiv.org/abs/2407.21658, section 3.3). The output is sharp; its level is no
    probability of a frame, which ``onset_power`` of the note model takes up.
"""

from __future__ import annotations

import math
from typing import Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError

REACH_OF_WIDTHS = 4
"""Widths of the normal distribution on either side that are counted."""

LARGEST_WIDTH = 12.0
"""Frames beyond which a learned width does not grow."""

LEAST = 1e-6
"""Probability of an onset in a frame that a loss never goes below."""


class OnsetOptions(Settings):
    """Settings of the onset output and of its part in the loss."""

    loss: Literal["soft", "blurred", "tolerant"] = "soft"
    weight: float = Field(1.0, gt=0, description="of the onsets' loss, the frames' being one")
    width: float = Field(2.5, gt=0, le=LARGEST_WIDTH, description="frames, of soft and blurred")
    learn_width: bool = Field(False, description="of blurred: learn it, from width on")
    reach: int = Field(3, ge=0, description="frames, of tolerant")
    ignored: int = Field(6, ge=0, description="frames, of tolerant; at least reach")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.learn_width and self.loss != "blurred":
            raise InputError("onsets.learn_width: only the width of onsets.loss=blurred is learned")
        if self.ignored < self.reach:
            raise InputError("onsets.ignored: must be at least onsets.reach")
        return self


def parse_onsets(given: Any) -> Any:
    """Read ``true`` as the default settings, and ``false`` as no onset output."""
    if given is True:
        return OnsetOptions()
    return None if given is False else given


class OnsetHead(nn.Module):
    """Map from trunk features ``(batch, frame, feature)`` to log-odds of an onset.

    Parameters
    ----------
    features
        Number of trunk features of a frame.
    options
        Settings of the loss; the defaults where left out.
    """

    def __init__(self, features: int, options: OnsetOptions | None = None) -> None:
        super().__init__()
        self.options = options or OnsetOptions()
        self.output = nn.Linear(features, 1)
        # one frame in a hundred has an onset: without this the first steps learn nothing else
        nn.init.constant_(self.output.bias, -4.6)
        self.log_width: nn.Parameter | None = None
        if self.options.learn_width:
            self.log_width = nn.Parameter(torch.tensor(math.log(self.options.width)))

    @property
    def width(self) -> Tensor:
        """Standard deviation of the labels' onsets, frames; a scalar."""
        if self.log_width is None:
            return torch.tensor(self.options.width)
        return self.log_width.exp().clamp(0.1, LARGEST_WIDTH)

    def forward(self, features: Tensor) -> Tensor:
        """Compute log-odds of an onset in every frame, ``(batch, frame)``."""
        odds: Tensor = self.output(features)[..., 0]
        return odds if odds.dtype == torch.float64 else odds.float()

    def loss(self, odds: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
        """Compute the loss of the settings, a mean over real frames, in nats.

        Parameters
        ----------
        odds
            What :meth:`forward` gave, ``(batch, frame)``.
        labels
            Class of every frame, ``(batch, frame)``.
        lengths
            Number of real frames of every item, ``(batch,)``.
        """
        real = torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]
        return self.loss_at(odds, onsets_of(labels, lengths), real)

    def loss_at(self, odds: Tensor, onsets: Tensor, real: Tensor) -> Tensor:
        """Compute the loss where the onsets are known by themselves, in nats.

        Labels of frames alone do not show where a note of the same pitch follows another.

        Parameters
        ----------
        odds
            What :meth:`forward` gave, ``(batch, frame)``.
        onsets
            Mask of the frames in which a note starts, ``(batch, frame)``.
        real
            Mask of the frames that count, ``(batch, frame)``.
        """
        onsets = (onsets & real).to(odds.dtype)
        if self.options.loss == "soft":
            target = blurred(onsets, self.width.to(odds)).clamp(max=1.0)
            each = nn.functional.binary_cross_entropy_with_logits(odds, target, reduction="none")
            return each[real].mean()
        if self.options.loss == "blurred":
            p = blurred(torch.sigmoid(odds) * real, self.width.to(odds)).clamp(LEAST, 1 - LEAST)
            each = -(onsets * p.log() + (1 - onsets) * torch.log1p(-p))
            return each[real].mean()
        nearest = _largest(odds.masked_fill(~real, -torch.inf), self.options.reach)
        negative = real & (_largest(onsets, self.options.ignored) == 0)
        found = nn.functional.softplus(-nearest[onsets.bool()]).sum()
        return (found + nn.functional.softplus(odds[negative]).sum()) / real.sum()


def onsets_of(labels: Tensor, lengths: Tensor) -> Tensor:
    """Mask of the frames in which a note starts, ``(batch, frame)``.

    Parameters
    ----------
    labels
        Class of every frame, ``(batch, frame)``.
    lengths
        Number of real frames, ``(batch,)``.

    >>> onsets_of(torch.tensor([[1, 1, 0, 2, 2, 1, 0, 1]]), torch.tensor([7])).nonzero()[:, 1]
    tensor([3, 5])
    """
    starts = torch.zeros_like(labels, dtype=torch.bool)
    starts[:, 1:] = (labels[:, 1:] != labels[:, :-1]) & (labels[:, 1:] > 0)
    return starts & (torch.arange(labels.shape[1], device=labels.device) < lengths[:, None])


def log_odds(log_probs: Tensor) -> Tensor:
    """Log-odds of log-probabilities below zero.

    >>> log_odds(torch.tensor([0.5, 0.9]).log()).round(decimals=3) + 0.0
    tensor([0.0000, 2.1970])
    """
    log_probs = log_probs.clamp_max(-1e-6)
    return log_probs - torch.log(-torch.expm1(log_probs))


def blurred(values: Tensor, width: Tensor) -> Tensor:
    """Convolve along frames with a normal distribution whose total is one.

    Parameters
    ----------
    values
        Shape ``(batch, frame)``.
    width
        Standard deviation in frames, a scalar.

    >>> blurred(torch.eye(5)[2:3], torch.tensor(0.5)).round(decimals=2)
    tensor([[0.0000, 0.1100, 0.7900, 0.1100, 0.0000]])
    """
    reach = max(1, math.ceil(REACH_OF_WIDTHS * float(width.detach())))
    places = torch.arange(-reach, reach + 1, device=values.device, dtype=values.dtype)
    kernel = torch.exp(-0.5 * (places / width).square())
    kernel = kernel / kernel.sum()
    return nn.functional.conv1d(values[:, None], kernel[None, None], padding=reach)[:, 0]


def _largest(values: Tensor, reach: int) -> Tensor:
    """Largest value within some frames of each, ``(batch, frame)``."""
    return nn.functional.max_pool1d(values[:, None], 2 * reach + 1, stride=1, padding=reach)[:, 0]
