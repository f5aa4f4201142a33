"""Transformer over steps, behind convolutions, with rotary positions.

Vaswani et al. 2017, "Attention is all you need" (https://arxiv.org/abs/1706.03762), with layer
normalisation before each part (Xiong et al. 2020, https://arxiv.org/abs/2002.04745), which needs
no warm-up to train, and with rotary positions (Su et al. 2021, "RoFormer",
https://arxiv.org/abs/2104.09864, equation 34): a product of query and key depends on how far
apart two steps are, not on where they are, so a recording may be of any length.
"""

from __future__ import annotations

from functools import partial
from typing import Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from bayes_a2m.errors import InputError
from bayes_a2m.networks.dropout import SequenceDropout
from bayes_a2m.networks.network import Layer
from bayes_a2m.networks.stepped import StepNetwork

BASE = 10_000.0
"""Longest wavelength of rotary positions over 2 pi, in steps (RoFormer, section 3.2.2)."""


class _Attention(nn.Module):
    """Self-attention of several heads with rotary positions, ``(batch, step, width)``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        # no bias: that of the keys would change nothing but through positions
        self.queries = nn.Linear(width, width, bias=False)
        self.keys = nn.Linear(width, width, bias=False)
        self.values = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        angles = rotary_angles(x.shape[1], x.shape[2] // self.heads, x)
        queries, keys, values = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.queries, self.keys, self.values)
        )
        answer = nn.functional.scaled_dot_product_attention(
            rotated(queries, angles).to(values.dtype),
            rotated(keys, angles).to(values.dtype),
            values,
            attn_mask=None if mask is None else mask[:, None, None, :],
        )
        whole: Tensor = self.output(answer.transpose(1, 2).flatten(2))
        return whole


class _Block(nn.Module):
    """Attention, then two affine maps of each step; each beside an identity."""

    def __init__(
        self,
        width: int,
        heads: int,
        inner: int,
        drops: tuple[SequenceDropout | None, SequenceDropout | None],
    ) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = _Attention(width, heads)
        self.before_maps = nn.LayerNorm(width)
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)
        self.attention_dropout, self.maps_dropout = drops

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        attended = self.attention(self.before_attention(x), mask)
        x = x + (attended if self.attention_dropout is None else self.attention_dropout(attended))
        mapped: Tensor = self.outer(nn.functional.gelu(self.inner(self.before_maps(x))))
        return x + (mapped if self.maps_dropout is None else self.maps_dropout(mapped))


class Transformer(StepNetwork):
    """Blocks of self-attention over steps of four frames, behind the CRNN's convolutions.

    Every step attends to every other, so the receptive field is the whole recording; the work
    grows with the square of its length, which windows of 4 s (167 steps) keep small. It has
    359,312 parameters at 252 bins and 4 classes; ``bayes-a2m networks`` measures all this.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    settings
        Values of :class:`Transformer.Options`.
    """

    name = "transformer"

    class Options(StepNetwork.Options):
        """Sizes of a Transformer beside those of what is common to networks of steps."""

        blocks: int = Field(3, ge=1, le=100, description="blocks of attention")
        heads: int = Field(4, ge=1, description="heads of attention")
        inner: int = Field(192, ge=1, description="units between the two affine maps of a block")

        @model_validator(mode="after")
        def _heads_share_the_width(self) -> Self:
            if self.width % (2 * self.heads):
                raise InputError(
                    f"network.width: {self.width} must be a multiple of twice the {self.heads} "
                    "heads: each has pairs of units, which positions turn"
                )
            return self

    def make_context(self, width: int) -> int:
        """Make the blocks of attention and the normalisation after them."""
        options: Transformer.Options = self.options

        def drop() -> SequenceDropout | None:
            return self.dropout_of(width, options.dropout.context)

        self.context = nn.ModuleList(
            _Block(width, options.heads, options.inner, (drop(), drop()))
            for _ in range(options.blocks)
        )
        self.normalization = nn.LayerNorm(width)
        return width

    def context_layers(self) -> tuple[Layer, ...]:
        """Return the blocks, one layer each, and the normalisation."""
        blocks = tuple(
            Layer((f"context.{i}",), partial(self._attend, i)) for i in range(len(self.context))
        )
        return (*blocks, Layer(("normalization",), self._normalize))

    def _attend(self, index: int, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        answer: Tensor = self.context[index](x, self.step_mask(lengths, x.shape[1]))
        return answer

    def _normalize(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        normalized: Tensor = self.normalization(x)
        return normalized


def rotary_angles(steps: int, units: int, like: Tensor) -> Tensor:
    """Compute the angle by which each pair of units of each step is turned.

    Parameters
    ----------
    steps
        Number of steps.
    units
        Even number of units of a head.
    like
        Tensor on the device where they are wanted.

    Returns
    -------
    Tensor, shape (step, units / 2)
        ``step * BASE ** (-2 i / units)``, radians, in single precision at least.
    """
    dtype = torch.promote_types(like.dtype, torch.float32)
    pairs = torch.arange(0, units, 2, device=like.device, dtype=dtype)
    return torch.arange(steps, device=like.device, dtype=dtype)[:, None] * BASE ** (-pairs / units)


def rotated(x: Tensor, angles: Tensor) -> Tensor:
    """Turn pairs of units ``(..., step, unit)``; a pair is a unit and that half the units on.

    Inner products of two turned vectors depend on the difference of their angles alone.

    >>> one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 2.0]])
    >>> near = rotated(one, torch.tensor([[3.0]])) @ rotated(other, torch.tensor([[4.0]])).T
    >>> far = rotated(one, torch.tensor([[13.0]])) @ rotated(other, torch.tensor([[14.0]])).T
    >>> bool(torch.isclose(near, far, atol=1e-5))
    True
    """
    first, second = x.chunk(2, dim=-1)
    cosine, sine = angles.cos(), angles.sin()
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)
