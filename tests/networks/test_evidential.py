"""The evidential head: its loss against harmonic numbers, a beta distribution, and differences."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import integrate, stats
from torch import Tensor

from bayes_a2m.networks.evidential import Evidential
from bayes_a2m.networks.heads import make_head

LENGTHS = torch.tensor([1])


def head(divergence: float, classes: int) -> Evidential:
    """A head whose scores are the features themselves."""
    made = make_head({"name": "evidential", "divergence": divergence}, classes, classes).double()
    assert isinstance(made, Evidential)
    with torch.no_grad():
        made.output.weight.copy_(torch.eye(classes))
        made.output.bias.zero_()
    return made


def scores_of(*concentrations: float) -> Tensor:
    return torch.tensor([[[math.log(a - 1) for a in concentrations]]], dtype=torch.float64)


def whole_loss(made: Evidential, scores: Tensor, label: int) -> Tensor:
    labels = torch.tensor([[label]])
    extra = made.extra_loss(scores, labels, LENGTHS)
    return made.loss(made(scores, LENGTHS), labels, LENGTHS) + extra


def test_the_predictive_is_the_mean_of_the_dirichlet() -> None:
    probs = head(0.0, 3)(scores_of(2, 3, 5), LENGTHS).exp()[0, 0]
    assert probs.tolist() == pytest.approx([0.2, 0.3, 0.5])


def test_the_expected_cross_entropy_is_a_difference_of_harmonic_numbers() -> None:
    """psi(10) - psi(3) is the sum of 1/3 to 1/9."""
    found = float(whole_loss(head(0.0, 3), scores_of(2, 3, 5), 1).detach())
    assert found == pytest.approx(sum(1 / n for n in range(3, 10)))
    assert found > -math.log(0.3)


def test_the_divergence_is_that_of_the_evidence_for_wrong_classes() -> None:
    """Of two classes the Dirichlet is a beta distribution, here Beta(1, 4) against a flat one."""
    scores = scores_of(7.0, 4.0)
    with_it, without = (float(whole_loss(head(c, 2), scores, 0).detach()) for c in (0.5, 0.0))
    density = stats.beta(1, 4).pdf
    divergence, _ = integrate.quad(lambda x: density(x) * math.log(density(x)), 0, 1 - 1e-9)
    assert with_it - without == pytest.approx(0.5 * divergence, rel=1e-4)


def test_gradients_are_those_of_differences() -> None:
    made = head(0.3, 3)
    labels, lengths = torch.tensor([[0, 2, 1], [1, -1, -1]]), torch.tensor([3, 1])
    features = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    assert torch.autograd.gradcheck(
        lambda x: made.extra_loss(x, labels, lengths), features.requires_grad_()
    )


def test_great_scores_stay_finite() -> None:
    loss = whole_loss(head(0.1, 3), torch.tensor([[[500.0, -500.0, 0.0]]]).double(), 1)
    assert torch.isfinite(loss)
