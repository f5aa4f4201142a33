"""Compressor, which makes loud and soft more alike, and pumps when it is too eager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from bayes_a2m import renamed
from bayes_a2m.datasets.conditions.effect import Effect, Samples

FAINTEST = 1e-10
"""Amplitudes and gain reductions below this are taken for it, so that logarithms exist."""


class Compressor(Effect):
    """Feed-forward compressor with a hard knee; with a high ratio, an automatic gain control.

    Above the threshold a level of ``threshold + d`` dB comes out as ``threshold + d / ratio``.
    The gain reduction follows the wave by the *decoupled peak detector* of Giannoulis,
    Massberg and Reiss ("Digital Dynamic Range Compressor Design", J. Audio Eng. Soc. 60(6),
    2012, eq. 16)::

        peak[n]      = max(c[n], r peak[n-1])              r = exp(-1 / (release rate))
        reduction[n] = a reduction[n-1] + (1 - a) peak[n]  a = exp(-1 / (attack rate))

    with c the static curve's reduction in dB. No gain is made up for: a :class:`Level` after
    it does that, and so lifts the noise in the pauses.

    Attributes
    ----------
    threshold_db
        Threshold, dBFS of the wave's peaks.
    ratio
        Ratio of dB in to dB out above the threshold.
    attack, release
        Time constants in seconds.
    """

    kind: Literal["compress"] = "compress"
    threshold_db: float = Field(ge=-100, le=0)
    ratio: float = Field(ge=1)
    attack: float = Field(0.005, gt=0)
    release: float = Field(0.15, gt=0)

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Turn down what is above the threshold."""
        reduction = self.reduction(samples, sample_rate)
        softer: Samples = samples * np.exp(-np.log(10) / 20 * reduction)
        return softer

    def reduction(self, samples: Samples, sample_rate: int) -> Samples:
        """Compute the gain reduction of each sample, dB, shape ``(samples,)``."""
        from scipy.signal import lfilter

        level = 20 * np.log10(np.maximum(np.abs(samples), FAINTEST))
        over = (1 - 1 / self.ratio) * (level - self.threshold_db)
        # log peak[n] + n k = max over m <= n of (log c[m] + m k): a running maximum, no loop
        fall = np.arange(samples.shape[0]) / (self.release * sample_rate)
        peak = np.exp(np.maximum.accumulate(np.log(np.maximum(over, FAINTEST)) + fall) - fall)
        kept = float(np.exp(-1 / (self.attack * sample_rate)))
        smooth: Samples = lfilter([1 - kept], [1, -kept], peak)
        return smooth


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
