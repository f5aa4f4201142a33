"""The TCN keeps the networks' contract; a causal one hears nothing of what comes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bayes_a2m.networks.measures import Reach, reach_of
from bayes_a2m.networks.network import Network
from bayes_a2m.networks.tcn import TCN
from tests.networks.contract import NetworkContract, randn

SMALL: dict[str, Any] = {"channels": (4, 6, 8), "width": 12, "blocks": 3, "features": 8}


class TestTCN(NetworkContract):
    covers = "tcn"

    def make(self, bins: int, classes: int) -> Network:
        return TCN(bins, classes, **SMALL)


class TestCausalTCN(NetworkContract):
    def make(self, bins: int, classes: int) -> Network:
        rates = {"convolutions": 0.2, "inputs": 0.3, "context": 0.4, "head": 0.1}
        return TCN(bins, classes, causal=True, dropout=rates, onsets=True, **SMALL)


@pytest.mark.parametrize("frame", [40, 41, 43, 97])
def test_a_causal_one_hears_no_later_step(frame: int) -> None:
    network = TCN(48, 4, causal=True, **SMALL).eval()
    features = randn(1, 120, 48)
    other = features.clone()
    other[0, frame + 4 - frame % 4 :] += 10
    with torch.inference_mode():
        before, after = network(features)[0], network(other)[0]
    # another number of real values may be summed in another order, but not here
    torch.testing.assert_close(after[: frame + 1], before[: frame + 1], rtol=0, atol=0)
    assert not torch.allclose(after[frame + 5 :], before[frame + 5 :])


def test_reach_is_what_the_dilations_say() -> None:
    """Steps of four frames; 2 convolutions of kernel 3 a block: 2 (2 + 4 + 8) = 28 steps back.

    The convolutions in front look 3 x 3 frames wide with pooling of 2 between them: back 2 of the
    first, 4 of the second and 4 of the third, 10 in all, and up to 3 frames of the step's own.
    """
    reach = reach_of(TCN(48, 4, causal=True, **SMALL))
    assert reach == Reach(before=28 * 4 + 10 + 3, after=3)
    assert reach_of(TCN(48, 4, **SMALL)).after == 14 * 4 + 5 + 3
