"""A room, as decaying noise."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import fft

from bayes_a2m.datasets.conditions.effect import Effect, Samples

CROSSOVERS = (400.0, 3000.0)
"""Hz between the low, middle and high bands, each of which has its own reverberation time."""

FIRST, LAST = 0.005, 0.04
"""Seconds after the direct sound between which single reflections arrive; none comes before."""


class Reverb(Effect):
    """Reverberation: direct sound, a few early reflections, noise that decays exponentially.

    The impulse response is a click at sample 0, so the direct sound stays where it was, plus
    reverberation after Moorer (1979, "About This Reverberation Business", Computer Music
    Journal 3(2)): Gaussian noise under the envelope ``10^(-3 t / RT60)``. Bass rings longer
    and treble shorter than the middle, as air and curtains have it.

    Attributes
    ----------
    rt60
        Seconds in which the middle band decays by 60 dB.
    low_ratio, high_ratio
        Reverberation times of the low (to 400 Hz) and high (from 3 kHz) bands over ``rt60``.
    direct_db
        Energy of the direct sound over that of all the rest, dB: small is far away.
    reflections
        Number of early reflections, in the first 5 to 40 ms.
    """

    kind: Literal["room"] = "room"
    rt60: float = Field(gt=0, le=10)
    low_ratio: float = Field(1.0, gt=0, le=3)
    high_ratio: float = Field(1.0, gt=0, le=3)
    direct_db: float = Field(ge=-40, le=100)
    reflections: int = Field(6, ge=0, le=100)

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Convolve with the impulse response, and cut off what rings past the end."""
        count = samples.shape[0]
        response = self.impulse_response(sample_rate, generator)[:count]
        padded = fft.next_fast_len(count + response.shape[0] - 1, real=True)
        spectrum = fft.rfft(samples, padded)
        spectrum *= fft.rfft(response, padded)
        ringing: Samples = fft.irfft(spectrum, padded)[:count]
        return ringing

    def impulse_response(self, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Draw the response to a click, shape ``(samples,)``: 1 at sample 0, then reverberation.

        The generator decides when reflections come and how the decay sounds; ``direct_db``
        only scales them.
        """
        longest = self.rt60 * max(1.0, self.low_ratio, self.high_ratio)
        count = fft.next_fast_len(max(2, round(longest * sample_rate)), real=True)
        rest = self._decay(count, sample_rate, generator)
        rest[: round(FIRST * sample_rate)] = 0.0
        at, strength = self._early(sample_rate, generator)
        np.add.at(rest, at[at < count], strength[at < count])
        energy = np.sum(np.square(rest))
        if energy > 0:
            rest *= np.sqrt(10 ** (-self.direct_db / 10) / energy)
        rest[0] = 1.0
        return rest

    def _decay(self, count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Noise of three bands, each under its own envelope, shape ``(count,)``."""
        spectrum = fft.rfft(generator.standard_normal(count))
        frequencies = fft.rfftfreq(count, 1 / sample_rate)
        below, above = (1 / (1 + (frequencies / edge) ** 4) for edge in CROSSOVERS)
        time = np.arange(count) / sample_rate
        decay = np.zeros(count)
        for band, ratio in (
            (below, self.low_ratio),
            (above - below, 1.0),
            (1 - above, self.high_ratio),
        ):
            envelope = np.exp(-3 * np.log(10) * time / (self.rt60 * ratio))
            decay += fft.irfft(spectrum * band, count) * envelope
        return decay

    def _early(
        self, sample_rate: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.int64], Samples]:
        """Samples at which reflections arrive, and their amplitudes, each ``(reflections,)``."""
        seconds = generator.uniform(FIRST, LAST, self.reflections)
        sign = np.where(generator.uniform(size=self.reflections) < 0.8, 1.0, -1.0)
        # the earliest has the energy of 5 ms of the noise, the others spread over a longer way
        strength = sign * np.sqrt(FIRST * sample_rate) * FIRST / seconds
        return np.round(seconds * sample_rate).astype(np.int64), strength
