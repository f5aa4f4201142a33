"""U-Net over time: contexts of longer and longer spans, brought back to every step.

Ronneberger, Fischer and Brox 2015, "U-Net: convolutional networks for biomedical image
segmentation" (https://arxiv.org/abs/1505.04597), in one dimension: each of three levels is half
as fine in time as the one above and reads what that has found; on the way back up, what a level
knew itself stands beside what came from below.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from bayes_a2m.networks.blocks import StepConvolution, doubled, halved, masked
from bayes_a2m.networks.dropout import SequenceDropout
from bayes_a2m.networks.masking import frame_mask, pooled
from bayes_a2m.networks.network import Layer
from bayes_a2m.networks.stepped import StepNetwork


class SqueezeExcitation(nn.Module):
    """Weights of the channels, from their means over a recording's own steps.

    Hu, Shen and Sun 2018, "Squeeze-and-excitation networks" (https://arxiv.org/abs/1709.01507),
    equations 2 and 3: ``x * sigmoid(W2 relu(W1 mean(x)))``.
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        inner = max(1, channels // reduction)
        self.squeeze = nn.Linear(channels, inner)
        self.excite = nn.Linear(inner, channels)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Weigh ``(batch, channel, step, 1)``, whose padding is zero; ``lengths`` are in steps."""
        mean = x.sum((2, 3)) / lengths[:, None].to(x.dtype)
        weights = torch.sigmoid(self.excite(torch.relu(self.squeeze(mean))))
        return x * weights[:, :, None, None]


class DoubleConvolution(nn.Module):
    """Two convolutions with ReLU, then weights of the channels or dropout where there are any."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        dropout: SequenceDropout | None,
        reduction: int | None,
    ) -> None:
        super().__init__()
        self.first = StepConvolution(inputs, outputs, kernel)
        self.second = StepConvolution(outputs, outputs, kernel)
        self.weights = None if reduction is None else SqueezeExcitation(outputs, reduction)
        self.dropout = dropout

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        mask = frame_mask(lengths, x.shape[2])
        x = torch.relu(self.second(torch.relu(self.first(x, mask)), mask))
        if self.weights is not None:
            x = self.weights(x, lengths)
        return x if self.dropout is None else self.dropout(x, axis=1)


class UNet1d(nn.Module):
    """U-Net of ``(batch, channel, step, 1)``; each level pools two steps into one.

    Parameters
    ----------
    inputs
        Number of input channels.
    widths
        Channels of the levels from the top, the bottom's last; the output has the first.
    kernel
        Steps that a convolution looks at.
    drops
        Dropout layers, one a double convolution, from the first on the way down to the last on
        the way up.
    reduction
        How many times fewer units squeeze-and-excitation has inside than channels; none where it
        is None.
    """

    def __init__(
        self,
        inputs: int,
        widths: tuple[int, ...],
        kernel: int,
        drops: list[SequenceDropout | None],
        reduction: int | None = None,
    ) -> None:
        super().__init__()
        make = partial(DoubleConvolution, kernel=kernel, reduction=reduction)
        depth = len(widths)
        above = (inputs, *widths[:-1])
        self.down = nn.ModuleList(
            make(i, o, dropout=d) for i, o, d in zip(above, widths, drops[:depth], strict=True)
        )
        pairs = list(pairwise(widths))[::-1]
        self.up = nn.ModuleList(
            make(skip + below, skip, dropout=d)
            for (skip, below), d in zip(pairs, drops[depth:], strict=True)
        )

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Give every step its context; ``lengths`` are in steps, padding is zero."""
        skips, spans = [], [pooled(lengths, 2**i) for i in range(len(self.down))]
        for level, (block, span) in enumerate(zip(self.down, spans, strict=True)):
            x = block(halved(x) if level else x, span)
            skips.append(x)
        skips.pop()
        for block, span in zip(self.up, spans[-2::-1], strict=True):
            skip = skips.pop()
            wide = masked(doubled(x, skip), frame_mask(span, skip.shape[2]))
            x = block(torch.cat([skip, wide], dim=1), span)
        return x


class UNet(StepNetwork):
    """U-Net of three levels and a bottom over steps of four frames.

    The bottom is eight steps, 192 ms, to one of its own, so two convolutions there see a second;
    with the way down and up, and the convolutions in front, an answer hears 425 frames, 2.55 s.
    It has 468,208 parameters at 252 bins and 4 classes; ``bayes-a2m networks`` measures all this.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    settings
        Values of :class:`UNet.Options`.
    """

    name = "unet"

    class Options(StepNetwork.Options):
        """Sizes of a U-Net beside those of what is common to networks of steps."""

        width: int = Field(64, ge=1, description="units of a step between its layers")
        levels: tuple[int, ...] = Field(
            (64, 80, 96, 112), min_length=2, description="channels from the top; the last: bottom"
        )
        kernel: int = Field(3, ge=1, description="steps that a convolution looks at")

    def make_context(self, width: int) -> int:
        """Make the U-Net, which gives as many channels as its top level has."""
        options: UNet.Options = self.options
        self.context = UNet1d(
            width, options.levels, options.kernel, self._drops(), self._reduction()
        )
        return options.levels[0]

    def context_layers(self) -> tuple[Layer, ...]:
        """Return the U-Net, as one layer: its levels read one another."""
        return (Layer(("context",), self._run),)

    def _drops(self) -> list[SequenceDropout | None]:
        options: UNet.Options = self.options
        widths = (*options.levels, *options.levels[-2::-1])
        return [self.dropout_of(width, options.dropout.context) for width in widths]

    def _reduction(self) -> int | None:
        """Reduction of squeeze-and-excitation; None: there is none."""
        return None

    def _run(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        steps = pooled(lengths, self.step)
        maps = masked(x.transpose(1, 2)[..., None], frame_mask(steps, x.shape[1]))
        answer: Tensor = self.context(maps, steps)
        return answer[..., 0].transpose(1, 2)
