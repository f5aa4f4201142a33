"""Effects of converters and codecs: clipping, quantisation, another sampling rate."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from bayes_a2m.audio.io import resample
from bayes_a2m.datasets.conditions.effect import Effect, Samples

MU = 255.0
"""Constant of the mu-law, ITU-T G.711."""


class Clip(Effect):
    """Clipping of an input driven too hard: the loudest samples are cut flat.

    Attributes
    ----------
    share
        Share of all samples that are cut, 0 to 1.
    most_db
        The cut lies at most so far below the peak, lest a recording of mostly silence lose
        its voice to its share.
    """

    kind: Literal["clip"] = "clip"
    share: float = Field(ge=0, lt=1)
    most_db: float = Field(20.0, ge=0)

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Limit to the threshold that the share's samples exceed."""
        if self.share == 0:
            return samples
        size = np.abs(samples)
        lowest = size.max() * 10 ** (-self.most_db / 20)
        threshold = max(float(np.quantile(size, 1 - self.share)), float(lowest))
        return np.clip(samples, -threshold, threshold)


class Quantise(Effect):
    """Quantisation: even steps of ``2^(1 - bits)``, or even steps after the mu-law.

    Attributes
    ----------
    bits
        Bits of each sample. Samples beyond full scale are cut there, as a converter does.
    law
        ``mu`` spaces the steps by ``log(1 + 255 |x|) / log(256)``: finer where it is soft.
    dither
        ``triangular`` adds noise of one step either way before rounding, which makes the error
        independent of the sound (Lipshitz, Wannamaker and Vanderkooy 1992).
    """

    kind: Literal["quantise"] = "quantise"
    bits: int = Field(ge=2, le=24)
    law: Literal["linear", "mu"] = "linear"
    dither: Literal["none", "triangular"] = "none"

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Round to the nearest step; zero is one of them."""
        value = np.clip(samples, -1.0, 1.0)
        if self.law == "mu":
            value = np.sign(value) * np.log1p(MU * np.abs(value)) / np.log1p(MU)
        step = 2.0 ** (1 - self.bits)
        if self.dither == "triangular":
            value = value + step * generator.triangular(-1.0, 0.0, 1.0, value.shape)
        value = np.clip(step * np.round(value / step), -1.0, 1.0)
        if self.law == "mu":
            value = np.sign(value) * np.expm1(np.abs(value) * np.log1p(MU)) / MU
        return value


class Resample(Effect):
    """Resampling to another rate and back, which loses what the lower rate cannot hold.

    Attributes
    ----------
    rate
        The other sampling rate, Hz. One at or above the recording's loses nothing, and nothing is
        done.
    """

    kind: Literal["resample"] = "resample"
    rate: int = Field(ge=2000, le=192000)

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Resample twice; soxr's filters have linear phase, their delay taken out."""
        if self.rate >= sample_rate:
            return samples
        there = resample(samples.astype(np.float32), sample_rate, self.rate)
        if there.shape[0] == 0:  # shorter than a sample of the lower rate
            return samples
        back = resample(there, self.rate, sample_rate)[: samples.shape[0]]
        return np.pad(back.astype(np.float64), (0, samples.shape[0] - back.shape[0]))
