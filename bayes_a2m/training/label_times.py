"""Label times as latent variables: every recording's labels lag by some frames, and scatter.

People place labels some tens of milliseconds off, and those of one recording together. With p_t the
network's distribution over the classes at frame t, the label of frame t in a recording r of
condition c is a draw from what sounds at another frame,

    y_t ~ q_{t - l},    q_u = sum_s g_c(s) p_{u - s},    l ~ pi_c,

where the lag l is shared by all frames of the recording, and g_c is a scatter of each label by
itself. Both are normal distributions on whole frames: pi_c with a mean and a standard deviation,
g_c with a standard deviation, all learned for every condition. The loss integrates the lag,

    -log sum_l pi_c(l) prod_t q_{t - l}(y_t),

which is one logarithm of a sum of a few dozen terms a recording. Frames before the first and after
the last count as those.

A lag that all recordings share is the network's to learn, so the means are kept around zero; and a
network that hears the condition may learn a part of a condition's mean. What is predicted is a
label's distribution: p with the lag and the scatter integrated, over the conditions as they occur
in training, for the condition of a new recording need not be known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bayes_a2m.training.data import Batch
from bayes_a2m.training.module import NetworkTraining

LAG_REACH = 24
"""Frames within which a recording's lag lies, both ways: 144 ms at the usual hop."""

SCATTER_REACH = 12
"""Frames within which a label's own scatter lies, both ways."""

START = 3.0
"""Standard deviations of lag and scatter that learning starts from, frames."""

UNIT = 10.0
"""Frames of a unit of the parameter of a mean lag, so that all parameters move alike."""

NARROWEST = 0.2
"""Smallest standard deviation, frames: all on one frame."""


class Times(NamedTuple):
    """Label times of one condition, in frames.

    Attributes
    ----------
    lag
        Mean lag of its recordings; above zero, labels come late.
    lag_spread
        Standard deviation of its recordings' lags.
    scatter
        Standard deviation of a label's own time.
    """

    lag: float
    lag_spread: float
    scatter: float


