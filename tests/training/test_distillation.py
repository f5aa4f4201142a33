"""Distillation: the loss by hand, teachers that stay as they are, and a student that follows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import AugmentSettings, TrainingSettings
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.training.data import Batch
from bayes_a2m.training.distillation import Teachers, cross_entropy
from bayes_a2m.training.module import NetworkTraining

BINS, CLASSES = 12, 3
LENGTHS = torch.tensor([9, 5])


def network(seed: int) -> CRNN:
    small = CRNN(BINS, channels=(2, 2, 2), projection=4, hidden=3, features=4)
    return small.fresh(bins=BINS, classes=CLASSES, seed=seed)


def features() -> Tensor:
    return torch.randn(2, 9, BINS, generator=torch.Generator().manual_seed(0))


def module(teachers: Teachers | None) -> NetworkTraining:
    plain = AugmentSettings(roll=False, shift_bins=0, gain_db=0, noise_db=0, mask_bins=0)
    return NetworkTraining(
        network(0),
        Normalizer(0.0, 1.0),
        TrainingSettings(augment=plain),
        floor_db=-90,
        seed=0,
        frames=14,
        teachers=teachers,
    ).eval()


def test_the_teachers_opinion_is_the_mean_of_their_probabilities() -> None:
    teachers = [network(1).eval(), network(2).eval()]
    pooled = Teachers(teachers, 0.5).pooled(features(), LENGTHS).exp()
    by_hand = (teachers[0](features(), LENGTHS).exp() + teachers[1](features(), LENGTHS).exp()) / 2
    torch.testing.assert_close(pooled, by_hand)
    assert not pooled.requires_grad


@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_the_loss_is_shared_between_labels_and_teachers(weight: float) -> None:
    labels = torch.randint(0, CLASSES, (2, 9), generator=torch.Generator().manual_seed(1))
    generator = torch.Generator().manual_seed(2)
    teachers = Teachers([network(1).eval()], weight)
    plain = module(None).objective(Batch(features(), labels, LENGTHS), generator)
    shared = module(teachers).objective(Batch(features(), labels, LENGTHS), generator)
    student = module(None).network(features(), LENGTHS).detach()
    total = sum(
        -float((teachers.pooled(features(), LENGTHS)[i, t].exp() * student[i, t]).sum())
        for i, length in enumerate(LENGTHS.tolist())
        for t in range(length)
    )
    expected = (1 - weight) * float(plain.detach()) + weight * total / 14
    assert float(shared.detach()) == pytest.approx(expected, rel=1e-5)


def test_it_is_least_at_the_teachers_own_distribution() -> None:
    taught = torch.randn(2, 9, CLASSES, generator=torch.Generator().manual_seed(3)).double()
    taught = taught.log_softmax(-1)
    scores = taught.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        cross_entropy(scores.log_softmax(-1), taught, LENGTHS), scores
    )
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-12)
    other = (taught + 0.3 * torch.randn(taught.shape).double()).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: cross_entropy(x.log_softmax(-1), taught, LENGTHS), other
    )


def test_teachers_are_no_part_of_what_is_trained() -> None:
    training = module(Teachers([network(1)], 0.5))
    training.on_fit_start()
    own = {id(p) for p in training.parameters()}
    assert training.teachers is not None
    assert not own & {id(p) for t in training.teachers.networks for p in t.parameters()}
    assert all(name.startswith("network.") for name in training.state_dict())
