"""Multiply-adds and reach of networks whose numbers are known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bayes_a2m import registry
from bayes_a2m.networks.adapt import adapt
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.measures import Reach, measures_of, multiply_adds, reach_of
from bayes_a2m.networks.network import make_network


def _affine(bins: int, outputs: int) -> nn.Module:
    return nn.Linear(bins, outputs)


class _Convolution(nn.Module):
    """Five frames wide."""

    def __init__(self, bins: int, outputs: int) -> None:
        super().__init__()
        self.inner = nn.Conv1d(bins, outputs, 5, padding=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.inner(x.mT)
        return answer.mT


def test_multiply_adds_of_an_affine_map() -> None:
    network = adapt(_affine, name="affine")(24, 3)
    assert multiply_adds(network, 50) == 50 * 24 * 3


def test_multiply_adds_of_a_recurrence_are_counted() -> None:
    """Of a CRNN twice as wide in its recurrence: by gates, both directions, a step each."""
    steps, sizes = 25, {"channels": (2, 2, 2), "projection": 10, "features": 4}
    small, large = (
        multiply_adds(CRNN(48, 2, hidden=hidden, **sizes), 4 * steps) for hidden in (8, 16)
    )

    def recurrence(hidden: int) -> int:
        return 2 * steps * 3 * hidden * (10 + hidden) + steps * 2 * hidden * 4 * 4

    assert large - small == recurrence(16) - recurrence(8)


@pytest.mark.parametrize(
    ("factory", "reach"), [(_affine, Reach(0, 0)), (_Convolution, Reach(2, 2))]
)
def test_reach_of_known_networks(factory: type[nn.Module], reach: Reach) -> None:
    network = adapt(factory, name="known")(24, 3)
    assert reach_of(network) == reach
    assert reach.frames == 1 + 2 * (reach.after or 0)


def test_the_crnn_has_no_bounds() -> None:
    network = CRNN(48, 2, channels=(2, 2, 2), projection=6, hidden=4, features=4)
    assert reach_of(network) == Reach(None, None)


def test_times_are_ratios_to_one() -> None:
    made = {name: adapt(_affine, name="affine")(24, 3) for name in ("one", "other")}
    found = measures_of(made, compared_with="one", frames=60, repeats=3)
    assert found["one"].prediction == 1
    assert found["one"].training == 1
    assert found["other"].prediction > 0
    assert found["other"].multiply_adds == pytest.approx(24 * 3 * 16000 / 96)


@pytest.mark.parametrize("name", registry.SHIPPED["networks"])
def test_docstrings_tell_the_number_of_parameters(name: str) -> None:
    """Where a class names its size, it is the size."""
    network = make_network(name, {}, bins=252, classes=4)
    # the one that ships has at most a megabyte of weights; the others are compared with each other
    smallest, largest = (50_000, 250_000) if name == "equivariant" else (100_000, 700_000)
    assert smallest < network.parameter_count < largest
    told = " ".join((type(network).__doc__ or "").split())
    if "parameters at 252 bins" in told:
        assert f"{network.parameter_count:,} parameters at 252 bins and 4 classes" in told
