"""Padding is left out of masks, pooled lengths and batch statistics."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bayes_a2m.networks.masking import MaskedBatchNorm2d, frame_mask, pooled


def test_masks_are_only_made_where_something_is_padded() -> None:
    assert frame_mask(torch.tensor([5, 5]), 5) is None
    mask = frame_mask(torch.tensor([5, 2, 1]), 5)
    assert mask is not None
    assert mask.int().tolist() == [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]


def test_a_rest_counts_as_a_frame() -> None:
    assert pooled(torch.tensor([1, 2, 3, 4, 5, 6]), 3).tolist() == [1, 1, 1, 2, 2, 2]
    assert pooled(torch.tensor([1, 7]), 1).tolist() == [1, 7]


LENGTHS = torch.tensor([9, 4, 1])


def batch(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """A padded batch of (3, channel 5, frame 9, bin 7), its mask, and its real frames alone."""
    generator = torch.Generator().manual_seed(seed)
    x = 3 + 2 * torch.randn(3, 5, 9, 7, generator=generator)
    mask = frame_mask(LENGTHS, 9)
    assert mask is not None
    x = torch.where(mask[:, None, :, None], x, torch.tensor(1e3))
    real = torch.cat([x[i, :, :n] for i, n in enumerate(LENGTHS)], dim=1)[None]
    return x, mask, real


def layers() -> tuple[MaskedBatchNorm2d, nn.BatchNorm2d]:
    """Ours and torch's, with the same affine map."""
    ours, torchs = MaskedBatchNorm2d(5), nn.BatchNorm2d(5)
    generator = torch.Generator().manual_seed(1)
    for parameter in ours.parameters():
        parameter.data.normal_(generator=generator)
    torchs.load_state_dict(ours.state_dict())
    return ours, torchs


def test_statistics_are_those_of_the_real_frames_put_together() -> None:
    ours, torchs = layers()
    for seed in range(3):
        x, mask, real = batch(seed)
        normal, expected = ours(x, mask), torchs(real)
        together = torch.cat([normal[i, :, :n] for i, n in enumerate(LENGTHS)], dim=1)[None]
        torch.testing.assert_close(together, expected, rtol=1e-4, atol=1e-5)
        for name, value in torchs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[name], value, rtol=1e-5, atol=1e-5)
    assert ours.num_batches_tracked == 3


def test_gradients_are_those_of_the_real_frames_put_together() -> None:
    ours, torchs = layers()
    x, mask, real = batch()
    x.requires_grad_()
    real.requires_grad_()
    normal, expected = ours(x, mask), torchs(real)
    together = torch.cat([normal[i, :, :n] for i, n in enumerate(LENGTHS)], dim=1)[None]
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))
    (together * weights).sum().backward()
    (expected * weights).sum().backward()
    for a, b in zip(ours.parameters(), torchs.parameters(), strict=True):
        assert a.grad is not None
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-4)
    assert x.grad is not None
    assert real.grad is not None
    frames = torch.cat([x.grad[i, :, :n] for i, n in enumerate(LENGTHS)], dim=1)[None]
    torch.testing.assert_close(frames, real.grad, rtol=1e-3, atol=1e-5)
    assert not x.grad[1, :, 4:].any()


@pytest.mark.parametrize("training", [False, True])
def test_without_padding_it_is_torchs(training: bool) -> None:
    ours, torchs = layers()
    x = torch.randn(3, 5, 9, 7, generator=torch.Generator().manual_seed(3))
    assert torch.equal(ours.train(training)(x, None), torchs.train(training)(x))
    assert torch.equal(ours.eval()(x, frame_mask(LENGTHS, 9)), torchs.eval()(x))


def test_half_precision_is_torchs_of_the_real_frames() -> None:
    ours, torchs = layers()
    x, mask, real = batch()
    with torch.autocast("cpu", torch.bfloat16):
        normal, expected = ours(x.bfloat16(), mask), torchs(real.bfloat16())
    assert normal.dtype == expected.dtype == torch.bfloat16
    together = torch.cat([normal[i, :, :n] for i, n in enumerate(LENGTHS)], dim=1)[None]
    torch.testing.assert_close(together, expected, rtol=0.02, atol=0.02)
    torch.testing.assert_close(ours.running_mean, torchs.running_mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.running_var, torchs.running_var, rtol=1e-5, atol=1e-5)
    normal.sum().backward()
    assert ours.weight.grad is not None
    assert torch.isfinite(ours.weight.grad).all()
