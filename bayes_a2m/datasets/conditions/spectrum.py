"""Filters and noise, given by their spectrum in decibels.

Filters here have **zero phase**: the spectrum is scaled by real, positive gains. A sound and
its filtered self then have their cross-correlation's maximum at lag 0, whatever the gains, so
labels stay exact. The price is ringing on both sides of a click, a few milliseconds for the
wide curves used here. The curves are functions of Hz and not of a sampling rate, so that a
condition sounds alike at 8 and at 48 kHz.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft

from bayes_a2m.datasets.conditions.effect import Samples

Curve = Callable[[Samples], Samples]
"""Gain in dB at frequencies in Hz, both of shape ``(frequency,)``; no frequency is 0."""

LOWEST = 10.0
"""Frequency in Hz below which a curve is held: there is no sound, and logarithms have no end."""

RINGING = 0.1
"""Seconds of silence appended, so that what rings past one end does not enter at the other."""


def high_pass(cutoff: float, order: int = 2) -> Curve:
    """Make a Butterworth high-pass, ``-10 log10(1 + (cutoff / f)^(2 order))``, 3 dB down there."""
    return lambda f: -10 * np.log10(1 + (cutoff / f) ** (2 * order))


def low_pass(cutoff: float, order: int = 4) -> Curve:
    """Make a Butterworth low-pass, ``-10 log10(1 + (f / cutoff)^(2 order))``, 3 dB down there."""
    return lambda f: -10 * np.log10(1 + (f / cutoff) ** (2 * order))


def tilt(db_per_octave: float, pivot: float = 1000.0) -> Curve:
    """Make a straight line over octaves, 0 dB at ``pivot`` Hz."""
    return lambda f: db_per_octave * np.log2(f / pivot)


def bell(centre: float, gain_db: float, octaves: float) -> Curve:
    """Make a Gaussian over octaves, ``gain_db`` at ``centre`` Hz, of deviation ``octaves``."""
    return lambda f: gain_db * np.exp(-0.5 * (np.log2(f / centre) / octaves) ** 2)


def falling(corner: float, db_per_octave: float) -> Curve:
    """Make a curve flat below ``corner`` Hz and falling above it, half an octave's fall at it."""
    return lambda f: -0.5 * db_per_octave * np.log2(1 + (f / corner) ** 2)


def shape(samples: Samples, sample_rate: int, *curves: Curve) -> Samples:
    """Filter with the sum of the curves, at zero phase.

    Returns
    -------
    ndarray
        Shape ``(samples,)``.
    """
    count = samples.shape[0]
    padded = fft.next_fast_len(count + round(RINGING * sample_rate), real=True)
    spectrum = fft.rfft(samples, padded)
    spectrum *= _gains(padded, sample_rate, curves)
    shaped: Samples = fft.irfft(spectrum, padded)[:count]
    return shaped


def noise(count: int, sample_rate: int, generator: np.random.Generator, *curves: Curve) -> Samples:
    """Make Gaussian noise whose spectrum is the sum of the curves, without direct current.

    Returns
    -------
    ndarray
        Shape ``(count,)``, RMS 1.
    """
    padded = fft.next_fast_len(count, real=True)
    spectrum = fft.rfft(generator.standard_normal(padded))
    spectrum *= _gains(padded, sample_rate, curves)
    spectrum[0] = 0 if padded > 1 else spectrum[0]
    return unit(fft.irfft(spectrum, padded)[:count])


def unit(samples: Samples) -> Samples:
    """Scale to an RMS of 1; silence stays silence."""
    rms = np.sqrt(np.mean(np.square(samples)))
    return samples / rms if rms > 0 else samples


def _gains(padded: int, sample_rate: int, curves: tuple[Curve, ...]) -> Samples:
    """Linear gains at the frequencies of a real FFT of ``padded`` samples."""
    frequencies = np.maximum(fft.rfftfreq(padded, 1 / sample_rate), LOWEST)
    decibels = sum((curve(frequencies) for curve in curves), np.zeros_like(frequencies))
    gains: Samples = np.power(10.0, decibels / 20)
    return gains
