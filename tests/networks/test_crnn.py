"""The CRNN keeps the networks' contract; what is its own is tested below."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.dropout import DropoutRates
from bayes_a2m.networks.network import Network
from tests.networks.contract import NetworkContract, randn


class TestCRNN(NetworkContract):
    covers = "crnn"

    def make(self, bins: int, classes: int) -> Network:
        return CRNN(bins, classes, channels=(4, 6, 8), projection=16, hidden=12, features=8)


class TestCRNNOfOtherShape(NetworkContract):
    """Two blocks, three frames a step, even kernels."""

    bins = 25

    def make(self, bins: int, classes: int) -> Network:
        return CRNN(
            bins,
            classes,
            channels=(3, 5),
            kernels=((5, 3), (2, 4)),
            pools=((3, 2), (1, 3)),
            projection=8,
            hidden=6,
            features=5,
        )


class TestCRNNInTwoStages(NetworkContract):
    """Two heads on its trunk."""

    def make(self, bins: int, classes: int) -> Network:
        head = {"name": "two_stage", "pitch_weight": 0.5}
        return CRNN(
            bins, classes, head=head, channels=(4, 6, 8), projection=16, hidden=12, features=8
        )


class TestCRNNWithOnsets(NetworkContract):
    """An output of onsets beside the head, whose labels' spread is learned."""

    def make(self, bins: int, classes: int) -> Network:
        onsets = {"loss": "blurred", "learn_width": True}
        return CRNN(
            bins, classes, onsets=onsets, channels=(4, 6, 8), projection=16, hidden=12, features=8
        )


class TestCRNNWithChange(NetworkContract):
    """The change of the spectrum is a second channel of its input."""

    def make(self, bins: int, classes: int) -> Network:
        return CRNN(
            bins, classes, change=2, channels=(4, 6, 8), projection=16, hidden=12, features=8
        )


class TestCRNNWithDropout(NetworkContract):
    """Places that drop let everything through until they are given masks."""

    def make(self, bins: int, classes: int) -> Network:
        rates = DropoutRates(convolutions=0.2, inputs=0.3, recurrent=0.4, head=0.1)
        return CRNN(
            bins,
            classes,
            channels=(4, 6, 8),
            projection=16,
            hidden=12,
            features=8,
            dropout=rates,
        )


def test_a_step_stands_for_as_many_frames_as_are_pooled() -> None:
    assert CRNN(252, 4).step == 4
    assert CRNN(252, 4, pools=((3, 3), (1, 2), (2, 2))).step == 6


def test_recordings_in_a_batch_do_not_hear_each_other() -> None:
    network = CRNN(48, 4, channels=(4, 6, 8), hidden=12).eval()
    features = randn(2, 40, 48)
    other = torch.stack((features[0], randn(40, 48, seed=5)))
    with torch.inference_mode():
        torch.testing.assert_close(network(features)[0], network(other)[0])


def test_the_recurrence_carries_context_both_ways() -> None:
    # Gradients, since what is left of a change after a hundred frames drowns in rounding; the
    # convolutions alone see some ten frames to each side.
    network = CRNN(48, 4, channels=(4, 6, 8), hidden=12).eval()
    features = randn(1, 120, 48).requires_grad_()
    log_probs = network(features)
    for heard_at, told_at in ((2, 60), (117, 60)):
        (gradient,) = torch.autograd.grad(log_probs[0, told_at, 0], features, retain_graph=True)
        assert gradient[0, heard_at].abs().max() > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": (4, 4)}, "one entry a block"),
        ({"pools": ((2, 3), (1, 2), (2,))}, "a pair, time and frequency"),
        ({"kernels": ((3, 5), (3, 5), (3, 3, 3))}, "a pair, time and frequency"),
        ({"hidden": 0}, "hidden.*greater than or equal to 1"),
        ({"pools": ((2, 3), (0, 2), (2, 2))}, "must be positive"),
        ({"head": "two_stages"}, "unknown head"),
        ({"pools": ((2, 8), (1, 8), (2, 8))}, "252 bins are too few"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CRNN(252, 4, **settings)
