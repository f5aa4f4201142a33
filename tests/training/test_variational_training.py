import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyro
import pytest
import torch
from pyro import distributions
from pyro.infer import TraceMeanField_ELBO
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.perturbation import WeightGroup
from bayes_a2m.posteriors.variational import Variational
from bayes_a2m.training import variational
from bayes_a2m.training.data import Batch
from bayes_a2m.training.variational import Guide, VariationalTraining

BINS, FRAMES = 84, 2000


@pytest.fixture(autouse=True)
def _no_traces() -> Iterator[None]:
    """Nothing of Pyro's, and no random state, is left changed."""
    before = dict(pyro.settings.get())
    state = torch.get_rng_state()
    yield
    assert pyro.settings.get() == before
    assert not list(pyro.get_param_store().keys())
    assert torch.equal(torch.get_rng_state(), state)


def small() -> CRNN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return CRNN(BINS, channels=(2, 2, 2), projection=4, hidden=3, features=4)


def training(**options: Any) -> VariationalTraining:
    return VariationalTraining(
        small(),
        Normalizer(0.0, 1.0),
        TrainingSettings(),
        floor_db=-70.0,
        seed=0,
        frames=FRAMES,
        variational=Variational.Options(**options),
    )


def batch() -> Batch:
    generator = torch.Generator().manual_seed(3)
    lengths = torch.tensor([40, 40, 28])
    features = torch.randn((3, 40, BINS), generator=generator)
    return Batch(features, torch.randint(4, (3, 40), generator=generator), lengths)


def loss_of(module: VariationalTraining) -> float:
    module.eval()  # batch normalisation by its statistics, as where it is frozen
    return float(module.objective(batch(), torch.Generator().manual_seed(0)).detach())


def divergence(module: VariationalTraining) -> float:
    """KL to the prior, from the textbook formulas."""
    means = dict(module.network.named_parameters())
    total = 0.0
    for group in module.groups:
        mean = group.joined(means).detach().double()
        scale = module.guide.scale(group).detach().double()
        prior = getattr(module, module._priors[group.name]).double()
        if not group.joint:
            ratio = (scale / prior).square()
            total += float((ratio + (mean / prior).square() - 1 - ratio.log()).sum() / 2)
            continue
        factor = module.guide.factor(group).detach().double()
        if module.guide.kind == "low_rank":
            inner = torch.eye(group.size).double() + factor @ factor.T
        else:
            inner = factor @ factor.T
        guide = MultivariateNormal(mean, scale[:, None] * inner * scale)
        total += float(
            kl_divergence(guide, MultivariateNormal(mean * 0, torch.diag(prior.square())))
        )
    return total


@pytest.mark.parametrize("estimator", ["plain", "flipout", "local"])
@pytest.mark.parametrize("last_layers", ["mean_field", "low_rank", "full"])
def test_the_loss_is_nll_plus_the_kl_by_hand(estimator: str, last_layers: str) -> None:
    options = {"initial": "absolute", "initial_scale": 1e-7, "warmup": 0, "tempering": 0.25}
    module = training(estimator=estimator, last_layers=last_layers, **options)
    features, labels, lengths, _ = batch()
    module.eval()
    with torch.no_grad():
        nll = float(module.network.head.loss(module.network(features, lengths), labels, lengths))
        # a factor that is no longer where it starts
        for group in module.groups:
            if group.joint and last_layers == "full":
                module.guide.factor(group)  # reachable
                name = f"factor_{group.name}_unconstrained"
                free = getattr(module.guide, name)
                free.add_(0.1 * torch.randn(free.shape, generator=torch.Generator().manual_seed(1)))
    expected = nll + divergence(module) / (0.25 * FRAMES)
    assert loss_of(module) == pytest.approx(expected, rel=2e-5)


def test_prior_scales_follow_the_fan_in_where_asked() -> None:
    for prior, expected in (("fan_in", 2.0 / math.sqrt(2 * 15)), ("plain", 2.0)):
        module = training(prior=prior, prior_scale=2.0)
        name = module._priors["blocks.1.convolution.weight"]
        assert getattr(module, name)[0].item() == pytest.approx(expected)


def test_warm_up_counts_the_kl_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    module = training(warmup=3)
    values = []
    for epoch in range(5):
        monkeypatch.setattr(VariationalTraining, "current_epoch", epoch)
        values.append(module.beta)
    assert values == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert training(warmup=0).beta == 1.0


def test_tempering_and_warm_up_scale_the_kl_and_nothing_else() -> None:
    # with the same draw the likelihood's part is the same, so differences are the KL's
    whole, half, early = (
        loss_of(training(tempering=t, warmup=w)) for t, w in ((1.0, 0), (0.5, 0), (1.0, 1))
    )
    kl = divergence(training()) / FRAMES
    assert half - whole == pytest.approx(kl, rel=1e-4)
    assert whole - early == pytest.approx(kl / 2, rel=1e-4)


