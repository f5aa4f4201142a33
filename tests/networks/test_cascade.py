"""The cascade keeps the networks' contract; its two networks share nothing but their output."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bayes_a2m.errors import InputError
from bayes_a2m.networks.cascade import Cascade
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.network import Network, make_network
from tests.networks.contract import NetworkContract, randn

pytestmark = pytest.mark.long

SMALL: dict[str, Any] = {
    "name": "crnn",
    "channels": [4, 6, 8],
    "projection": 16,
    "hidden": 12,
    "features": 8,
}


class TestCascade(NetworkContract):
    covers = "cascade"

    def make(self, bins: int, classes: int) -> Network:
        return Cascade(bins, classes, trunk=SMALL)


class TestCascadeWithDropout(NetworkContract):
    def make(self, bins: int, classes: int) -> Network:
        rates = {"convolutions": 0.2, "inputs": 0.3, "recurrent": 0.4, "head": 0.1}
        return Cascade(bins, classes, trunk={**SMALL, "dropout": rates}, silence_weight=2.0)


class TestCascadeOfTwoKinds(NetworkContract):
    """A TCN hears whether there is a sound, a CRNN which pitch it has."""

    def make(self, bins: int, classes: int) -> Network:
        tcn = {"name": "tcn", "channels": [4, 6, 8], "width": 12, "blocks": 2, "features": 8}
        return Cascade(bins, classes, trunk=SMALL, silence=tcn)


def test_stages_of_two_kinds_are_independent() -> None:
    """The first half of the head's features is the first network's own answer."""
    unet = {"name": "unet", "channels": [4, 6, 8], "width": 8, "levels": [8, 8], "features": 8}
    network = Cascade(48, 4, trunk=SMALL, pitch=unet).eval()
    features = randn(2, 30, 48)
    with torch.inference_mode():
        both = network.trunk(features)
        alone = make_network("crnn", _without_name(SMALL), bins=48, classes=2).eval()
        state = network.trunks["silence"].state_dict()
        alone.load_state_dict(state, strict=False)
        torch.testing.assert_close(both[..., :8], alone.trunk(features))
    assert network.settings["pitch"]["name"] == "unet"
    assert network.settings["silence"] is None


def test_stages_must_give_as_many_features() -> None:
    wide = {**SMALL, "features": 9}
    with pytest.raises(InputError, match="give 8 and 9 features a frame"):
        Cascade(48, 4, trunk=SMALL, pitch=wide)


def test_a_stage_is_no_cascade() -> None:
    with pytest.raises(InputError, match=r"network.pitch.name: the stages of a cascade"):
        Cascade(48, 4, pitch={"name": "cascade"})


def _without_name(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "name"}


def test_it_has_two_networks_and_their_two_heads() -> None:
    one = CRNN(252, 2)
    head = sum(p.numel() for p in one.head.parameters())
    own = 48 + 1 + 3 * 48 + 3
    assert Cascade(252, 4).parameter_count == 2 * (one.parameter_count - head) + own


def test_each_stage_is_a_network_of_its_own() -> None:
    """Another pitch network leaves silence as it is, and the other way round."""
    network = Cascade(48, 4, trunk=SMALL).eval()
    features = randn(2, 30, 48)

    def stages() -> tuple[torch.Tensor, torch.Tensor]:
        with torch.inference_mode():
            distribution = network(features)
        return distribution[..., 0], distribution[..., 1:].log_softmax(-1)

    silence, pitch = stages()
    other = CRNN(48, 2, **{k: v for k, v in SMALL.items() if k != "name"})
    state = {k: v for k, v in other.state_dict().items() if not k.startswith("head.")}
    network.trunks["pitch"].load_state_dict(state)
    changed_silence, changed_pitch = stages()
    assert torch.equal(changed_silence, silence)
    assert not torch.allclose(changed_pitch, pitch, atol=1e-3)
    network.trunks["silence"].load_state_dict(state)
    last_silence, last_pitch = stages()
    assert not torch.allclose(last_silence, silence, atol=1e-3)
    torch.testing.assert_close(last_pitch, changed_pitch, rtol=1e-4, atol=1e-5)


def test_the_pitch_network_learns_from_sounding_frames_alone() -> None:
    """Silent frames' labels give it no gradient; all frames give one to the silence network."""
    network = Cascade(48, 4, trunk=SMALL).train()
    features, lengths = randn(2, 30, 48), torch.tensor([30, 30])
    silent = torch.zeros(2, 30, dtype=torch.long)
    network.head.loss(network(features, lengths), silent, lengths).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        pitch = name.startswith(("trunks.pitch", "head.pitch"))
        assert bool(parameter.grad.abs().max() > 1e-7) is not pitch, name
