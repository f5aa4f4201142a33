"""Masks: one a sequence, from a seed, batched or alone; concrete dropout's rates move."""

import math

import pytest
import torch

from bayes_a2m.networks import dropout
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.dropout import DropoutRates, SequenceDropout
from tests.networks.contract import randn

BINS = 24


def network(**rates: object) -> CRNN:
    small = CRNN(
        BINS, channels=(4, 5, 6), projection=8, hidden=6, features=5, dropout=DropoutRates(**rates)
    )
    return small.fresh(bins=BINS, classes=4, seed=0).eval()


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_masks_keep_the_mean_and_drop_the_rate(rate: float) -> None:
    mask = SequenceDropout(4000, rate).draw(torch.Generator().manual_seed(0))
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / (1 - rate)])
    # five standard errors of 4,000 coins
    tolerance = 5 * math.sqrt(rate * (1 - rate) / 4000)
    assert float((mask == 0).float().mean()) == pytest.approx(rate, abs=tolerance)
    assert float(mask.mean()) == pytest.approx(1, abs=tolerance / (1 - rate))


def test_a_mask_drops_units_in_all_frames() -> None:
    layer = SequenceDropout(6, 0.5)
    layer.mask = layer.draw(torch.Generator().manual_seed(3), batch=2)
    dropped = layer(torch.ones(2, 50, 6)) == 0
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert not torch.equal(dropped[0], dropped[1])
    # along another axis: whole channels
    whole = layer(torch.ones(2, 6, 50, 3), axis=1)
    assert torch.equal(whole[:, :, 7, 1], whole[:, :, 0, 0])


@pytest.mark.parametrize("place", ["convolutions", "inputs", "recurrent", "head"])
def test_each_place_is_switched_alone(place: str) -> None:
    net = network(**{place: 0.5})
    features = randn(1, 40, BINS)
    masks = dropout.draw_masks(net, [0, 1, 2])
    assert masks
    with torch.inference_mode():
        plain = net(features)
        with dropout.applied(net, masks):
            dropped = net(features.expand(3, -1, -1))
        assert not torch.allclose(dropped[0], dropped[1])
        assert not torch.allclose(dropped[:1], plain)
        assert torch.equal(net(features), plain)  # and the masks are gone


def test_no_rate_no_layer() -> None:
    assert not dropout.layers(network())
    weights = set(network().state_dict())
    assert weights == set(network(inputs=0.3, recurrent=0.2).state_dict())


def test_draws_together_are_draws_alone() -> None:
    net = network(convolutions=0.3, inputs=0.3, recurrent=0.3, head=0.3)
    features = randn(1, 40, BINS)
    seeds = [5, 6, 7]
    with torch.inference_mode():
        with dropout.applied(net, dropout.draw_masks(net, seeds)):
            together = net(features.expand(3, -1, -1))
        for i, seed in enumerate(seeds):
            with dropout.applied(net, dropout.draw_masks(net, [seed])):
                torch.testing.assert_close(net(features)[0], together[i], rtol=1e-4, atol=1e-5)


def test_masked_recurrent_weights_are_those_of_a_network_without_them() -> None:
    net = network(recurrent=0.5)
    masks = dropout.draw_masks(net, [4])
    bare = network()
    state = dict(net.state_dict())
    for i, name in enumerate(("weight_hh_l0", "weight_hh_l0_reverse")):
        state[f"recurrence.{name}"] = state[f"recurrence.{name}"] * masks["weight_dropout"][0, i]
    bare.load_state_dict(state)
    features = randn(1, 33, BINS)
    with torch.inference_mode(), dropout.applied(net, masks):
        torch.testing.assert_close(net(features), bare(features), rtol=1e-5, atol=1e-6)


def test_relaxed_masks_are_nearly_masks() -> None:
    layer = SequenceDropout(20000, 0.3, learned=True)
    mask = layer.draw(torch.Generator().manual_seed(0)).detach()
    dropped = (1 - mask * 0.7).clamp(0, 1)
    assert float(dropped.mean()) == pytest.approx(0.3, abs=0.02)
    assert float(((dropped < 0.05) | (dropped > 0.95)).float().mean()) > 0.8


def test_the_regulariser_is_minus_the_entropy_by_observation() -> None:
    net = network(inputs=0.2, learned=True)
    entropy = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
    found = dropout.regularizer(net, frames=50_000)
    assert found is not None
    # 8 units, 50,000 frames that count as 500 observations
    assert float(found.detach()) == pytest.approx(-8 * entropy / 500, rel=1e-5)
    assert dropout.regularizer(network(inputs=0.2), 100) is None


@pytest.mark.parametrize(("signal", "rises"), [(True, False), (False, True)])
def test_learned_rates_fall_where_units_matter_and_rise_where_not(
    signal: bool, rises: bool
) -> None:
    layer = SequenceDropout(8, 0.3, learned=True)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(200):
        x = torch.randn(64, 1, 8, generator=generator)
        layer.mask = layer.draw(generator, batch=64)
        kept = layer(x).sum(-1)
        loss = ((kept - x.sum(-1)) ** 2).mean() if signal else 0 * kept.mean()
        rate = layer.rate
        entropy = -(rate * torch.log(rate) + (1 - rate) * torch.log1p(-rate))
        optimizer.zero_grad()
        (loss - 8 * entropy / 100).backward()
        optimizer.step()
    assert (float(layer.rate.detach()) > 0.3) is rises
