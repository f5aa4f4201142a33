"""Running a bidirectional GRU over sequences of different lengths, weights masked or not."""

from __future__ import annotations

import torch
from torch import Tensor, nn

RECURRENT = ("weight_hh_l0", "weight_hh_l0_reverse")


def recur(gru: nn.GRU, x: Tensor, steps: Tensor, mask: Tensor | None = None) -> Tensor:
    """Hidden states of both directions, ``(batch, step, 2 * hidden)``.

    The backward direction of every sequence starts at its own last step.

    Parameters
    ----------
    gru
        Of one layer, bidirectional, batch first.
    x
        Shape ``(batch, step, feature)``.
    steps
        Real steps of every sequence, ``(batch,)``.
    mask
        What the recurrent weights are multiplied with: ``(2, 3 * hidden, hidden)`` for the
        whole batch, or one such mask an item.
    """
    if mask is not None and mask.ndim == 4:
        # other weights for every item: a fused pass each is faster than a loop over steps
        each = range(x.shape[0])
        return torch.cat([recur(gru, x[i : i + 1], steps[i : i + 1], mask[i]) for i in each])
    own = {}
    if mask is not None:
        own = {name: getattr(gru, name) * mask[i] for i, name in enumerate(RECURRENT)}
    whole: Tensor
    if bool((steps >= x.shape[1]).all()):
        whole, _ = torch.func.functional_call(gru, own, (x,))
        return whole
    packed = nn.utils.rnn.pack_padded_sequence(
        x, steps.cpu(), batch_first=True, enforce_sorted=False
    )
    output, _ = torch.func.functional_call(gru, own, (packed,))
    whole, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])
    return whole