class LabelTimes(nn.Module):
    """Lag and scatter of label times in every condition.

    Parameters
    ----------
    counts
        Number of training recordings of every condition, by name.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        super().__init__()
        self.names: tuple[str, ...] = tuple(counts)
        share = torch.tensor([float(count) for count in counts.values()])
        self.share: Tensor
        self.register_buffer("share", share / share.sum())
        self.lag = nn.Parameter(torch.zeros(len(counts)))
        self.lag_spread = nn.Parameter(torch.full((len(counts),), math.log(START)))
        self.scatter = nn.Parameter(torch.full((len(counts),), math.log(START)))

    def times(self) -> dict[str, Times]:
        """Return what was learned, by the name of the condition."""
        means = self._means().tolist()
        spreads, scatters = self.lag_spread.exp().tolist(), self.scatter.exp().tolist()
        each = zip(means, spreads, scatters, strict=True)
        return {name: Times(*values) for name, values in zip(self.names, each, strict=True)}

    def loss(
        self, log_probs: Tensor, labels: Tensor, lengths: Tensor, conditions: Sequence[str]
    ) -> Tensor:
        """Compute the negative log-likelihood of the labels, a mean over real frames, in nats.

        Parameters
        ----------
        log_probs
            Log-probabilities of what sounds, shape ``(batch, frame, class)``.
        labels
            Labels, shape ``(batch, frame)``.
        lengths
            Number of real frames of every item, shape ``(batch,)``.
        conditions
            Name of every item's condition.
        """
        places = torch.tensor([self.names.index(c) for c in conditions], device=labels.device)
        scatter = self._scatters()[places]
        observed = mixed(log_probs.exp(), lengths, scatter, SCATTER_REACH)
        observed = observed.clamp_min(torch.finfo(observed.dtype).tiny).log()
        frames = labels.shape[1]
        time = torch.arange(frames, device=labels.device)
        real = time < lengths[:, None]
        known = labels.masked_fill(~real, 0)
        items = torch.arange(len(labels), device=labels.device)[:, None]
        last = lengths[:, None] - 1
        sums = []
        for lag in range(-LAG_REACH, LAG_REACH + 1):
            source = torch.minimum((time - lag).clamp_min(0)[None], last)
            sums.append((observed[items, source, known] * real).sum(1))
        likelihood = torch.logsumexp(self._log_lags()[places] + torch.stack(sums, dim=1), dim=1)
        return -likelihood.sum() / lengths.sum()

    def predicted(self, log_probs: Tensor, lengths: Tensor) -> Tensor:
        """Compute the distribution of labels, lag and scatter integrated.

        Parameters
        ----------
        log_probs
            Log-probabilities of what sounds, shape ``(batch, frame, class)``.
        lengths
            Number of real frames of every item, shape ``(batch,)``.

        Returns
        -------
        Tensor, shape (batch, frame, class)
            Log-probabilities.
        """
        kernel = self.kernel().to(log_probs).expand(len(log_probs), -1)
        probs = mixed(log_probs.exp(), lengths, kernel, LAG_REACH + SCATTER_REACH)
        return probs.clamp_min(torch.finfo(probs.dtype).tiny).log()

    def kernel(self) -> Tensor:
        """Distribution of how many frames a label is late, over all conditions.

        Returns
        -------
        Tensor, shape (2 * (LAG_REACH + SCATTER_REACH) + 1,)
        """
        lags, scatters = self._log_lags().exp(), self._scatters()
        padded = nn.functional.pad(lags, (2 * SCATTER_REACH, 2 * SCATTER_REACH))
        # the convolution of two symmetric ranges; a scatter is its own mirror image
        each = nn.functional.conv1d(padded[None], scatters[:, None], groups=len(self.names))[0]
        total: Tensor = self.share @ each
        return total

    def _means(self) -> Tensor:
        # a lag that all share is the network's
        return UNIT * (self.lag - self.lag.mean())

    def _log_lags(self) -> Tensor:
        """Logarithms of the distributions of the lags, ``(condition, lag)``."""
        return _log_normal(self._means(), self.lag_spread, LAG_REACH)

    def _scatters(self) -> Tensor:
        """Distributions of the scatter, ``(condition, frame)``."""
        return _log_normal(torch.zeros_like(self.scatter), self.scatter, SCATTER_REACH).exp()


def mixed(probs: Tensor, lengths: Tensor, kernel: Tensor, reach: int) -> Tensor:
    """Mix each frame's distribution with those before and after it, by a kernel an item.

    Parameters
    ----------
    probs
        Probabilities, shape ``(batch, frame, class)``.
    lengths
        Number of real frames of every item, shape ``(batch,)``.
    kernel
        Weights of the frames ``-reach`` to ``reach`` earlier, shape ``(batch, 2 * reach + 1)``.
    reach
        Frames both ways; beyond a recording's ends, those count.
    """
    frames = probs.shape[1]
    time = torch.arange(frames, device=probs.device)
    items = torch.arange(len(probs), device=probs.device)[:, None]
    last = lengths[:, None] - 1
    total = torch.zeros_like(probs)
    for place, shift in enumerate(range(-reach, reach + 1)):
        source = torch.minimum((time - shift).clamp_min(0)[None], last)
        total = total + kernel[:, place, None, None] * probs[items, source]
    return total


def _log_normal(mean: Tensor, log_width: Tensor, reach: int) -> Tensor:
    """Logarithms of normal distributions on the frames ``-reach`` to ``reach``, one a row."""
    # logarithms, for that of a weight that underflows would be infinite, and have no gradient
    places = torch.arange(-reach, reach + 1, device=mean.device)
    width = log_width.exp().clamp_min(NARROWEST)[:, None]
    return torch.log_softmax(-0.5 * ((places - mean[:, None]) / width).square(), dim=1)


class LabelTimesTraining(NetworkTraining):
    """Training of a network together with the times of its labels."""

    def __init__(self, *args: Any, label_times: LabelTimes, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.label_times = label_times

    def class_loss(self, log_probs: Tensor, batch: Batch) -> Tensor:
        """Compute the negative log-likelihood of the labels, their times integrated."""
        return self.label_times.loss(log_probs, batch.labels, batch.lengths, batch.conditions)

    def answer(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute the log-probabilities of labels, which epochs are compared by."""
        return self.label_times.predicted(super().answer(features, lengths), lengths)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the network's parameters, and those of the times, which do not decay."""
        times = list(self.label_times.parameters())
        return [*super().parameter_groups(), {"params": times, "weight_decay": 0.0}]
