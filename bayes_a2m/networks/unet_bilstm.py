"""U-Net with squeeze-and-excitation, and a bidirectional LSTM over its steps.

The combination is that of the SE-U-Net + BiLSTM in the public repository
JavierVillatoro/Audio_to_Midi, the best network of its authors, here on a front of convolutions:
the U-Net (:mod:`bayes_a2m.networks.unet`) finds contexts of several spans, weights of its channels
come from their means over the recording, and the LSTM (Hochreiter and Schmidhuber 1997) carries
what is left from end to end.
"""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from bayes_a2m.networks.masking import pooled
from bayes_a2m.networks.network import Layer
from bayes_a2m.networks.recurrence import run_both_ways
from bayes_a2m.networks.unet import UNet


class UNetBiLSTM(UNet):
    """U-Net of three levels with weights of its channels, then a bidirectional LSTM.

    The receptive field is the whole recording, by the LSTM and by the means over it. It has
    560,714 parameters at 252 bins and 4 classes; ``bayes-a2m networks`` measures all this.

    Parameters
    ----------
    bins, classes
        Size of input and output; ``Posterior.fit`` sets them from the data.
    settings
        Values of :class:`UNetBiLSTM.Options`.
    """

    name = "unet_bilstm"

    class Options(UNet.Options):
        """Sizes of the LSTM and of squeeze-and-excitation beside those of a U-Net."""

        hidden: int = Field(64, ge=1, description="units of the LSTM, in each direction")
        reduction: int = Field(
            8, ge=1, description="times fewer units inside squeeze-and-excitation than channels"
        )

    def make_context(self, width: int) -> int:
        """Make the U-Net and the LSTM, which reads it."""
        options: UNetBiLSTM.Options = self.options
        top = super().make_context(width)
        self.recurrence = nn.LSTM(top, options.hidden, batch_first=True, bidirectional=True)
        return 2 * options.hidden

    def context_layers(self) -> tuple[Layer, ...]:
        """Return the U-Net and the LSTM."""
        return (*super().context_layers(), Layer(("recurrence",), self._recur))

    def _reduction(self) -> int | None:
        options: UNetBiLSTM.Options = self.options
        return options.reduction

    def _recur(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        return run_both_ways(self.recurrence, x, pooled(lengths, self.step))
