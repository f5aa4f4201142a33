"""MC-dropout: draws are masks, and what does not drop runs once."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.networks import dropout
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.dropout import DropoutRates
from bayes_a2m.posteriors.mc_dropout import BATCH, MCDropout
from tests import tiny
from tests.posteriors.contract import PosteriorContract

EVERYWHERE = "network.dropout={convolutions: 0.05, inputs: 0.1, recurrent: 0.1, head: 0.1}"


def fitted(data: Dataset, *settings: str) -> MCDropout:
    plan = load_experiment("mc_dropout", (*tiny.SMALL, *settings))
    return MCDropout.of_experiment(plan).fit(*data.split("train").with_tuning_part(0.2))


@pytest.fixture(scope="module")
def model(tiny_data: Dataset) -> MCDropout:
    return fitted(tiny_data, EVERYWHERE)


class TestMCDropout(PosteriorContract):
    covers = "mc_dropout"

    def test_one_chain_of_as_many_draws_as_asked(
        self, model: MCDropout, tiny_data: Dataset
    ) -> None:
        post = model.predict(tiny_data.split("validation"), draws=BATCH + 3)
        assert post.log_probs.shape[:2] == (1, BATCH + 3)
        assert post.mutual_information().mean() > 1e-4

    def test_a_draw_is_the_network_under_its_mask(
        self, model: MCDropout, tiny_data: Dataset
    ) -> None:
        recording = tiny_data.split("validation")[0]
        features = model.frontend.normalizer(model.frontend.features(recording))
        drawn = model.predict_recording(recording, 3)
        for draw in range(3):
            masks = dropout.draw_masks(model.network, [model.draw_seed(draw)])
            with torch.inference_mode(), dropout.applied(model.network, masks):
                expected = model.network(torch.from_numpy(features)[None])[0]
            np.testing.assert_allclose(drawn[0, draw], expected.numpy(), atol=1e-5)


def test_what_does_not_drop_runs_once(tiny_data: Dataset) -> None:
    model = MCDropout(CRNN(36, channels=(2, 2, 2), dropout=DropoutRates(inputs=0.2)))
    runs = {"convolutions": 0, "recurrence": 0}
    for name, layer in (("convolutions", model.network.blocks), ("recurrence", None)):
        hooked = layer[0] if layer is not None else model.network.expansion
        hooked.register_forward_hook(lambda *_, key=name: runs.__setitem__(key, runs[key] + 1))
    answer = model.log_probs(torch.zeros(1, 40, 36), draws=2 * BATCH)
    assert answer.shape == (1, 2 * BATCH, 40, 4)
    assert runs == {"convolutions": 1, "recurrence": 2}


def test_learned_rates_travel_with_the_model(tiny_data: Dataset, tmp_path: Path) -> None:
    model = fitted(
        tiny_data,
        "training.epochs=3",
        "network.dropout={inputs: 0.2, head: 0.2, learned: true}",
    )
    rates = {n: float(layer.rate.detach()) for n, layer in dropout.layers(model.network).items()}
    assert len(rates) == 2
    assert all(rate != pytest.approx(0.2, abs=1e-4) for rate in rates.values())
    model.save(tmp_path / "model")
    loaded = MCDropout.load(tmp_path / "model")
    assert {n: float(x.rate.detach()) for n, x in dropout.layers(loaded.network).items()} == rates


def test_a_network_that_drops_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"drops nothing.*network\.dropout\.inputs=0\.2"):
        MCDropout(CRNN())


def test_rates_are_checked() -> None:
    with pytest.raises(InputError, match="convolutions"):
        MCDropout.of_experiment(load_experiment("mc_dropout", ["network.dropout.convolutions=1.5"]))


def test_the_contract_sees_a_draw_that_changes_its_mind(model: MCDropout) -> None:
    class Fickle(MCDropout):
        asked = 0

        def _masks(self, draws: int) -> dict[str, torch.Tensor]:
            self.asked += 1
            seeds = [1000 * self.asked + d for d in range(draws)]
            return dropout.draw_masks(self.network, seeds)

    fickle = Fickle(model.network)
    fickle.__dict__.update(model.__dict__)
    with pytest.raises(AssertionError):
        TestMCDropout().test_a_draw_is_one_state_of_belief(fickle)
