"""The harmonic U-Net keeps the networks' contract; channels are harmonics."""

from __future__ import annotations

from typing import Any

import torch

from bayes_a2m.networks.harmonic_unet import HarmonicUNet, harmonic_shifts, stacked
from bayes_a2m.networks.measures import reach_of
from bayes_a2m.networks.network import Network
from tests.networks.contract import NetworkContract, randn

SMALL: dict[str, Any] = {
    "levels": (4, 5, 6, 7),
    "width": 12,
    "bins_per_octave": 12,
    "features": 8,
}


class TestHarmonicUNet(NetworkContract):
    covers = "harmonic_unet"

    def make(self, bins: int, classes: int) -> Network:
        return HarmonicUNet(bins, classes, **SMALL)


class TestHarmonicUNetWithDropout(NetworkContract):
    """An odd number of bins, three levels."""

    bins = 37

    def make(self, bins: int, classes: int) -> Network:
        rates = {"convolutions": 0.2, "inputs": 0.3, "head": 0.1}
        sizes = {**SMALL, "levels": (3, 4, 5), "harmonics": (0.5, 1, 2)}
        return HarmonicUNet(bins, classes, dropout=rates, head="two_stage", **sizes)


def test_a_harmonic_series_stands_in_one_bin() -> None:
    """A tone whose harmonics lie in their bins: every channel has it at the fundamental's bin."""
    harmonics = (0.5, 1, 2, 3, 4)
    shifts = harmonic_shifts(harmonics, 36)
    x = torch.zeros(1, 1, 2, 252)
    fundamental = 60
    for shift in shifts:
        x[0, 0, :, fundamental + shift] = 1
    channels = stacked(x, shifts)
    assert channels.shape == (1, 5, 2, 252)
    assert (channels[0, :, :, fundamental] == 1).all()
    # a subharmonic reads zeros below the lowest bin, a harmonic above the highest
    assert (stacked(torch.ones(1, 1, 1, 252), (-36, 40))[0, 0, 0, :36] == 0).all()
    assert (stacked(torch.ones(1, 1, 1, 252), (-36, 40))[0, 1, 0, 212:] == 0).all()


def test_shifts_beyond_all_bins_read_nothing() -> None:
    assert (stacked(torch.ones(1, 1, 3, 10), (12, -12)) == 0).all()


def test_it_hears_a_second() -> None:
    reach = reach_of(HarmonicUNet(48, 4, **SMALL))
    assert reach.frames == 202


def test_the_maps_are_at_a_quarter_of_the_frame_rate() -> None:
    network = HarmonicUNet(48, 4, **SMALL).eval()
    maps = network(randn(1, 37, 48), stop=2)
    assert maps.shape == (1, 5, 10, 8)
