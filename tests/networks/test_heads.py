"""Heads give distributions over the classes; their loss is the NLL of real frames."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch

from bayes_a2m.errors import InputError
from bayes_a2m.metrics import stages
from bayes_a2m.networks.heads import OneStage, TwoStage, compose, make_head

# two recordings of 3 and 1 frames; what is padded has labels and distributions that would show
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
    distribution = head(features, torch.tensor([5, 5])).exp()
    torch.testing.assert_close(distribution, torch.softmax(head.output(features), dim=-1))
    assert distribution.shape == (2, 5, 3)


def test_half_precision_features_give_single_precision_laws() -> None:
    head = OneStage(8, 3).to(torch.bfloat16)
    assert head(torch.ones(1, 2, 8, dtype=torch.bfloat16), torch.tensor([2])).dtype == torch.float32


def _two_stage(classes: int = 4, **options: float) -> TwoStage:
    head = make_head({"name": "two_stage", **options}, 8, classes)
    assert isinstance(head, TwoStage)
    return head


@pytest.mark.parametrize("kind", ["two_stage", "cascade"])
@pytest.mark.parametrize("classes", [2, 4, 13])
def test_the_composed_law_sums_to_one_and_is_the_product_of_its_stages(
    kind: str, classes: int
) -> None:
    head = make_head(kind, 8, classes)
    assert isinstance(head, TwoStage)
    features = torch.randn(2, 50, 8, generator=torch.Generator().manual_seed(0))
    distribution = head(features, torch.tensor([50, 50])).exp().double()
    torch.testing.assert_close(distribution.sum(-1), torch.ones(2, 50).double(), rtol=0, atol=1e-6)
    sound = torch.sigmoid(head.sound(head.read_by("sound", features)))
    pitch = torch.softmax(head.pitch(head.read_by("pitch", features)), dim=-1)
    torch.testing.assert_close(distribution[..., 1:].float(), sound * pitch)
    found = (
        stages.silence_of(distribution.detach().numpy()),
        stages.pitch_of(distribution.detach().numpy()),
    )
    np.testing.assert_allclose(found[0][..., 1], sound[..., 0].detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(found[1], pitch.detach().numpy(), atol=1e-5)


def test_sure_stages_stay_finite() -> None:
    distribution = compose(
        torch.tensor([[200.0], [-200.0]]), torch.tensor([[300.0, 0.0], [0.0, 1.0]])
    )
    assert torch.isfinite(distribution).all()
    torch.testing.assert_close(distribution.exp().sum(-1), torch.ones(2))


def test_with_a_perfect_first_stage_both_designs_agree() -> None:
    """Where silence is known, one softmax and two stages of the same scores are the same."""
    scores = torch.randn(40, 4, generator=torch.Generator().manual_seed(1)).double()
    sounding = torch.arange(40) % 3 > 0
    sure = torch.where(sounding, 60.0, -60.0).double()[:, None]
    two = compose(sure, scores[:, 1:])
    # a single head that knows silence as well: its score takes all, or nothing
    one = torch.log_softmax(torch.cat([-sure, scores[:, 1:]], dim=-1), dim=-1)
    torch.testing.assert_close(two.exp(), one.exp(), rtol=0, atol=1e-12)


def test_the_loss_of_two_stages_is_the_sum_of_theirs() -> None:
    features = torch.randn(2, 30, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 4, (2, 30), generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([30, 20])
    real = torch.arange(30) < lengths[:, None]
    head = _two_stage()
    distribution = head(features, lengths)
    sound = (labels > 0)[real].float()
    first = torch.nn.functional.binary_cross_entropy_with_logits(
        head.sound(features)[real][:, 0], sound, reduction="sum"
    )
    second = torch.nn.functional.cross_entropy(
        head.pitch(features)[real & (labels > 0)], labels[real & (labels > 0)] - 1, reduction="sum"
    )
    assert float(head.loss(distribution, labels, lengths)) == pytest.approx(
        float(first + second) / 50
    )
    weighted = _two_stage(silence_weight=3.0, pitch_weight=0.5)
    weighted.load_state_dict(head.state_dict())
    by_hand = float(3 * first + 0.5 * second) / 50
    assert float(weighted.loss(distribution, labels, lengths)) == pytest.approx(by_hand)


def test_smoothing_spreads_the_labels() -> None:
    """As torch's own cross-entropy, which takes scores."""
    scores = torch.randn(1, 20, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 3, (1, 20), generator=torch.Generator().manual_seed(1))
    found = OneStage(8, 3).loss(scores.log_softmax(-1), labels, torch.tensor([20]), smoothing=0.1)
    expected = torch.nn.functional.cross_entropy(scores[0], labels[0], label_smoothing=0.1)
    torch.testing.assert_close(found, expected)


def test_focal_loss_counts_sure_frames_for_less() -> None:
    found = OneStage(8, 3).loss(LOG_PROBS, LABELS, LENGTHS, focal=2.0)
    parts = [(1 - p) ** 2 * -log(p) for p in (0.5, 0.8, 0.25, 0.2)]
    assert float(found) == pytest.approx(sum(parts) / 4, rel=1e-5)
    weights = torch.tensor([1.0, 2.0, 5.0])
    weighted = OneStage(8, 3).loss(LOG_PROBS, LABELS, LENGTHS, weights, focal=2.0)
    by_hand = sum(w * part for w, part in zip((1, 2, 2, 5), parts, strict=True)) / 10
    assert float(weighted) == pytest.approx(by_hand, rel=1e-5)


def test_each_stage_of_a_cascade_reads_its_half() -> None:
    head = make_head("cascade", 8, 4)
    assert sum(p.numel() for p in head.parameters()) == (4 + 1) + (3 * 4 + 3)
    features = torch.arange(8.0)
    assert head.read_by("sound", features).tolist() == [0, 1, 2, 3]
    assert head.read_by("pitch", features).tolist() == [4, 5, 6, 7]


def test_heads_by_name() -> None:
    assert isinstance(make_head("one_stage", 8, 13), OneStage)
    with pytest.raises(InputError, match=r"unknown head 'one_stge' \(did you mean 'one_stage'\?\)"):
        make_head("one_stge", 8, 4)
    with pytest.raises(InputError, match="known: one_stage"):
        make_head("xyz", 8, 4)
    with pytest.raises(InputError, match="at least two classes, not 1"):
        make_head("one_stage", 8, 1)
