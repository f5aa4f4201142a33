"""SG-MCMC on a whole network: the contract, cycles, chains that are kept."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.sgmcmc import SGMCMC
from tests import tiny
from tests.posteriors.contract import PosteriorContract

FEW = (
    "posterior.chains=2",
    "posterior.cycles=2",
    "posterior.epochs=2",
    "posterior.samples=2",
    "posterior.tempering=0.05",
    "posterior.learning_rate=0.01",
)


def fitted(data: Dataset, start: Point, *settings: str, **keywords: object) -> SGMCMC:
    model = SGMCMC.of_experiment(load_experiment("sgmcmc", (*tiny.SMALL, *FEW, *settings)))
    parts = data.split("train").with_tuning_part(0.2)
    return model.fit(*parts, start=start, **keywords)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model(tiny_data: Dataset, tiny_point: Point) -> SGMCMC:
    return fitted(tiny_data, tiny_point)


class TestSGMCMC(PosteriorContract):
    covers = "sgmcmc"

    def test_chains_cycles_samples(self, model: SGMCMC, tiny_data: Dataset) -> None:
        post = model.predict(tiny_data.split("validation")[0:1], draws=500)
        assert post.log_probs.shape[:2] == (2, 4)
        assert post.mutual_information().mean() > 1e-5

    def test_the_record_counts_all_epochs(self, model: SGMCMC, tiny_point: Point) -> None:
        rows = model.record.log.splitlines()[1:]
        assert len(rows) == 24 + 2 * 4
        assert [int(r.split(",")[0]) for r in rows] == list(range(32))
        assert model.record.seconds > tiny_point.record.seconds

    def test_all_weights_are_sampled_and_nothing_else(self, model: SGMCMC) -> None:
        one, other = model.draw_weights(0, 0), model.draw_weights(1, 0)
        assert set(one) == {name for name, _ in model.network.named_parameters()}
        for name, tensor in one.items():
            assert not torch.equal(tensor, other[name])

    def test_it_starts_at_the_network_and_leaves_it_alone(
        self, model: SGMCMC, tiny_point: Point
    ) -> None:
        for name, tensor in tiny_point.network.state_dict().items():
            assert torch.equal(model.network.state_dict()[name], tensor)


def test_finished_chains_are_kept(
    tiny_data: Dataset, tiny_point: Point, model: SGMCMC, tmp_path: Path
) -> None:
    again = fitted(tiny_data, tiny_point, workdir=tmp_path)
    for name, samples in model.samples.items():
        assert torch.equal(again.samples[name], samples)  # the same seed, the same samples
    first = tmp_path / "sgmcmc" / "chain_0" / "chain.safetensors"
    (tmp_path / "sgmcmc" / "chain_1" / "chain.safetensors").unlink()
    stamp = first.stat().st_mtime_ns
    resumed = fitted(tiny_data, tiny_point, workdir=tmp_path, resume=True)
    assert first.stat().st_mtime_ns == stamp
    for name, samples in model.samples.items():
        np.testing.assert_allclose(resumed.samples[name], samples, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_a_chain_that_explodes_says_where(tiny_data: Dataset, tiny_point: Point) -> None:
    with pytest.raises(InputError, match=r"epoch \d+, batch \d+"):
        fitted(tiny_data, tiny_point, "posterior.learning_rate=1e20")


def test_no_more_samples_than_epochs() -> None:
    with pytest.raises(InputError, match="no more samples than epochs"):
        SGMCMC.of_experiment(load_experiment("sgmcmc", ["posterior.samples=9"]))
