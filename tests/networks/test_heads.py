"""Heads give laws over the classes; their loss is the NLL of real frames."""

from __future__ import annotations

from math import log

import pytest
import torch

from bayes_a2m.errors import InputError
from bayes_a2m.networks.heads import OneStage, make_head

# two recordings of 3 and 1 frames; what is padded has labels and laws that would show
LOG_PROBS = torch.tensor(
    [
        [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.25, 0.25, 0.5]],
        [[0.6, 0.2, 0.2], [1e-9, 1e-9, 1.0], [1e-9, 1e-9, 1.0]],
    ]
).log()
LABELS = torch.tensor([[0, 1, 1], [2, 0, 1]])
LENGTHS = torch.tensor([3, 1])


def test_the_loss_is_the_mean_over_real_frames() -> None:
    loss = OneStage(8, 3).loss(LOG_PROBS, LABELS, LENGTHS)
    by_hand = -(log(0.5) + log(0.8) + log(0.25) + log(0.2)) / 4
    assert float(loss) == pytest.approx(by_hand, rel=1e-6)


def test_class_weights_make_it_a_weighted_mean() -> None:
    loss = OneStage(8, 3).loss(LOG_PROBS, LABELS, LENGTHS, torch.tensor([1.0, 2.0, 5.0]))
    by_hand = -(1 * log(0.5) + 2 * log(0.8) + 2 * log(0.25) + 5 * log(0.2)) / (1 + 2 + 2 + 5)
    assert float(loss) == pytest.approx(by_hand, rel=1e-6)


def test_labels_past_a_length_are_not_looked_at() -> None:
    strange = LABELS.clone()
    strange[1, 1:] = -1
    head = OneStage(8, 3)
    assert head.loss(LOG_PROBS, strange, LENGTHS) == head.loss(LOG_PROBS, LABELS, LENGTHS)


def test_one_stage_is_a_softmax() -> None:
    head = OneStage(8, 3)
    features = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    law = head(features, torch.tensor([5, 5])).exp()
    torch.testing.assert_close(law, torch.softmax(head.output(features), dim=-1))
    assert law.shape == (2, 5, 3)


def test_half_precision_features_give_single_precision_laws() -> None:
    head = OneStage(8, 3).to(torch.bfloat16)
    assert head(torch.ones(1, 2, 8, dtype=torch.bfloat16), torch.tensor([2])).dtype == torch.float32


def test_heads_by_name() -> None:
    assert isinstance(make_head("one_stage", 8, 13), OneStage)
    with pytest.raises(InputError, match=r"unknown head 'one_stge' \(did you mean 'one_stage'\?\)"):
        make_head("one_stge", 8, 4)
    with pytest.raises(InputError, match="known: one_stage"):
        make_head("xyz", 8, 4)
    with pytest.raises(InputError, match="at least two classes, not 1"):
        make_head("one_stage", 8, 1)
