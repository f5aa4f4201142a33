"""Level of a voice, and gain.

Decibels are relative to full scale: a sine of amplitude 1 has a peak of 0 dBFS and a level
of -3 dBFS. The level of a voice is taken **while it sounds**, as in ITU-T P.56, by a simpler
rule: the mean power of the 20 ms frames that lie within 20 dB of the loudest one. Pauses then
do not make a singer softer.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from bayes_a2m.datasets.conditions.effect import Effect, Samples

FRAME = 0.02
"""Seconds over which power is averaged."""

ACTIVE_WITHIN = 20.0
"""dB below the loudest frame within which a voice counts as sounding."""


def peak_level(samples: Samples) -> float:
    """Measure the largest absolute sample in dBFS; minus infinity for silence."""
    return _decibels(float(np.max(np.abs(samples), initial=0.0)) ** 2)


def active_level(samples: Samples, sample_rate: int) -> float:
    """Measure the level of what sounds in dBFS; minus infinity for silence.

    Parameters
    ----------
    samples
        Mono samples, shape ``(samples,)``. A last frame that is not full is left out, unless it is
        the only one.
    sample_rate
        Sample rate, Hz.
    """
    if samples.shape[0] == 0:
        return -np.inf
    frame = min(samples.shape[0], round(FRAME * sample_rate))
    whole = samples[: samples.shape[0] // frame * frame].reshape(-1, frame)
    power = np.mean(np.square(whole), axis=1)
    active = power >= power.max() * 10 ** (-ACTIVE_WITHIN / 10)
    return _decibels(float(power[active].mean()))


class Level(Effect):
    """Gain that brings a recording to a given peak or level; silence stays silence.

    Attributes
    ----------
    measure
        Quantity that is brought to the target: the largest sample, or the level of what sounds.
    target_db
        Target, dBFS.
    most_db
        Largest gain, dB: nobody turns the noise of an empty room up to
        the level of a voice. Down it is turned as far as need be.
    """

    kind: Literal["level"] = "level"
    measure: Literal["peak", "active"] = "peak"
    target_db: float = Field(ge=-100, le=0)
    most_db: float = Field(60.0, ge=0)

    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Scale the whole recording by one factor."""
        if self.measure == "peak":
            measured = peak_level(samples)
        else:
            measured = active_level(samples, sample_rate)
        if measured == -np.inf:
            return samples
        return samples * 10 ** (min(self.target_db - measured, self.most_db) / 20)


def _decibels(power: float) -> float:
    return float(10 * np.log10(power)) if power > 0 else -np.inf
