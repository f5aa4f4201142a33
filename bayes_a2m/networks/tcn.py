"""Temporal convolutional network (TCN): dilated convolutions over steps, causal or not.

Bai, Kolter and Koltun 2018, "An empirical evaluation of generic convolutional and recurrent
networks for sequence modeling" (https://arxiv.org/abs/1803.01271), section 3: residual blocks of
two dilated convolutions, whose dilation doubles from block to block. Batch normalisation stands
in the place of weight normalisation.
"""

from __future__ import annotations

from functools import partial

import torch
from pydantic import Field
from torch import Tensor, nn

from bayes_a2m.networks.blocks import StepConvolution, masked
from bayes_a2m.networks.dropout import SequenceDropout
from bayes_a2m.networks.network import Layer
from bayes_a2m.networks.stepped import StepNetwork


class _ResidualBlock(nn.Module):
    """Two dilated convolutions beside an identity: ``relu(x + f(x))``."""

    def __init__(
        self,
        width: int,
        kernel: int,
        dilation: int,
        dropout: SequenceDropout | None,
        *,
        causal: bool,
    ) -> None:
        super().__init__()
        self.first = StepConvolution(width, width, kernel, dilation, causal=causal)
        self.second = StepConvolution(width, width, kernel, dilation, causal=causal)
        self.dropout = dropout

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        inner = torch.relu(self.first(x, mask))
        if self.dropout is not None:
            inner = self.dropout(inner, axis=1)
        return torch.relu(x + self.second(inner, mask))


class TCN(StepNetwork):
    """Residual blocks of dilated convolutions over steps of four frames.

    With five blocks of kernel 3 a step sees ``1 + 4 (1 + 2 + 4 + 8 + 16) = 125`` steps, 3.0 s at
    a hop of 6 ms; with the convolutions in front 513 frames. A causal one sees as far back, and
    ahead only to the end of the step of four frames that a frame lies in: at most 3 frames, 18 ms,
    which makes it a candidate for streams. It has 414,032 parameters at 252 bins and 4 classes;
    ``bayes-a2m networks`` measures all this.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    settings
        Values of :class:`TCN.Options`.
    """

    name = "tcn"

    class Options(StepNetwork.Options):
        """Sizes of a TCN beside those of what is common to networks of steps."""

        blocks: int = Field(5, ge=1, le=12, description="residual blocks; dilations 1, 2, 4 ...")
        kernel: int = Field(3, ge=2, description="steps that a convolution looks at")
        causal: bool = Field(False, description="look at no later step")

    def make_context(self, width: int) -> int:
        """Make the residual blocks, which keep the width."""
        options: TCN.Options = self.options
        self.context = nn.ModuleList(
            _ResidualBlock(
                width,
                options.kernel,
                2**i,
                self.dropout_of(width, options.dropout.context),
                causal=options.causal,
            )
            for i in range(options.blocks)
        )
        return width

    def context_layers(self) -> tuple[Layer, ...]:
        """Return the residual blocks, one layer each."""
        return tuple(
            Layer((f"context.{i}",), partial(self._residual, i)) for i in range(len(self.context))
        )

    def _residual(self, index: int, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        mask = self.step_mask(lengths, x.shape[1])
        maps = masked(x.transpose(1, 2)[..., None], mask)
        answer: Tensor = self.context[index](maps, mask)
        return answer[..., 0].transpose(1, 2)
