"""The output of onsets: what its losses ask for, with answers that can be computed by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from bayes_a2m.errors import InputError
from bayes_a2m.networks.cascade import Cascade
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.onsets import OnsetHead, OnsetOptions, blurred, log_odds, onsets_of

FRAMES = 200
LENGTHS = torch.tensor([FRAMES])


def head(**options: Any) -> OnsetHead:
    return OnsetHead(3, OnsetOptions(**options))


def labels_with(*starts: int) -> Tensor:
    """Notes of 40 frames, of alternating pitches."""
    labels = torch.zeros(1, FRAMES, dtype=torch.long)
    for i, start in enumerate(starts):
        labels[0, start : start + 40] = 1 + i % 2
    return labels


def peak(at: float, width: float = 1.0, height: float = 8.0) -> Tensor:
    """Log-odds with one bump."""
    frames = torch.arange(FRAMES, dtype=torch.float32)
    return (height + 6) * torch.exp(-0.5 * ((frames - at) / width).square())[None] - 6


def test_onsets_are_changes_to_a_sounding_class() -> None:
    labels = torch.tensor([[1, 1, 2, 0, 0, 2, 2, 1], [0, 1, 1, 1, 0, 0, 3, 3]])
    found = onsets_of(labels, torch.tensor([8, 5]))
    # what sounds in frame 0 has none, and what lies past a recording's end is not looked at
    assert found.nonzero().tolist() == [[0, 2], [0, 5], [0, 7], [1, 1]]


def test_a_blur_keeps_the_total_and_has_its_width() -> None:
    spread = blurred(torch.eye(FRAMES)[100:101], torch.tensor(3.0))[0]
    frames = torch.arange(FRAMES)
    assert float(spread.sum()) == pytest.approx(1, abs=1e-5)
    assert float((spread * (frames - 100).square()).sum()) == pytest.approx(9, rel=0.01)


def test_log_odds_undo_the_logistic_function() -> None:
    odds = torch.linspace(-20, 8, 50)
    torch.testing.assert_close(
        log_odds(torch.nn.functional.logsigmoid(odds)), odds, rtol=1e-2, atol=1e-3
    )


def test_soft_targets_are_the_likeliest_output() -> None:
    """Cross-entropy with a target is least at the target: nothing else does as well."""
    labels, one = labels_with(60, 140), head(loss="soft", width=2.0)
    target = blurred(onsets_of(labels, LENGTHS).float(), torch.tensor(2.0)).clamp(1e-6, 1 - 1e-6)
    best = one.loss(torch.logit(target), labels, LENGTHS)
    entropy = -(target * target.log() + (1 - target) * torch.log1p(-target)).mean()
    assert float(best) == pytest.approx(float(entropy), abs=1e-4)
    for scale, shift in ((1.2, 0.0), (0.8, 0.0), (1.0, 0.5), (1.0, -0.5)):
        assert one.loss(scale * torch.logit(target) + shift, labels, LENGTHS) > best


def test_a_tolerant_loss_does_not_mind_small_shifts() -> None:
    labels, one = labels_with(100), head(loss="tolerant", reach=3, ignored=6)
    exact = float(one.loss(peak(100), labels, LENGTHS))
    for shift in (-3, -1, 2, 3):
        assert float(one.loss(peak(100 + shift), labels, LENGTHS)) == pytest.approx(exact, rel=0.05)
    assert float(one.loss(peak(110), labels, LENGTHS)) > 5 * exact
    # a second peak inside the ignored frames costs nothing, outside it does
    near, far = (torch.maximum(peak(100), peak(100 + d, width=0.3)) for d in (5, 12))
    assert float(one.loss(near, labels, LENGTHS)) == pytest.approx(exact, rel=0.05)
    assert float(one.loss(far, labels, LENGTHS)) > 2 * exact


def test_the_width_of_labels_is_learned() -> None:
    """Sharp outputs, labels that are off by three frames: their spread is found."""
    generator = torch.Generator().manual_seed(0)
    one, rows = head(loss="blurred", learn_width=True, width=1.0), 400
    labels, odds = torch.zeros(rows, 100, dtype=torch.long), torch.full((rows, 100), -14.0)
    odds[:, 50] = 6.0
    for i in range(rows):
        labels[i, 50 + round(3 * float(torch.randn((), generator=generator))) :] = 1
    optimizer = torch.optim.Adam([p for n, p in one.named_parameters() if n == "log_width"], 0.05)
    for _ in range(120):
        optimizer.zero_grad()
        one.loss(odds, labels, torch.full((rows,), 100)).backward()
        optimizer.step()
    assert one.width.item() == pytest.approx(3.0, rel=0.12)


@pytest.mark.parametrize("loss", ["soft", "blurred", "tolerant"])
def test_losses_are_finite_without_any_onset_and_ignore_padding(loss: str) -> None:
    one, lengths = head(loss=loss), torch.tensor([FRAMES, 30])
    labels = torch.cat([labels_with(60), torch.zeros(1, FRAMES, dtype=torch.long)])
    odds = torch.cat([peak(60), peak(10)]).requires_grad_()
    first = one.loss(odds, labels, lengths)
    labels[1, 30:], changed = 2, odds.detach().clone()
    changed[1, 30:] = 50.0
    torch.testing.assert_close(one.loss(changed, labels, lengths), first.detach())
    first.backward()
    assert odds.grad is not None
    assert torch.isfinite(odds.grad).all()
    silence = one.loss(peak(0, height=-5.9), torch.zeros(1, FRAMES, dtype=torch.long), LENGTHS)
    assert 0 <= float(silence) < 0.01


def test_settings_say_what_is_wrong() -> None:
    assert CRNN(96, 4).onset_head is None
    assert CRNN(96, 4, onsets=False).onset_head is None
    network = CRNN(96, 4, onsets=True)
    assert network.onset_head is not None
    assert network.settings["onsets"]["loss"] == "soft"
    assert type(network)(96, 4, **network.settings).settings == network.settings
    assert math.isclose(torch.sigmoid(network.onset_head.output.bias).item(), 0.01, rel_tol=0.02)
    with pytest.raises(InputError, match="learn_width"):
        CRNN(96, 4, onsets={"learn_width": True})
    with pytest.raises(InputError, match="ignored"):
        CRNN(96, 4, onsets={"loss": "tolerant", "reach": 5, "ignored": 2})
    with pytest.raises(InputError, match="weight"):
        CRNN(96, 4, onsets={"wieght": 1})
    with pytest.raises(InputError, match="onsets"):
        Cascade(96, 4, trunk={"onsets": True})
