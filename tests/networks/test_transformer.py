"""The Transformer keeps the networks' contract; positions are relative and of any length."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bayes_a2m.errors import InputError
from bayes_a2m.networks.network import Network
from bayes_a2m.networks.transformer import Transformer, _Attention, rotary_angles, rotated
from tests.networks.contract import NetworkContract, randn

SMALL: dict[str, Any] = {
    "channels": (4, 6, 8),
    "width": 16,
    "blocks": 2,
    "heads": 2,
    "inner": 20,
    "features": 8,
}


class TestTransformer(NetworkContract):
    covers = "transformer"

    def make(self, bins: int, classes: int) -> Network:
        return Transformer(bins, classes, **SMALL)


class TestTransformerInTwoStagesWithDropout(NetworkContract):
    def make(self, bins: int, classes: int) -> Network:
        rates = {"convolutions": 0.2, "inputs": 0.3, "context": 0.4, "head": 0.1}
        return Transformer(bins, classes, head="two_stage", dropout=rates, **SMALL)


def test_products_depend_on_the_distance_of_steps_alone() -> None:
    queries, keys = randn(1, 40, 12, seed=1), randn(1, 40, 12, seed=2)
    angles = rotary_angles(1040, 12, queries)
    near = rotated(queries, angles[:40]) @ rotated(keys, angles[:40]).mT
    far = rotated(queries, angles[1000:]) @ rotated(keys, angles[1000:]).mT
    torch.testing.assert_close(near, far, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(near, queries @ keys.mT, atol=0.1)


def test_turning_keeps_lengths_and_the_first_step() -> None:
    x = randn(1, 30, 8)
    turned = rotated(x, rotary_angles(30, 8, x))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turned[:, 0], x[:, 0])


def test_attention_is_softmax_of_scaled_products() -> None:
    """Against the formula of Vaswani et al. 2017 (equation 1), one head, positions turned."""
    torch.manual_seed(0)
    attention, x = _Attention(8, heads=1), randn(1, 5, 8)
    angles = rotary_angles(5, 8, x)
    queries = rotated(x @ attention.queries.weight.T, angles)
    keys = rotated(x @ attention.keys.weight.T, angles)
    weights = torch.softmax(queries @ keys.mT / 8**0.5, dim=-1)
    wanted = attention.output(weights @ (x @ attention.values.weight.T))
    torch.testing.assert_close(attention(x, None), wanted)


def test_every_frame_hears_every_other() -> None:
    network = Transformer(48, 4, **SMALL).eval()
    features = randn(1, 400, 48).requires_grad_()
    (gradient,) = torch.autograd.grad(network(features)[0, 200, 0], features)
    assert gradient[0, 1].abs().max() > 0
    assert gradient[0, 398].abs().max() > 0


def test_heads_must_share_the_width_in_pairs() -> None:
    with pytest.raises(InputError, match=r"network.width: 20 must be a multiple of twice the 4"):
        Transformer(48, 4, width=20, heads=4)
