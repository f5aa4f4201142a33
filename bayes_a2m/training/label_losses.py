"""Losses for labels whose times are off: what a frame near a change of the labels counts as.

Plain cross-entropy takes every frame's label as it stands, though people place a change some tens
of milliseconds from where it sounds. Two losses allow for that, each a mean over real frames:

``soft``
    Cross-entropy with labels that are spread over time by a normal distribution: at a change the
    target goes over gradually from one class to the other. Its least value is reached at the
    spread labels, so probabilities at boundaries become those of a label that is off by so much.
``tolerant``
    The negative logarithm of the total probability of all classes that are labelled within some
    frames, a likelihood of partial labels (Cour, Sapp and Taskar 2011, "Learning from partial
    labels", Journal of Machine Learning Research 12, section 3): near a change either class is
    right, and nothing is asked of their shares. It is not a proper score there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bayes_a2m.networks.onsets import blurred


def soft_targets(labels: Tensor, lengths: Tensor, classes: int, width: float) -> Tensor:
    """Spread labels over time by a normal distribution, within each recording.

    Parameters
    ----------
    labels
        Class of every frame, shape ``(batch, frame)``.
    lengths
        Number of real frames of every item, shape ``(batch,)``; what lies past them is left out.
    classes
        Number of classes.
    width
        Standard deviation, frames.

    Returns
    -------
    Tensor, shape (batch, frame, class)
        Distributions over the classes; those past a recording's length mean nothing.

    >>> second = soft_targets(torch.tensor([[0, 0, 1, 1]]), torch.tensor([4]), 2, 0.5)[0, :, 1]
    >>> [round(value, 2) for value in second.tolist()]
    [0.0, 0.11, 0.89, 1.0]
    """
    marked = _marked(labels, lengths, classes)
    batch, frames, _ = marked.shape
    rows = marked.transpose(1, 2).reshape(batch * classes, frames)
    spread = blurred(rows, torch.tensor(width)).reshape(batch, classes, frames).transpose(1, 2)
    return spread / spread.sum(-1, keepdim=True).clamp_min(torch.finfo(spread.dtype).tiny)


def soft_loss(log_probs: Tensor, labels: Tensor, lengths: Tensor, width: float) -> Tensor:
    """Compute the cross-entropy with :func:`soft_targets`, the mean over real frames, in nats.

    Parameters
    ----------
    log_probs
        Log-probabilities, shape ``(batch, frame, class)``.
    labels, lengths, width
        The same as for :func:`soft_targets`.
    """
    real = _real(labels, lengths)
    targets = soft_targets(labels, lengths, log_probs.shape[-1], width).to(log_probs.dtype)
    return -(targets[real] * log_probs[real]).sum(-1).mean()


def tolerant_loss(log_probs: Tensor, labels: Tensor, lengths: Tensor, reach: int) -> Tensor:
    """Compute minus the logarithm of the probability of all classes labelled nearby, the mean.

    Parameters
    ----------
    log_probs
        Log-probabilities, shape ``(batch, frame, class)``.
    labels
        Class of every frame, shape ``(batch, frame)``.
    lengths
        Number of real frames of every item, shape ``(batch,)``.
    reach
        Frames before and after, within which a label counts.
    """
    marked = _marked(labels, lengths, log_probs.shape[-1]).transpose(1, 2)
    near = nn.functional.max_pool1d(marked, 2 * reach + 1, stride=1, padding=reach) > 0
    real = _real(labels, lengths)
    allowed = near.transpose(1, 2)[real]
    return -log_probs[real].masked_fill(~allowed, -torch.inf).logsumexp(-1).mean()


def _real(labels: Tensor, lengths: Tensor) -> Tensor:
    return torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]


def _marked(labels: Tensor, lengths: Tensor, classes: int) -> Tensor:
    """Ones at each real frame's class, ``(batch, frame, class)``."""
    real = _real(labels, lengths)
    known = labels.masked_fill(~real, 0)
    return nn.functional.one_hot(known, classes).float() * real[..., None]