@pytest.mark.parametrize("estimator", ["plain", "flipout", "local"])
def test_every_mean_scale_and_point_learns(estimator: str) -> None:
    module = training(estimator=estimator, tempering=1e6, initial_scale=0.5)
    module.objective(batch(), torch.Generator().manual_seed(0)).backward()
    for name, parameter in (*module.network.named_parameters(), *module.guide.named_parameters()):
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_estimators_agree_on_the_expected_loss() -> None:
    """Flipout gives every example a draw from the same guide."""
    means = {}
    for estimator in ("plain", "flipout"):
        module = training(estimator=estimator, initial_scale=0.3, last_layers="mean_field")
        module.eval()
        generator = torch.Generator().manual_seed(0)
        values = [float(module.objective(batch(), generator).detach()) for _ in range(60)]
        means[estimator] = np.mean(values), np.std(values) / math.sqrt(len(values))
    (plain, spread), (flipped, other) = means["plain"], means["flipout"]
    assert abs(plain - flipped) < 5 * math.hypot(spread, other)
    assert other < spread


@pytest.mark.parametrize("frozen", [True, False])
def test_statistics_of_batch_normalisation_stay_where_asked(frozen: bool) -> None:
    module = training(frozen_statistics=frozen)
    before = module.network.blocks[0].normalization.running_mean.clone()
    module.train()
    module.on_train_epoch_start()
    module.objective(batch(), torch.Generator().manual_seed(0))
    assert torch.equal(before, module.network.blocks[0].normalization.running_mean) == frozen


def test_a_loss_that_is_not_finite_names_the_batch() -> None:
    module = training()
    with torch.no_grad():
        module.network.projection.weight[0, 0] = float("nan")
    with pytest.raises(InputError, match=r"loss is nan in epoch 0, batch 3"):
        module.training_step(batch(), 3)


# ---- a conjugate case: linear regression with known noise ----

NOISE, STEPS, RATE = 0.5, 600, 0.1


def regression() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs, targets, and the exact posterior's mean and precision under a unit prior."""
    generator = torch.Generator().manual_seed(5)
    x = torch.randn((40, 3), generator=generator)
    x[:, 1] += 0.9 * x[:, 0]
    y = x @ torch.tensor([1.0, -0.5, 0.3]) + NOISE * torch.randn(40, generator=generator)
    precision = x.T @ x / NOISE**2 + torch.eye(3)
    return x, y, torch.linalg.solve(precision, x.T @ y / NOISE**2), precision


def fitted(kind: str) -> tuple[Tensor, Tensor]:
    """Mean and covariance of a guide that Pyro fits to the regression."""
    x, y, _, _ = regression()
    group = WeightGroup("w", {"w": torch.Size([3])}, joint=kind != "mean_field")
    mean = torch.nn.Parameter(torch.zeros(3))

    def model(means: dict[str, Tensor], beta: float) -> None:
        w = pyro.sample("w", variational.prior(group, torch.ones(3)))
        pyro.sample("y", distributions.Normal(w @ x.T, NOISE).to_event(1), obs=y)

    with variational.settings(), torch.random.fork_rng():
        torch.manual_seed(0)
        generator = torch.Generator().manual_seed(0)
        guide = Guide([group], {"w": torch.full((3,), 0.3)}, kind, 3, generator)
        optimizer = torch.optim.Adam([mean, *guide.parameters()], lr=RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        bound = TraceMeanField_ELBO(num_particles=32, vectorize_particles=True, max_plate_nesting=0)
        for _ in range(STEPS):
            optimizer.zero_grad()
            bound.differentiable_loss(model, guide, {"w": mean}, 1.0).backward()
            optimizer.step()
            schedule.step()
        distribution = guide.distribution(group, mean)
        scale = guide.scale(group).detach()
        covariance = distribution.covariance_matrix if group.joint else torch.diag(scale.square())
    return mean.detach(), covariance.detach()


@pytest.mark.parametrize("kind", ["mean_field", "low_rank", "full"])
def test_the_guide_reaches_the_exact_posterior(kind: str) -> None:
    _, _, mean, precision = regression()
    exact = torch.linalg.inv(precision)
    found, covariance = fitted(kind)
    deviation = exact.diagonal().sqrt()
    assert ((found - mean).abs() < 0.15 * deviation).all()
    if kind == "mean_field":
        # the best independent normals have the precision's diagonal, and are too narrow
        exact = torch.diag(1 / precision.diagonal())
    scaled = (covariance - exact) / torch.outer(deviation, deviation)
    assert scaled.abs().max() < 0.12
