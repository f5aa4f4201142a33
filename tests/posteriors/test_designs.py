"""Two heads on a trunk, and two networks in a row: every posterior works on both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.metrics import stages
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.networks.heads import CascadeHead, Head, TwoStage
from bayes_a2m.posteriors.laplace import approximate, fisher
from bayes_a2m.posteriors.last_layer import LastLayer
from bayes_a2m.posteriors.posterior import Posterior
from tests import tiny

OTHERS = tuple(setting for setting in tiny.SMALL if not setting.startswith("network."))
TRUNK = "channels: [4, 6, 8], projection: 16, hidden: 12, features: 8"
DROPOUT = "dropout: {inputs: 0.2, recurrent: 0.2, head: 0.2}"
DESIGNS = {
    "two_stage": "network={name: crnn, head: two_stage, %s}",
    "cascade": "network={name: cascade, trunk: {name: crnn, %s}}",
}
METHODS = {
    "ensemble": ("posterior.members=2", "posterior.jobs=1"),
    "mc_dropout": (),
    "variational": ("posterior.epochs=1",),
    "laplace": (),
    "sgmcmc": ("posterior.chains=1", "posterior.cycles=2", "posterior.epochs=1"),
    "hmc": (
        "posterior.chains=1",
        "posterior.samples=12",
        "posterior.warmup=60",
        "posterior.every=16",
    ),
}
ALONE = ("ensemble", "mc_dropout")
"""Methods that start from no trained network."""


def fitted(
    data: Dataset, design: str, method: str, *settings: str, start: Posterior | None = None
) -> Posterior:
    inside = f"{TRUNK}, {DROPOUT}" if method == "mc_dropout" else TRUNK
    plan = load_experiment(
        "crnn" if method == "point" else method,
        (*OTHERS, DESIGNS[design] % inside, "training.epochs=3", *settings),
    )
    parts = data.split("train").with_tuning_part(0.2)
    return make_posterior(plan).fit(*parts, start=start)


@pytest.fixture(scope="module", params=DESIGNS)
def design(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def point(design: str, tiny_data: Dataset) -> Posterior:
    return fitted(tiny_data, design, "point")


@pytest.mark.parametrize("method", METHODS)
def test_draws_are_composed_laws_that_disagree_and_are_kept(
    design: str, method: str, point: Posterior, tiny_data: Dataset, tmp_path: Path
) -> None:
    start = None if method in ALONE else point
    model = fitted(tiny_data, design, method, *METHODS[method], start=start)
    data = tiny_data.split("validation")
    post = model.predict(data, 4)
    laws = np.exp(post.log_probs.astype(np.float64))
    np.testing.assert_allclose(laws.sum(-1), 1, atol=1e-4)
    assert post.draws > 1
    # each stage has doubt of its own
    assert stages.silence_of(laws)[..., 0].std(axis=(0, 1)).mean() > 1e-5
    assert stages.pitch_of(laws).std(axis=(0, 1)).mean() > 1e-5
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model").predict(data, 4)
    np.testing.assert_array_equal(again.log_probs, post.log_probs)


def _layer(head: Head, features: int, rows: int = 40) -> LastLayer:
    generator = torch.Generator().manual_seed(0)
    for parameter in head.parameters():
        parameter.data.normal_(0, 1, generator=generator)
    read = torch.randn(rows, features, generator=generator, dtype=torch.float64)
    return LastLayer(head, read, torch.zeros(rows, dtype=torch.long))


@pytest.mark.parametrize("kind", [TwoStage, CascadeHead])
def test_the_fisher_information_is_the_expected_hessian(kind: type[TwoStage]) -> None:
    """Over the labels that the law itself gives, each with its probability."""
    layer = _layer(kind(4, 4), 4)
    law = layer.log_probs(layer.weights).exp().detach()
    total = torch.zeros(len(layer.weights), len(layer.weights), dtype=torch.float64)
    for label in range(4):

        def expected(weights: torch.Tensor, k: int = label) -> torch.Tensor:
            return (law[:, k] * layer.log_probs(weights)[:, k]).sum()

        total -= torch.func.hessian(expected)(layer.weights).detach()
    torch.testing.assert_close(fisher(layer, layer.weights), total, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", [TwoStage, CascadeHead])
def test_a_kronecker_factor_is_exact_where_one_map_gives_one_number(kind: type[TwoStage]) -> None:
    """The stages' weights do not covary; the rows are alike, so that products are means."""
    layer = _layer(kind(4, 2), 4)  # of one pitch: all is in the first stage
    alike = LastLayer(layer.head, layer.features[:1].repeat(40, 1), layer.labels)
    whole = approximate(alike, prior_precision=1.0)
    product = approximate(alike, covariance="kronecker", prior_precision=1.0)
    torch.testing.assert_close(
        product.factor @ product.factor.T, whole.factor @ whole.factor.T, rtol=1e-6, atol=1e-8
    )
