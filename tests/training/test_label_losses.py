"""Losses for labels whose times are off, against sums by hand; their gradients, by differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import TrainingSettings, load_experiment
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.posteriors.fingerprint import settings_that_count
from bayes_a2m.training.data import Batch
from bayes_a2m.training.label_losses import soft_loss, soft_targets, tolerant_loss
from bayes_a2m.training.module import NetworkTraining

LABELS = torch.tensor([[0, 0, 1, 1, 1, 2, 0, 0], [2, 2, 0, 0, -1, -1, -1, -1]])
LENGTHS = torch.tensor([8, 4])
CLASSES = 3


def log_probs() -> Tensor:
    scores = torch.randn(2, 8, CLASSES, generator=torch.Generator().manual_seed(0))
    return scores.double().log_softmax(-1)


@pytest.mark.parametrize("width", [0.4, 1.5])
def test_soft_targets_are_a_normal_distribution_over_the_labels(width: float) -> None:
    found = soft_targets(LABELS, LENGTHS, CLASSES, width)
    for item, length in enumerate(LENGTHS.tolist()):
        for t in range(length):
            weight = np.exp(-0.5 * ((np.arange(length) - t) / width) ** 2)
            weight[np.abs(np.arange(length) - t) > max(1, math.ceil(4 * width))] = 0
            by_hand = np.bincount(LABELS[item, :length], weight, CLASSES) / weight.sum()
            np.testing.assert_allclose(found[item, t], by_hand, atol=1e-3)


def test_the_soft_loss_is_least_at_the_soft_targets() -> None:
    targets = soft_targets(LABELS, LENGTHS, CLASSES, 1.5).double()
    real = torch.arange(8) < LENGTHS[:, None]
    entropy = float(torch.special.entr(targets[real]).sum() / 12)
    at_targets = targets.clamp_min(1e-12).log()
    assert float(soft_loss(at_targets, LABELS, LENGTHS, 1.5)) == pytest.approx(entropy, abs=1e-6)
    other = float(soft_loss(log_probs(), LABELS, LENGTHS, 1.5))
    divergence = (targets * (at_targets - log_probs()))[real].sum() / 12
    assert other == pytest.approx(entropy + float(divergence), rel=1e-6)


def test_the_tolerant_loss_adds_the_classes_labelled_nearby() -> None:
    given = log_probs()
    total = 0.0
    for item, length in enumerate(LENGTHS.tolist()):
        for t in range(length):
            near = set(LABELS[item, max(0, t - 1) : min(length, t + 2)].tolist())
            total -= math.log(sum(math.exp(given[item, t, k]) for k in near))
    assert float(tolerant_loss(given, LABELS, LENGTHS, 1)) == pytest.approx(total / 12)


def test_far_from_a_change_all_are_plain_cross_entropy() -> None:
    labels = torch.ones(1, 6, dtype=torch.long)
    given, lengths = log_probs()[:1, :6], torch.tensor([6])
    plain = -float(given[0, :, 1].mean())
    assert float(soft_loss(given, labels, lengths, 2.0)) == pytest.approx(plain)
    assert float(tolerant_loss(given, labels, lengths, 2)) == pytest.approx(plain)


def test_gradients_are_those_of_differences() -> None:
    scores = log_probs().requires_grad_()
    for loss in (
        lambda x: soft_loss(x.log_softmax(-1), LABELS, LENGTHS, 1.5),
        lambda x: tolerant_loss(x.log_softmax(-1), LABELS, LENGTHS, 2),
    ):
        assert torch.autograd.gradcheck(loss, scores)


def test_it_has_a_loss_of_its_own() -> None:
    with pytest.raises(ValidationError, match="leave focal at 0"):
        TrainingSettings.model_validate({"labels": {"loss": "soft"}, "focal": 1.0})


def test_without_it_a_cell_keeps_its_fingerprint() -> None:
    plain = settings_that_count(load_experiment("crnn"))
    assert "labels" not in plain["training"]
    soft = settings_that_count(load_experiment("crnn", ["training.labels.loss=soft"]))
    assert soft["training"]["labels"]["loss"] == "soft"


@pytest.mark.parametrize("loss", ["soft", "tolerant"])
def test_the_settings_reach_the_training(loss: str) -> None:
    network = CRNN(12, channels=(2, 2, 2), projection=4, hidden=3, features=4)
    module = NetworkTraining(
        network.fresh(bins=12, classes=CLASSES, seed=0),
        Normalizer(0.0, 1.0),
        TrainingSettings.model_validate({"labels": {"loss": loss, "width": 1.5, "reach": 2}}),
        floor_db=-90,
        seed=0,
        frames=12,
    ).eval()
    batch = Batch(torch.randn(2, 8, 12), LABELS, LENGTHS)
    found = module.objective(batch, torch.Generator().manual_seed(0))
    answer = module.network(batch.features, LENGTHS)
    expected = {
        "soft": soft_loss(answer, LABELS, LENGTHS, 1.5),
        "tolerant": tolerant_loss(answer, LABELS, LENGTHS, 2),
    }[loss]
    torch.testing.assert_close(found, expected)
