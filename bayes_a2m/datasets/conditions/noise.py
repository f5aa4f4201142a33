"""Noise: sources mixed at a level."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from bayes_a2m.datasets.conditions.babble import Babble
from bayes_a2m.datasets.conditions.effect import Effect, Samples
from bayes_a2m.datasets.conditions.level import active_level
from bayes_a2m.datasets.conditions.source import ColouredNoise, Fan, Hum
from bayes_a2m.datasets.conditions.spectrum import unit

AnySource = Annotated[ColouredNoise | Babble | Hum | Fan, Field(discriminator="kind")]
"""Every source of noise, told apart by its ``kind``."""

NOMINAL = -26.0
"""Level in dBFS of the voice that a silent recording is taken to have had: that to which ITU-T
P.56 and its users normalise speech. A silent room has its noise, too."""


class Noise(Effect):
    """Noise of sources sounding together, at one level, for the whole recording.

    That level is the RMS of the mixture, either below the voice (``snr_db``, against
    :func:`~bayes_a2m.datasets.conditions.level.active_level` of what comes in) or absolute
    (``level_dbfs``). It scales the mixture and changes nothing in it.

    Attributes
    ----------
    sources
        Sources of noise, each with its weight. Every source has a stream of random numbers of its
        own.
    snr_db
        Ratio of voice to noise in dB, or None.
    level_dbfs
        Level of the noise in dBFS, or None; one of the two is given.
    """

    kind: Literal["noise"] = "noise"
    sources: tuple[AnySource, ...] = Field(min_length=1)
    snr_db: float | None = Field(None, ge=-60, le=200)
    level_dbfs: float | None = Field(None, ge=-200, le=0)

    @model_validator(mode="after")
    def _one_level(self) -> Noise:
        if (self.snr_db is None) == (self.level_dbfs is None):
            raise ValueError("give either snr_db or level_dbfs")
        return self

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Add the noise."""
        mixture = self.mixture(samples.shape[0], sample_rate, generator)
        return samples + 10 ** (self._level(samples, sample_rate) / 20) * mixture

    def mixture(self, count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Make the noise alone, shape ``(count,)``, RMS 1."""
        total = np.zeros(count)
        for source, stream in zip(self.sources, generator.spawn(len(self.sources)), strict=True):
            total += 10 ** (source.weight_db / 20) * source.sound(count, sample_rate, stream)
        return unit(total)

    def _level(self, samples: Samples, sample_rate: int) -> float:
        """RMS of the noise, dBFS."""
        if self.level_dbfs is not None:
            return self.level_dbfs
        assert self.snr_db is not None
        voice = active_level(samples, sample_rate)
        return (NOMINAL if voice == -np.inf else voice) - self.snr_db
