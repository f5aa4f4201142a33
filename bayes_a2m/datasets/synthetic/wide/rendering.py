"""A voice as a sum of harmonics: faster than pulses, for thousands of recordings.

The harmonics of a train of pulses are samples of one pulse's spectrum (source times tract) at
the multiples of f0, so they need a few dozen values every 5 ms and not a whole spectrum for
every pulse. None lies above the band, so nothing can alias.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic import articulation, glottis, tract, voice
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import Singer
from bayes_a2m.datasets.synthetic.wide.dry import Floats

TICK = 0.005
"""Seconds between two shapes of the mouth."""

NOISE_FFT = 512
"""Length of the spectra in which breath is shaped."""

SILENT_DB = -60.0
"""Level below which a voice is taken to be silent, as :func:`voice.render` takes it."""


def render(
    generator: np.random.Generator,
    singer: Singer,
    notes: Sequence[SungNote],
    curves: voice.Curves,
    sample_rate: int,
) -> Floats:
    """Sing a performance, at -20 dBFS while it sounds, shape ``(samples,)``."""
    size = round(curves.times[-1] * sample_rate)
    hop = round(TICK * sample_rate)
    times = np.arange(size // hop + 2) * hop / sample_rate
    f0 = curves.f0_at(times)
    level = _level(curves, times)
    track, widths = articulation.formants(singer, notes, times, f0)
    phase = _phase(generator, singer, curves, size, sample_rate)
    amplitudes = _amplitudes(singer, f0, level, track, widths, sample_rate)
    voiced = harmonics(phase, amplitudes, hop)
    at_samples = _level(curves, np.arange(size) / sample_rate)
    sounds = at_samples > SILENT_DB
    voiced *= _shimmer(generator, singer, phase)
    samples = voiced / _rms(voiced, sounds)
    breath = generator.standard_normal(size) * np.where(sounds, 10 ** (at_samples / 20), 0.0)
    breath *= 1 + 0.8 * np.cos(2 * np.pi * phase)
    breath = _through_tract(breath, track, widths, singer.tract_scale, sample_rate)
    samples += breath * (10 ** (-singer.hnr_db / 20) / _rms(breath, sounds))
    samples += voice.bursts(generator, notes, size, sample_rate)
    return samples * 10 ** (voice.LEVEL_DB / 20)


def harmonics(phase: Floats, amplitudes: NDArray[np.complex128], hop: int) -> Floats:
    """Add harmonics of this phase (turns) and these amplitudes, given every ``hop`` samples."""
    from bayes_a2m.datasets.synthetic.wide.oscillator import sum_harmonics

    out: Floats = sum_harmonics(phase, amplitudes, hop)
    return out


def in_band(frequencies: Floats, sample_rate: int) -> Floats:
    """Fade from 1 to 0 over the last twentieth of the band, amplitudes at these Hz."""
    top = sample_rate / 2
    way = np.clip((top - frequencies) / (0.05 * top), 0, 1)
    fade: Floats = (1 - np.cos(np.pi * way)) / 2
    return fade


def _amplitudes(
    singer: Singer, f0: Floats, level: Floats, track: Floats, widths: Floats, sample_rate: int
) -> NDArray[np.complex128]:
    """Complex amplitudes ``(tick, harmonic)`` of source and tract, the level in them."""
    number = np.arange(1, max(2, int(sample_rate / 2 / f0.min()) + 1), dtype=np.float64)
    frequency = number * f0[:, None]
    loud = np.clip(level, -30, 12)
    open_quotient = np.clip(singer.open_quotient - 0.008 * loud, 0.3, 0.9)
    tilt_db = np.clip(singer.tilt_db - singer.tilt_per_db * loud, 0, 40)
    # frequencies in units of f0 and periods of 1: only the product of both counts there
    spectrum = glottis.pulse_spectrum(number, np.ones(len(f0)), open_quotient, np.zeros(len(f0)))
    ratio = np.sqrt(np.maximum(10 ** (tilt_db / 10) - 1, 0.0)) / glottis.TILT_HZ
    spectrum /= 1 + 1j * frequency * ratio[:, None]
    for centre, width in zip(track.T, widths.T, strict=True):
        b, squared = width[:, None] / 2, centre[:, None] ** 2
        spectrum *= (squared + b**2) / ((1j * frequency + b) ** 2 + squared)
    grid = np.linspace(0, sample_rate / 2, 257)
    poles = tract.higher_poles(grid, singer.tract_scale)
    spectrum *= np.interp(frequency, grid, poles.real) + 1j * np.interp(frequency, grid, poles.imag)
    gain = np.where(level > SILENT_DB, 10 ** (level / 20), 0.0)
    spectrum *= gain[:, None] * in_band(frequency, sample_rate)
    return spectrum


def _through_tract(
    noise: Floats, track: Floats, widths: Floats, scale: float, sample_rate: int
) -> Floats:
    """Noise through the tract, in overlapping pieces, turbulence weak below 1 kHz."""
    hop = 2 * round(TICK * sample_rate)
    frequencies = np.arange(NOISE_FFT // 2 + 1, dtype=np.float64) * (sample_rate / NOISE_FFT)
    count = -(-len(noise) // hop) + 1
    ticks = np.minimum(2 * np.arange(count), len(track) - 1)
    shape = tract.response(frequencies, track[ticks], widths[ticks], scale)
    shape *= np.minimum(frequencies / 1000, 1.0) + 0.05
    padded = np.zeros((count + 1) * hop)
    padded[hop : hop + len(noise)] = noise
    pieces = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    window = np.hanning(2 * hop + 1)[:-1]
    length = max(NOISE_FFT, 2 * hop)
    shaped = np.fft.irfft(np.fft.rfft(pieces * window, length, axis=1) * shape, length, axis=1)
    out = np.zeros(count * hop + length)
    for index, piece in enumerate(shaped):
        out[index * hop : index * hop + length] += piece
    return out[hop : hop + len(noise)]


def _phase(
    generator: np.random.Generator,
    singer: Singer,
    curves: voice.Curves,
    size: int,
    sample_rate: int,
) -> Floats:
    """Turns since the start at every sample, each period a little off."""
    phase: Floats = np.cumsum(curves.f0_at(np.arange(size) / sample_rate)) / sample_rate
    number = np.arange(np.floor(phase[0]), phase[-1] + 2)
    # pulses move on their own, so a period, of two of them, deviates by sqrt(2) of that
    moved = singer.jitter / np.sqrt(2) * generator.standard_normal(len(number))
    phase += np.interp(phase, number, moved)
    return phase


def _shimmer(generator: np.random.Generator, singer: Singer, phase: Floats) -> Floats:
    number = np.arange(np.floor(phase.min()), phase.max() + 2)
    drawn = np.exp(singer.shimmer * generator.standard_normal(len(number)))
    factor: Floats = np.interp(phase, number, drawn)
    return factor


def _level(curves: voice.Curves, times: Floats) -> Floats:
    level: Floats = np.interp(times, curves.times, np.maximum(curves.level_db, -120.0))
    return level


def _rms(samples: Floats, where: NDArray[np.bool_]) -> float:
    """Root mean square of a part, 1 for silence."""
    power = float(np.mean(samples[where] ** 2)) if where.any() else 0.0
    return float(np.sqrt(power)) or 1.0
