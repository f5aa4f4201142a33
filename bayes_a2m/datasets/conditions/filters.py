"""Filters that colour a recording: a microphone's high-pass, its colour, a device's band."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from bayes_a2m.datasets.conditions import spectrum
from bayes_a2m.datasets.conditions.effect import Effect, Part, Samples


class Peak(Part):
    """Peak: a gentle rise or dip of the frequency response.

    Attributes
    ----------
    centre
        Centre frequency, Hz.
    gain_db
        Gain at the centre, dB.
    octaves
        Standard deviation of the Gaussian over octaves.
    """

    centre: float = Field(gt=0)
    gain_db: float = Field(ge=-40, le=40)
    octaves: float = Field(0.5, ge=0.1)

    @property
    def curve(self) -> spectrum.Curve:
        """Gain over frequency."""
        return spectrum.bell(self.centre, self.gain_db, self.octaves)


class HighPass(Effect):
    """High-pass, the switch on a microphone against rumble.

    Attributes
    ----------
    cutoff
        Hz at which it is 3 dB down.
    order
        Order of the Butterworth response; it falls by 6 dB per octave and order.
    """

    kind: Literal["high_pass"] = "high_pass"
    cutoff: float = Field(gt=0)
    order: int = Field(2, ge=1, le=8)

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Filter at zero phase."""
        return spectrum.shape(samples, sample_rate, spectrum.high_pass(self.cutoff, self.order))


class Equaliser(Effect):
    """Equaliser, the colour of a microphone and its place: a tilt and a few peaks.

    Attributes
    ----------
    tilt_db
        Tilt in dB per octave, about 1 kHz; negative is dull.
    peaks
        Peaks added to it.
    """

    kind: Literal["equaliser"] = "equaliser"
    tilt_db: float = Field(0.0, ge=-12, le=12)
    peaks: tuple[Peak, ...] = ()

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Filter at zero phase."""
        peaks = (peak.curve for peak in self.peaks)
        return spectrum.shape(samples, sample_rate, spectrum.tilt(self.tilt_db), *peaks)


class Band(Effect):
    """Band of a small device, with the resonances of its case.

    Attributes
    ----------
    low, high
        Edges of the band in Hz, each 3 dB down. Where ``high`` lies above half the sampling rate,
        the recording ends before the device does.
    low_order, high_order
        Orders of the Butterworth responses.
    peaks
        Resonances added to it.
    """

    kind: Literal["band"] = "band"
    low: float = Field(gt=0)
    high: float = Field(gt=0)
    low_order: int = Field(2, ge=1, le=8)
    high_order: int = Field(4, ge=1, le=8)
    peaks: tuple[Peak, ...] = ()

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Filter at zero phase."""
        return spectrum.shape(
            samples,
            sample_rate,
            spectrum.high_pass(self.low, self.low_order),
            spectrum.low_pass(self.high, self.high_order),
            *(peak.curve for peak in self.peaks),
        )
