"""Recipes of the built-in conditions: what is drawn for each, and what severity does to it.

Every take has its own room, microphone, noise and level: those are drawn. **Severity only
scales them**, and no draw looks at it, so a generator in the same state gives the same take
at every severity, and a curve over severity compares like with like. At 0 next to nothing is
left; 1 to 2 is how people do record; 5 is the worst that anyone would still call a recording.

========  ==========================================================================
studio    a good microphone in a treated room: faint room and floor, 2:1 compression
noisy     an ordinary room with people, traffic and mains hum in it
laptop    its own microphone: narrow and coloured, a fan, a gain control that pumps,
          clipping, coarse numbers and a low sampling rate as it gets worse
========  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from bayes_a2m import renamed
from bayes_a2m.datasets.conditions.babble import Babble
from bayes_a2m.datasets.conditions.condition import MILDEST, WORST, AnyEffect, Condition
from bayes_a2m.datasets.conditions.device import Clip, Quantise, Resample
from bayes_a2m.datasets.conditions.dynamics import Compressor
from bayes_a2m.datasets.conditions.filters import Band, Equaliser, HighPass, Peak
from bayes_a2m.datasets.conditions.level import Level
from bayes_a2m.datasets.conditions.noise import Noise
from bayes_a2m.datasets.conditions.reverb import Reverb
from bayes_a2m.datasets.conditions.source import ColouredNoise, Fan, Hum
from bayes_a2m.errors import InputError, suggest

Effects = tuple[AnyEffect, ...]

VOICE = Level(measure="active", target_db=-20.0, most_db=40.0)
"""First effect: the voice is brought to one level, which thresholds and floors are relative to."""


def draw(name: str, severity: float, generator: np.random.Generator) -> Condition:
    """Draw a take's condition.

    Parameters
    ----------
    name
        One of :data:`CONDITIONS`.
    severity
        0 (hardly to be heard) to 5 (the worst anyone would still call a recording).
    generator
        Source of every draw; how it moves on depends on ``name`` alone.

    Raises
    ------
    InputError
        If there is no such condition, or the severity is outside 0 to 5.
    """
    if name not in _RECIPES:
        raise InputError(
            f"no condition called {name!r}{suggest(name, CONDITIONS)}; there are: "
            f"{', '.join(CONDITIONS)}"
        )
    if not MILDEST <= severity <= WORST:
        raise InputError(f"a severity of {severity:g} is not within {MILDEST:g} to {WORST:g}")
    seed = int(generator.integers(2**32))
    stages = _RECIPES[name](float(severity), generator)
    return Condition(name=name, severity=float(severity), seed=seed, stages=stages)


def _studio(severity: float, generator: np.random.Generator) -> Effects:
    uniform = generator.uniform
    colour = severity / WORST
    return (
        VOICE,
        Reverb(
            rt60=uniform(0.2, 0.4),
            low_ratio=uniform(1.0, 1.3),
            high_ratio=uniform(0.5, 0.8),
            direct_db=_between(25, 5, severity) + uniform(-2, 2),
        ),
        HighPass(cutoff=uniform(60, 90)),
        Equaliser(
            tilt_db=colour * uniform(-1.5, 1.5),
            peaks=(
                _peak(generator, (150, 600), (-5, 5), colour),
                _peak(generator, (2000, 5000), (2, 8), colour),  # presence
            ),
        ),
        Noise(
            sources=(ColouredNoise(corner=uniform(100, 800), slope_db=uniform(3, 9)),),
            level_dbfs=_between(-68, -42, severity) + uniform(-3, 3),
        ),
        Compressor(
            ratio=uniform(1.7, 2.3),
            threshold_db=_between(-10, -30, severity) + uniform(-2, 2),
            attack=uniform(0.003, 0.015),
            release=uniform(0.1, 0.3),
        ),
        _peak_level(generator, 0.3, 0.65),
    )


def _noisy(severity: float, generator: np.random.Generator) -> Effects:
    uniform = generator.uniform
    colour = severity / WORST
    return (
        VOICE,
        Reverb(
            rt60=uniform(0.3, 0.9),
            low_ratio=uniform(1.0, 1.4),
            high_ratio=uniform(0.4, 0.7),
            direct_db=_between(25, 0, severity) + uniform(-2, 2),
        ),
        Noise(
            sources=(
                ColouredNoise(corner=uniform(200, 800), slope_db=uniform(6, 15)),
                Babble(talkers=int(generator.integers(3, 8)), weight_db=uniform(-9, 3)),
                Hum(
                    frequency=50 if uniform() < 0.5 else 60,
                    fall_db=uniform(2, 8),
                    weight_db=uniform(-20, -5),
                ),
            ),
            snr_db=_between(40, 1, severity) + uniform(-2, 2),
        ),
        HighPass(cutoff=uniform(60, 90)),
        Equaliser(
            tilt_db=colour * uniform(-2, 2),
            peaks=(
                _peak(generator, (150, 600), (-6, 6), colour),
                _peak(generator, (1000, 5000), (-6, 6), colour),
            ),
        ),
        _peak_level(generator, 0.35, 0.75),
    )


def _laptop(severity: float, generator: np.random.Generator) -> Effects:
    uniform = generator.uniform
    colour = (severity / WORST) ** 0.5  # a small case is heard at once, and then not much more
    return (
        VOICE,
        Reverb(
            rt60=uniform(0.3, 0.9),
            low_ratio=uniform(1.0, 1.4),
            high_ratio=uniform(0.4, 0.7),
            direct_db=_between(25, 0, severity) + uniform(-2, 2),
        ),
        Noise(
            sources=(
                Fan(blade=uniform(150, 450), centre=uniform(200, 600), tone_db=uniform(-15, -3)),
                ColouredNoise(
                    corner=uniform(300, 1000), slope_db=uniform(3, 12), weight_db=uniform(-9, 0)
                ),
            ),
            snr_db=_between(40, 12, severity) + uniform(-2, 2),
        ),
        Band(
            low=_between(120, 420, severity) * uniform(0.8, 1.25),
            high=7500 * 2 ** -_between(0, 1, severity) * uniform(0.9, 1.1),
            peaks=(
                _peak(generator, (900, 1400), (8, 14), colour),  # the case
                _peak(generator, (400, 800), (-6, 6), colour),
                _peak(generator, (2000, 5000), (-9, 9), colour),
            ),
        ),
        Compressor(
            ratio=uniform(3, 5),
            threshold_db=_between(-10, -32, severity) + uniform(-2, 2),
            attack=uniform(0.005, 0.03),
            release=uniform(0.2, 0.6),
        ),
        Clip(share=uniform(0.0, 0.03) * severity / WORST),
        Resample(rate=_RATES[round(severity)]),
        _peak_level(generator, 0.15, 0.6, most_db=24.0),
        Quantise(
            bits=round(_between(15, 8, severity)),
            law="mu" if uniform() < 0.5 else "linear",
            dither="triangular" if uniform() < 0.5 else "none",
        ),
    )


_RATES = (48000, 32000, 22050, 16000, 11025, 8000)
"""Sampling rates of a device, Hz, by severity."""

_RECIPES: Mapping[str, Callable[[float, np.random.Generator], Effects]] = MappingProxyType(
    {"studio": _studio, "noisy": _noisy, "laptop": _laptop}
)

CONDITIONS = tuple(_RECIPES)
"""Names of the built-in conditions."""


def _between(mildest: float, worst: float, severity: float) -> float:
    """Interpolate linearly from the mildest at severity 0 to the worst at 5."""
    return mildest + (worst - mildest) * (severity - MILDEST) / (WORST - MILDEST)


def _peak(
    generator: np.random.Generator,
    hertz: tuple[float, float],
    gain_db: tuple[float, float],
    scale: float,
) -> Peak:
    """Draw a peak somewhere in a range of Hz, its gain in dB scaled."""
    low, high = hertz
    return Peak(
        centre=low * (high / low) ** generator.uniform(),
        gain_db=float(scale * generator.uniform(*gain_db)),
        octaves=generator.uniform(0.4, 0.8),
    )


def _peak_level(
    generator: np.random.Generator, low: float, high: float, most_db: float = 12.0
) -> Level:
    """Draw somebody's setting of the gain: a peak between two amplitudes, evenly over decibels.

    Little is left to turn up after ``VOICE``, unless there was no voice, or a compressor.
    """
    amplitude = low * (high / low) ** generator.uniform()
    return Level(measure="peak", target_db=20 * float(np.log10(amplitude)), most_db=most_db)


__getattr__ = renamed.names_of(__name__)
