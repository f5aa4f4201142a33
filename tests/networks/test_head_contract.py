"""What every head must do; whatever the registry's table holds is tested."""

from __future__ import annotations

import pytest
import torch

from bayes_a2m import registry
from bayes_a2m.networks.heads import Head, make_head

pytestmark = pytest.mark.parametrize("name", list(registry.SHIPPED["heads"]))

CLASSES = 4


def made(name: str) -> Head:
    """A head of few features; of one that has no weights, as many as classes."""
    return make_head(name, CLASSES, CLASSES)


def features(frames: int = 6) -> torch.Tensor:
    """Features ``(2, frame, feature)``."""
    return torch.randn(2, frames, CLASSES, generator=torch.Generator().manual_seed(0))


def test_every_frame_has_a_distribution_over_the_classes(name: str) -> None:
    log_probs = made(name)(features(), torch.tensor([6, 6]))
    assert log_probs.shape == (2, 6, CLASSES)
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(2, 6))


def test_a_frame_is_judged_by_its_own_features(name: str) -> None:
    head, x = made(name), features()
    alone = torch.cat([head(x[:, i : i + 1], torch.tensor([1, 1])) for i in range(6)], dim=1)
    torch.testing.assert_close(head(x, torch.tensor([6, 6])), alone)


def test_double_precision_stays(name: str) -> None:
    assert made(name).double()(features().double(), torch.tensor([6, 6])).dtype == torch.float64


def test_the_loss_is_the_mean_negative_log_likelihood_of_real_frames(name: str) -> None:
    head, lengths = made(name), torch.tensor([6, 3])
    labels = torch.tensor([[0, 1, 2, 3, 0, 1], [3, 2, 1, -1, -1, -1]])
    log_probs = head(features(), lengths)
    likelihoods = [log_probs[i, t, labels[i, t]] for i in range(2) for t in range(lengths[i])]
    torch.testing.assert_close(
        head.loss(log_probs, labels, lengths), -torch.stack(likelihoods).mean()
    )
