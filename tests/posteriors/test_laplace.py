"""Laplace's approximation against Hessians, integrals and closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import integrate

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.networks.equivariant import SlidingHead
from bayes_a2m.networks.heads import OneStage
from bayes_a2m.posteriors.laplace import Gaussian, Laplace, approximate, fisher
from bayes_a2m.posteriors.last_layer import LastLayer, unflatten
from bayes_a2m.posteriors.point import Point
from tests import tiny
from tests.posteriors.contract import PosteriorContract


def layer(rows: int = 60, size: int = 3, classes: int = 4, row_weight: float = 1.0) -> LastLayer:
    """A head with weights of chance, and rows whose labels it explains."""
    generator = torch.Generator().manual_seed(0)
    head = OneStage(size, classes)
    for parameter in head.parameters():
        parameter.data.normal_(0, 1, generator=generator)
    features = torch.randn(rows, size, generator=generator, dtype=torch.float64)
    blank = LastLayer(head, features, torch.zeros(rows, dtype=torch.long))
    probs = blank.log_probs(blank.weights).exp().detach()
    labels = torch.multinomial(probs, 1, generator=generator)[:, 0]
    return LastLayer(head, features, labels, row_weight)


@pytest.fixture(scope="module")
def model(tiny_data: Dataset, tiny_point: Point) -> Laplace:
    plan = load_experiment("laplace", tiny.SMALL)
    parts = tiny_data.split("train").with_tuning_part(0.2)
    return Laplace.of_experiment(plan).fit(*parts, start=tiny_point)


class TestLaplace(PosteriorContract):
    covers = "laplace"

    def test_its_own_time_counts(self, model: Laplace, tiny_point: Point) -> None:
        assert model.record.seconds > tiny_point.record.seconds
        assert model.record.log == tiny_point.record.log

    def test_only_the_head_differs_between_draws(self, model: Laplace) -> None:
        names = set(model.draw_weights(0, 0))
        assert names == {"head.output.weight", "head.output.bias"}
        assert model.network.first_layer_with(names) == len(model.network.layers) - 1

    def test_draws_have_the_gaussians_mean_and_covariance(self, model: Laplace) -> None:
        gaussian = model.approximation
        draws = torch.stack(
            [
                torch.cat([t.flatten() for t in model.draw_weights(0, d).values()])
                for d in range(3000)
            ]
        ).double()
        covariance = gaussian.factor @ gaussian.factor.T
        error = torch.sqrt(covariance.diagonal() / 3000)
        assert ((draws.mean(0) - gaussian.mean).abs() < 5 * error).all()
        torch.testing.assert_close(draws.var(0), covariance.diagonal(), rtol=0.15, atol=0)


def test_a_network_of_other_pitches_is_no_start(tiny_data: Dataset, tiny_point: Point) -> None:
    other = replace(tiny_data, vocabulary=Vocabulary((60, 62, 64)))
    parts = other.split("train").with_tuning_part(0.2)
    with pytest.raises(InputError, match=r"C4, E4, G4, .* has C4, D4, E4"):
        Laplace.of_experiment(load_experiment("laplace", tiny.SMALL)).fit(*parts, start=tiny_point)


def test_the_fisher_information_is_minus_the_hessian() -> None:
    last = layer(row_weight=0.3)
    hessian = torch.func.hessian(last.log_likelihood)(last.weights)
    torch.testing.assert_close(fisher(last, last.weights), -hessian.detach(), rtol=1e-6, atol=1e-8)


def test_a_head_that_slides_over_pitch_has_a_dense_covariance() -> None:
    """One filter for all pitches: its information adds up over them, exactly."""
    generator = torch.Generator().manual_seed(0)
    head = SlidingHead(9, 3, 2, (4, 5, 7))
    for parameter in head.parameters():
        parameter.data.normal_(0, 1, generator=generator)
    features = torch.randn(50, 9 * 3 + 2, generator=generator, dtype=torch.float64)
    labels = torch.randint(4, (50,), generator=generator)
    last = LastLayer(head, features, labels, 0.4)
    hessian = torch.func.hessian(last.log_likelihood)(last.weights).detach()
    gaussian = approximate(last, prior_precision=2.0)
    # scores are affine in the weights: rows of S are those of silence and of three pitches
    maps = features[:, :27].reshape(50, 9, 3)
    scores = torch.zeros(50, 4, 6, dtype=torch.float64)  # filter of 3, silence of 2, its bias
    scores[:, 1:, :3] = maps[:, [4, 5, 7]]
    scores[:, 0, 3:5], scores[:, 0, 5] = features[:, 27:], 1.0
    p = last.log_probs(last.weights).exp().detach()
    middle = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    exact = 0.4 * torch.einsum("nki,nkl,nlj->ij", scores, middle, scores)
    torch.testing.assert_close(exact, -hessian, rtol=1e-5, atol=1e-7)
    expected = torch.linalg.inv(exact + 2 * torch.eye(6, dtype=torch.float64))
    torch.testing.assert_close(gaussian.factor @ gaussian.factor.T, expected)
    with pytest.raises(InputError, match=r"covariance=full"):
        approximate(last, covariance="kronecker")


def test_the_covariance_is_the_inverse_of_fisher_and_prior() -> None:
    last = layer(row_weight=0.5)
    gaussian = approximate(last, prior_precision=2.0)
    precision = fisher(last, last.weights) + 2 * torch.eye(len(last.weights))
    expected = torch.linalg.inv(precision)
    torch.testing.assert_close(gaussian.factor @ gaussian.factor.T, expected.double())


def test_half_the_weight_of_rows_is_twice_the_width() -> None:
    # where the prior says next to nothing and the rows see every direction but one
    whole = approximate(layer(500, row_weight=1.0), prior_precision=1e-6)
    half = approximate(layer(500, row_weight=0.5), prior_precision=1e-6)
    last = layer(500)
    jacobian = torch.func.jacrev(last.log_probs)(last.weights).detach()[:20].flatten(0, 1)

    def spread(gaussian: Gaussian) -> torch.Tensor:
        return ((jacobian @ gaussian.factor) ** 2).sum(1)

    torch.testing.assert_close(spread(half), 2 * spread(whole), rtol=1e-3, atol=0)


def test_kronecker_is_exact_for_one_row_and_near_for_many() -> None:
    one = layer(rows=1)
    full = approximate(one, prior_precision=1.0)
    product = approximate(one, covariance="kronecker", prior_precision=1.0)
    torch.testing.assert_close(
        product.factor @ product.factor.T, full.factor @ full.factor.T, rtol=1e-8, atol=1e-10
    )
    many = layer(rows=400)
    full = approximate(many, prior_precision=1.0)
    product = approximate(many, covariance="kronecker", prior_precision=1.0)
    ratio = (product.factor**2).sum(1) / (full.factor**2).sum(1)
    assert 0.3 < float(ratio.min()) < float(ratio.max()) < 2


def test_the_evidence_is_the_integral_of_the_joint() -> None:
    """A head of one feature and two classes has four weights, of which two matter."""
    last = layer(rows=40, size=1, classes=2)
    precision = 3.0
    gaussian = approximate(last, prior_precision=precision, refit=True)
    mode = float(last.log_joint(gaussian.mean, precision))

    # the difference of two Gaussian weights has half the precision; their sum integrates to one
    def joint(weight: float, bias: float) -> float:
        weights = torch.tensor([-weight, weight, -bias, bias], dtype=torch.float64) / 2
        log = float(last.log_likelihood(weights)) - precision / 4 * (weight**2 + bias**2)
        return math.exp(log + math.log(precision / (4 * math.pi)) - mode)

    exact, _ = integrate.dblquad(joint, -15, 15, -15, 15)
    assert gaussian.log_evidence == pytest.approx(math.log(exact) + mode, abs=0.1)


def test_the_prior_precision_is_the_most_probable() -> None:
    last = layer(rows=200)
    best = approximate(last)
    for factor in (0.5, 0.9, 1.1, 2.0):
        other = approximate(last, prior_precision=factor * best.prior_precision)
        assert other.log_evidence < best.log_evidence


def test_the_mode_is_found() -> None:
    last = layer(rows=200)
    gaussian = approximate(last, prior_precision=1.0, refit=True)
    gradient = torch.func.grad(lambda w: last.log_joint(w, 1.0))(gaussian.mean)
    assert float(gradient.abs().max()) < 1e-3


def test_weights_go_into_a_vector_and_back() -> None:
    last = layer()
    named = unflatten(last.head, last.weights)
    for name, parameter in last.head.named_parameters():
        np.testing.assert_array_equal(named[name].float(), parameter.detach())
    with pytest.raises(RuntimeError):
        unflatten(last.head, last.weights[:-1])
