"""Sources of noise, and those that need no more than a spectrum or a pitch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from bayes_a2m.datasets.conditions import spectrum
from bayes_a2m.datasets.conditions.effect import Part, Samples


class Source(Part, ABC):
    """Source of sound besides the voice.

    Attributes
    ----------
    kind
        Its name in JSON.
    weight_db
        Its level among the sources it sounds with, dB.
    """

    kind: str
    weight_db: float = Field(0.0, ge=-100, le=100)

    @abstractmethod
    def sound(self, count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Make ``count`` samples of it, RMS 1 (0 where it happens to be silent throughout)."""


class ColouredNoise(Source):
    """Coloured noise (hiss, rumble, traffic), flat up to a corner and falling above it.

    Attributes
    ----------
    corner
        Frequency at which the spectrum begins to fall, Hz.
    slope_db
        Fall per octave above it, dB.
    """

    kind: Literal["coloured"] = "coloured"
    corner: float = Field(gt=0)
    slope_db: float = Field(ge=0, le=48)

    def sound(self, count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Make Gaussian noise of this colour."""
        colour = spectrum.falling(self.corner, self.slope_db)
        return spectrum.noise(count, sample_rate, generator, colour)


class Hum(Source):
    """Hum of the mains: a tone of 50 or 60 Hz and its harmonics, the even ones weaker.

    Attributes
    ----------
    frequency
        Frequency of the mains, Hz.
    harmonics
        Number of harmonics, the fundamental included.
    fall_db
        Level of harmonic k below the fundamental, dB: ``fall_db log2(k)``.
    """

    kind: Literal["hum"] = "hum"
    frequency: Literal[50, 60] = 50
    harmonics: int = Field(8, ge=1, le=40)
    fall_db: float = Field(4.0, ge=0, le=40)

    def sound(self, count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Make steady harmonics with phases of their own."""
        number = np.arange(1, self.harmonics + 1)
        decibels = -self.fall_db * np.log2(number) - 6.0 * (number % 2 == 0)
        turns = self.frequency * np.arange(count) / sample_rate
        audible = number * self.frequency < sample_rate / 2
        return tones(turns, 10 ** (decibels / 20) * audible, generator)


class Fan(Source):
    """Fan: rushing air in a band, and tones where its blades pass.

    Attributes
    ----------
    blade
        Rate at which blades pass, Hz; it wanders by about 1 %.
    centre
        Frequency about which the air is loudest, Hz.
    tone_db
        Level of the tones over that of the air.
    """

    kind: Literal["fan"] = "fan"
    blade: float = Field(gt=0)
    centre: float = Field(gt=0)
    tone_db: float = Field(-6.0, ge=-100, le=40)

    def sound(self, count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Make the sound of air and blades together."""
        band = spectrum.bell(self.centre, 30.0, 2.0)
        air = spectrum.noise(count, sample_rate, generator, band)
        slowly = spectrum.low_pass(2.0 * spectrum.LOWEST, 1)
        wander = spectrum.noise(count, sample_rate, generator, slowly)
        turns = np.cumsum(self.blade * (1 + 0.01 * wander)) / sample_rate
        number = np.arange(1, 5)
        blades = tones(turns, 1.0 / number * (number * self.blade < 0.45 * sample_rate), generator)
        return spectrum.unit(air + 10 ** (self.tone_db / 20) * blades)


def tones(
    turns: Samples, amplitudes: Sequence[float] | Samples, generator: np.random.Generator
) -> Samples:
    """Make harmonics of one pitch with random phases.

    Parameters
    ----------
    turns
        Phase of the fundamental in whole turns, shape ``(samples,)``.
    amplitudes
        Amplitudes of harmonics 1, 2, ..., shape ``(harmonics,)``.
    generator
        Source of the phases.

    Returns
    -------
    ndarray
        Shape ``(samples,)``, RMS 1.
    """
    phases = generator.uniform(0.0, 2 * np.pi, len(amplitudes))
    complex_amplitudes = np.asarray(amplitudes) * np.exp(1j * phases)
    # harmonic k is the fundamental's phasor to the power k: a polynomial, one exp for them all
    phasor = np.exp(2j * np.pi * turns)
    return spectrum.unit(np.polyval([*complex_amplitudes[::-1], 0.0], phasor).real)
