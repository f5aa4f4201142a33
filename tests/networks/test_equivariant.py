"""The equivariant network keeps the contract; a transposed input moves the answer, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.networks.equivariant import Equivariant
from bayes_a2m.networks.network import Network
from bayes_a2m.networks.pitch_output import PitchOutput
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.restriction import restricted
from tests.networks.contract import NetworkContract, randn, set_in_motion

SMALL: dict[str, Any] = {
    "bins_per_octave": 12,
    "lowest": 40,
    "harmonics": (1, 2, 3),
    "channels": 6,
    "blocks": 2,
    "width": 8,
    "each": 4,
    "pooled": 6,
}


class TestEquivariant(NetworkContract):
    covers = "equivariant"

    def make(self, bins: int, classes: int) -> Network:
        return Equivariant(bins, classes, **SMALL)


class TestEquivariantWithOnsets(NetworkContract):
    def make(self, bins: int, classes: int) -> Network:
        return Equivariant(bins, classes, onsets=True, **SMALL)


def made(**settings: Any) -> Equivariant:
    """The network of 49 pitches at the features' own bins, with weights from a seed."""
    network = Equivariant(252, 50, onsets=True, continuous=True, **settings)
    fresh = network.fresh(bins=252, classes=50, seed=3)
    set_in_motion(fresh)
    return fresh.eval()


def test_a_semitone_up_moves_the_classes_by_one() -> None:
    """A pattern far from the edges, a semitone higher: the scores are the same, one class on."""
    network = made()
    x = torch.zeros(1, 40, 252)
    x[..., 60:160] = randn(1, 40, 100)  # fundamentals and harmonics far from either end
    higher = torch.roll(x, 3, dims=2)
    with torch.inference_mode():
        low, high = network(x, onsets=True), network(higher, onsets=True)
        deep, up = network.continuous(x), network.continuous(higher)
    # odds between pitches: those against silence change with what lies at the edges
    before, after = low[..., 12:36] - low[..., 20:21], high[..., 13:37] - high[..., 21:22]
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)
    assert (high[..., 12:36] - high[..., 20:21] - before).abs().max() > 0.05
    fine, finer = deep[..., 50:110] - deep[..., 80:81], up[..., 53:113] - up[..., 83:84]
    torch.testing.assert_close(finer, fine, rtol=1e-3, atol=1e-3)


def test_a_semitone_up_is_no_new_sound_to_a_density() -> None:
    """What is pooled over semitones stays as it is, as long as nothing falls out at an edge."""
    generator = torch.Generator().manual_seed(0)
    network = Equivariant(108, 13, lowest=36, channels=4, blocks=1, each=3, pooled=5)
    semitones, each = network.semitones, 3
    features = torch.zeros(2, semitones * each + 5)
    features[:, : semitones * each].view(2, semitones, each)[:, 4:9] = torch.rand(
        2, 5, each, generator=generator
    )
    features[:, -5:] = torch.rand(2, 5, generator=generator)
    moved = features.clone()
    moved[:, :-5] = features[:, :-5].roll(each, dims=-1)
    told = network.density_features(features)
    assert told.shape == (2, 2 * each + 5)
    torch.testing.assert_close(network.density_features(moved), told)
    torch.testing.assert_close(told[:, -5:], features[:, -5:])


def test_volume_does_not_change_what_the_harmonics_show() -> None:
    """A louder frame is higher by as much in every bin of decibels: its contrast is the same."""
    stem = made().stem
    x = randn(1, 1, 8, 252)
    torch.testing.assert_close((x + 2) @ stem.contrast, x @ stem.contrast, rtol=1e-3, atol=1e-4)


def test_any_pitches_in_place_of_neighbours() -> None:
    """Named pitches are read where they stand among all."""
    whole = made()
    some = Equivariant(252, 4, pitches=(36, 50, 84), onsets=True, continuous=True).eval()
    some.load_state_dict(whole.state_dict())
    # training averages buffers with the weights: an infinite one would make all of them NaN
    assert all(torch.isfinite(buffer).all() for buffer in some.buffers())
    x = randn(1, 12, 252)
    with torch.inference_mode():
        every, few = whole(x), some(x)
    chosen = every[..., [0, 1, 15, 49]]
    torch.testing.assert_close(few, chosen - chosen.logsumexp(-1, keepdim=True))


@pytest.mark.parametrize("others", ["impossible", "missed"])
def test_some_pitches_of_a_span_are_the_whole_restricted(others: Any) -> None:
    """The same weights with three classes say what a restriction of all classes says."""
    whole = made()
    settings = {**whole.settings, "pitches": (48, 52, 55), "span": (36, 84), "others": others}
    some = Equivariant(252, 4, **settings).eval()
    some.load_state_dict(whole.state_dict())
    x = randn(1, 12, 252)
    with torch.inference_mode():
        every, few = whole(x).numpy(), some(x).numpy()
        torch.testing.assert_close(whole.continuous(x), some.continuous(x))
    post = FramePosterior.from_probs(np.exp(every), vocabulary=Vocabulary(tuple(range(36, 85))))
    wanted = restricted(post, Vocabulary((48, 52, 55)), others=others)
    np.testing.assert_allclose(few, wanted.log_probs[0, 0], atol=1e-4)


def test_a_span_holds_all_pitches() -> None:
    with pytest.raises(InputError, match="36 to 50 does not hold"):
        Equivariant(252, 4, pitches=(48, 52, 55), span=(36, 50))


def test_as_many_pitches_as_classes() -> None:
    with pytest.raises(InputError, match="3 pitches for 4 classes"):
        Equivariant(252, 5, pitches=(48, 52, 55))(randn(1, 4, 252))


def test_its_weights_fit_into_a_megabyte() -> None:
    assert made().parameter_count < 100_000


def test_a_pitch_between_bins_is_read_off_its_targets() -> None:
    """The distribution that has the least loss gives back the pitch it was made for."""
    output = PitchOutput(12, 2, 1, per_semitone=3, lowest=60)
    truth = torch.tensor([[64.0, 65.17, 66.4, 0.0]])
    known = torch.ones(1, 4, dtype=torch.bool)
    scores = torch.zeros(1, 4, 37, requires_grad=True)
    optimizer = torch.optim.LBFGS([scores], max_iter=200)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = output.loss(scores.log_softmax(-1), truth, known)
        loss.backward()
        return loss

    optimizer.step(closure)
    estimate = output.decode(scores.detach().log_softmax(-1))
    torch.testing.assert_close(estimate.midi[0, :3], truth[0, :3], rtol=0, atol=0.03)
    assert (estimate.voicing[0, :3] > 0.98).all()
    assert estimate.voicing[0, 3] < 0.02
