"""The sampler against posteriors known in closed form."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from bayes_a2m.training.sghmc import SGHMC, Cycle


def sampler(parameter: nn.Parameter, **changes: object) -> SGHMC:
    values = {
        "lr": 0.02,
        "momentum": 0.9,
        "observations": 50.0,
        "temperature": 1.0,
        "prior_precision": 0.0,
        "cycle": Cycle(10**9, explore=0.0),
        "seed": 0,
    }
    return SGHMC([parameter], **{**values, **changes})  # type: ignore[arg-type]


def regression() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows and targets of unit noise, and mean and covariance of the posterior of weights."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 2, generator=generator, dtype=torch.float64)
    y = x @ torch.tensor([1.0, -2.0], dtype=torch.float64)
    y = y + torch.randn(50, generator=generator, dtype=torch.float64)
    precision = x.T @ x + 3 * torch.eye(2)
    covariance = torch.linalg.inv(precision)
    return x, y, covariance @ x.T @ y, covariance


@pytest.mark.parametrize("momentum", [0.0, 0.9], ids=["langevin", "hamiltonian"])
def test_bayesian_linear_regression(momentum: float) -> None:
    x, y, mean, covariance = regression()
    weights = nn.Parameter(mean.clone())
    steps, lr = (24_000, 0.03) if momentum == 0 else (16_000, 0.02)
    move = sampler(weights, momentum=momentum, lr=lr, prior_precision=3.0)
    kept = []
    for step in range(steps):
        move.zero_grad()
        (0.5 * ((y - x @ weights) ** 2).mean()).backward()
        move.step()
        if step > 500:
            kept.append(weights.detach().clone())
    found = torch.stack(kept)
    deviation = covariance.diagonal().sqrt()
    assert ((found.mean(0) - mean).abs() < 0.2 * deviation).all()
    torch.testing.assert_close(torch.cov(found.T), covariance, rtol=0.2, atol=1e-3)


def test_the_wrong_number_of_observations_is_the_wrong_width() -> None:
    """What a tempering factor changes, by the amount it should."""
    spread = {}
    for observations in (50.0, 200.0):
        weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        move = sampler(weight, observations=observations)
        kept = []
        for _ in range(12_000):
            move.zero_grad()
            (0.5 * weight**2).sum().backward()
            move.step()
            kept.append(float(weight.detach()))
        spread[observations] = np.var(kept)
    assert spread[50.0] == pytest.approx(1 / 50, rel=0.2)
    assert spread[200.0] == pytest.approx(1 / 200, rel=0.2)


def test_without_noise_it_is_sgd_with_momentum() -> None:
    start = torch.tensor([1.0, -3.0])
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    cold = sampler(ours, temperature=0.0, prior_precision=5.0)
    sgd = torch.optim.SGD([theirs], lr=0.02, momentum=0.9, weight_decay=5.0 / 50)
    for _ in range(20):
        for parameter, optimizer in ((ours, cold), (theirs, sgd)):
            optimizer.zero_grad()
            (parameter**4).sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours, theirs)


def test_the_noise_of_a_step_comes_from_seed_and_number() -> None:
    def walk(seed: int, pause: bool) -> torch.Tensor:
        weight = nn.Parameter(torch.zeros(3))
        move = sampler(weight, seed=seed)
        for step in range(6):
            if pause and step == 3:  # as after a kill
                state = move.state_dict()
                weight = nn.Parameter(weight.detach().clone())
                move = sampler(weight, seed=seed)
                move.load_state_dict(state)
            weight.grad = torch.zeros(3)
            move.step()
        return weight.detach()

    assert torch.equal(walk(1, False), walk(1, True))
    assert not torch.equal(walk(1, False), walk(2, False))


def test_cycles_by_hand() -> None:
    cycle = Cycle(steps=10, explore=0.8, floor=0.05)
    assert cycle.scale(0) == cycle.scale(10) == 1
    assert cycle.scale(5) == pytest.approx(0.5)
    assert cycle.scale(9) == pytest.approx(max(0.05, 0.5 * (1 + math.cos(0.9 * math.pi))))
    assert [s for s in range(20) if cycle.sampling(s)] == [8, 9, 18, 19]


def test_no_noise_while_exploring() -> None:
    weight = nn.Parameter(torch.zeros(3))
    move = sampler(weight, cycle=Cycle(steps=4, explore=0.5))
    for step in range(4):
        weight.grad = torch.zeros(3)
        move.step()
        assert bool((weight != 0).any()) is (step >= 2)
