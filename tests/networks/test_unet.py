"""The U-Nets keep the networks' contract; means over a recording see no padding."""

from __future__ import annotations

from typing import Any

import torch

from bayes_a2m.networks.measures import reach_of
from bayes_a2m.networks.network import Network
from bayes_a2m.networks.unet import SqueezeExcitation, UNet
from bayes_a2m.networks.unet_bilstm import UNetBiLSTM
from tests.networks.contract import NetworkContract, randn

SMALL: dict[str, Any] = {
    "channels": (4, 6, 8),
    "width": 10,
    "levels": (10, 12, 14, 16),
    "features": 8,
}
RATES = {"convolutions": 0.2, "inputs": 0.3, "context": 0.4, "head": 0.1}


class TestUNet(NetworkContract):
    covers = "unet"

    def make(self, bins: int, classes: int) -> Network:
        return UNet(bins, classes, **SMALL)


class TestUNetWithDropout(NetworkContract):
    """Two levels, wide kernels."""

    def make(self, bins: int, classes: int) -> Network:
        sizes = {**SMALL, "levels": (8, 12), "kernel": 4}
        return UNet(bins, classes, dropout=RATES, **sizes)


class TestUNetBiLSTM(NetworkContract):
    covers = "unet_bilstm"

    def make(self, bins: int, classes: int) -> Network:
        return UNetBiLSTM(bins, classes, hidden=9, reduction=4, **SMALL)


class TestUNetBiLSTMInTwoStagesWithDropout(NetworkContract):
    def make(self, bins: int, classes: int) -> Network:
        return UNetBiLSTM(
            bins, classes, head="two_stage", hidden=9, reduction=2, dropout=RATES, **SMALL
        )


def test_weights_of_channels_come_from_the_mean_over_real_steps() -> None:
    """Hu et al. 2018, equations 2 and 3, by hand."""
    torch.manual_seed(0)
    module, x = SqueezeExcitation(6, 3), randn(2, 6, 9, 1)
    x[1, :, 4:] = 0
    answer = module(x, torch.tensor([9, 4]))
    mean = x[1, :, :4, 0].mean(-1)
    inner = torch.relu(module.squeeze.weight @ mean + module.squeeze.bias)
    weights = torch.sigmoid(module.excite.weight @ inner + module.excite.bias)
    torch.testing.assert_close(answer[1], x[1] * weights[:, None, None])


def test_the_span_doubles_with_every_level() -> None:
    """The bottom of four levels is eight steps to one: its receptive field is the longer."""
    two, four = (
        reach_of(UNet(48, 4, **{**SMALL, "levels": levels})).frames
        for levels in ((8, 8), (8, 8, 8, 8))
    )
    assert two is not None
    assert four is not None
    # each level adds at least the two convolutions on its way down, three steps each, twice as
    # long as the last one's
    assert four - two > 2 * 2 * (4 + 8) * 4


def test_the_lstm_carries_context_from_end_to_end() -> None:
    assert reach_of(UNetBiLSTM(48, 4, hidden=9, **SMALL)).frames is None
