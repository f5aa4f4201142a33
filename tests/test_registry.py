"""Parts by name: those that ship, registered ones, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bayes_a2m import registry
from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.network import make_network


def test_settings_reach_the_network() -> None:
    settings = {"channels": [4, 6, 8], "hidden": 12, "pools": [[2, 3], [1, 2], [2, 2]]}
    network = make_network("crnn", settings, bins=96, classes=5)
    assert isinstance(network, CRNN)
    assert (network.bins, network.classes) == (96, 5)
    assert network.settings["channels"] == [4, 6, 8]
    assert network.recurrence.hidden_size == 12


@pytest.mark.parametrize("name", registry.SHIPPED["networks"])
def test_a_networks_own_settings_make_it_again(name: str) -> None:
    network = make_network(name, {}, bins=252, classes=4)
    assert network.name == name
    again = make_network(name, network.settings, bins=252, classes=4)
    assert again.settings == network.settings
    assert again.parameter_count == network.parameter_count


def test_numbers_are_converted() -> None:
    assert CRNN.parse({"hidden": "12"}).hidden == 12


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "crn",
            {},
            "network.name: unknown network 'crn' (did you mean 'crnn'?); known: crnn, c",
        ),
        ("zzz", {}, "unknown network 'zzz'; known: crnn, cascade"),
        ("crnn", {"hiden": 3}, "unknown key 'network.hiden' (did you mean 'hidden'?)"),
        ("crnn", {"bins": 3}, "unknown key 'network.bins'"),
        ("crnn", {"hidden": "many"}, "network.hidden: "),
        ("crnn", {"hidden": 3.5}, "network.hidden: "),
        ("crnn", {"channels": [4, "x", 8]}, "network.channels.1: "),
        ("crnn", {"head": "two"}, "unknown head 'two'"),
        ("crnn", {"head": {"name": "two_stage", "pitch_wait": 2}}, "did you mean 'pitch_weight'?"),
        ("crnn", {"head": {"name": "two_stage", "pitch_weight": 0}}, "network.head.pitch_weight: "),
        ("crnn", {"head": {"name": "one_stage", "pitch_weight": 2}}, "'network.head.pitch_weight'"),
        ("cascade", {"trunk": {"name": "crn"}}, "network.trunk.name: unknown network 'crn'"),
        ("cascade", {"trunk": {"hiden": 3}}, "'network.trunk.hiden' (did you mean 'hidden'?)"),
        ("cascade", {"trunk": {"head": "two_stage"}}, "heads of their own"),
        ("cascade", {"hidden": 3}, "unknown key 'network.hidden'"),
    ],
)
def test_what_is_wrong_is_said(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        make_network(name, settings, bins=252, classes=4)
