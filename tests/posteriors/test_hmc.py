"""HMC on the last layer: against a posterior known by quadrature, and the contract."""

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.networks.heads import OneStage
from bayes_a2m.posteriors.hmc import HMC
from bayes_a2m.posteriors.laplace import approximate
from bayes_a2m.posteriors.last_layer import LastLayer
from bayes_a2m.posteriors.point import Point
from tests import tiny
from tests.posteriors.contract import PosteriorContract

FEW = ("posterior.chains=2", "posterior.samples=12", "posterior.warmup=60", "posterior.every=16")


@pytest.fixture(scope="module")
def model(tiny_data: Dataset, tiny_point: Point) -> HMC:
    plan = load_experiment("hmc", (*tiny.SMALL, *FEW))
    parts = tiny_data.split("train").with_tuning_part(0.2)
    return HMC.of_experiment(plan).fit(*parts, start=tiny_point)


class TestHMC(PosteriorContract):
    covers = "hmc"

    def test_chains_are_the_samplers_and_samples_are_all_there_are(
        self, model: HMC, tiny_data: Dataset
    ) -> None:
        post = model.predict(tiny_data.split("validation")[0:1], draws=500)
        assert post.log_probs.shape[:2] == (2, 12)

    def test_the_same_seed_gives_the_same_samples_and_leaves_chance_alone(
        self, model: HMC, tiny_data: Dataset, tiny_point: Point
    ) -> None:
        again = HMC.of_experiment(load_experiment("hmc", (*tiny.SMALL, *FEW)))
        torch.manual_seed(11)
        state = torch.random.get_rng_state()
        again.fit(*tiny_data.split("train").with_tuning_part(0.2), start=tiny_point)
        assert torch.equal(torch.random.get_rng_state(), state)
        assert again.samples is not None
        assert model.samples is not None
        assert torch.equal(again.samples, model.samples)


def test_moments_of_a_logistic_regression_are_the_integrals() -> None:
    """Skewed by few rows, so that a Gaussian at the mode would be wrong."""
    head = OneStage(1, 2)
    for parameter in head.parameters():
        parameter.data.zero_()
    features = torch.tensor([[1.0], [2.0], [1.5], [0.5], [-1.0]], dtype=torch.float64)
    last = LastLayer(head, features, torch.tensor([1, 1, 1, 1, 0]))
    precision = 0.2
    hmc = HMC.of_experiment(load_experiment("hmc"))
    around = approximate(last, prior_precision=precision, refit=True)
    chains = []
    hmc.options = hmc.options.model_copy(update={"samples": 700, "warmup": 150})
    for chain in range(2):
        whitened, divergences = hmc._chain(last, around, chain, progress=False)
        assert divergences == 0
        chains.append((around.mean + whitened @ around.factor.T).numpy())
    found = np.concatenate(chains)
    slope = found[:, 1] - found[:, 0]

    # by quadrature: of the difference of two weights, whose prior has half the precision
    axis = np.linspace(-40, 40, 801)
    weight, bias = np.meshgrid(axis, axis)
    log = -precision / 4 * (weight**2 + bias**2)
    for x, sign in ((1.0, 1), (2.0, 1), (1.5, 1), (0.5, 1), (-1.0, -1)):
        log -= np.logaddexp(0, -sign * (weight * x + bias))
    density = np.exp(log - log.max())
    mean = float((weight * density).sum() / density.sum())
    deviation = float(np.sqrt(((weight - mean) ** 2 * density).sum() / density.sum()))
    # some hundred effective samples: four standard errors
    assert slope.mean() == pytest.approx(mean, abs=0.25 * deviation)
    assert slope.std() == pytest.approx(deviation, rel=0.15)
    laplace = float(around.mean[1] - around.mean[0])
    assert abs(laplace - mean) > 0.25 * deviation  # a Gaussian at the mode fails the first


def test_many_divergences_are_refused(
    tiny_data: Dataset, tiny_point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = tiny_point.network.head.output.in_features
    count = (size + 1) * 4
    monkeypatch.setattr(HMC, "_chain", lambda *_: (torch.zeros(12, count, dtype=torch.float64), 9))
    plan = load_experiment("hmc", (*tiny.SMALL, *FEW))
    with pytest.raises(InputError, match=r"18 of 24 transitions diverged; raise posterior\.warmup"):
        HMC.of_experiment(plan).fit(
            *tiny_data.split("train").with_tuning_part(0.2), start=tiny_point
        )
