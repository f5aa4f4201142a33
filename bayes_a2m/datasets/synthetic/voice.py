"""Synthesis of the voice: pulses through the tract, and noise through the tract.

Every glottal pulse is made as a spectrum, source times tract, delayed to its exact place
between two samples, turned into a piece of sound and added. So pitch and formants may move
as they like, and nothing above half the sample rate is ever made that could fold back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.synthetic import articulation, glottis, tract
from bayes_a2m.datasets.synthetic.intonation import f0_curve
from bayes_a2m.datasets.synthetic.loudness import level_curve
from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import Singer

TICK = 0.005
"""Seconds between two shapes of the mouth."""

CURVE_RATE = 1000
"""Hertz at which pitch and loudness are drawn; both move far slower."""

PIECE_SECONDS = 0.064
"""Length of the sound of one pulse: by its end a resonance 80 Hz wide has lost 70 dB."""

LEAD = 16
"""Samples a piece starts before its pulse: room for the ringing of the band's edge."""

BLOCK = 32
"""Spectra worked on at once: few enough to stay in the processor's cache."""

LEVEL_DB = -20.0
"""Root mean square of what sounds, before any recording condition."""


@dataclass(frozen=True)
class Curves:
    """Curves of pitch and loudness of a performance.

    Attributes
    ----------
    times
        Seconds, shape ``(time,)``, 1 ms apart.
    f0
        Hertz, shape ``(time,)``; goes on through rests.
    level_db
        Decibels, shape ``(time,)``; -inf where nothing sounds.
    """

    times: NDArray[np.float64]
    f0: NDArray[np.float64]
    level_db: NDArray[np.float64]

    def f0_at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate the f0 asked for at these seconds, in Hz."""
        at: NDArray[np.float64] = np.interp(times, self.times, self.f0)
        return at


def perform(
    generator: np.random.Generator,
    singer: Singer,
    notes: Sequence[SungNote],
    seconds: float,
    sounding_offset: int = 0,
) -> Curves:
    """Draw the pitch and loudness with which a singer sings these notes."""
    times = np.arange(round(seconds * CURVE_RATE) + 1) / CURVE_RATE
    f0 = f0_curve(generator, singer, notes, times, sounding_offset)
    return Curves(times, f0, level_curve(generator, singer, notes, times))


def render(
    generator: np.random.Generator,
    singer: Singer,
    notes: Sequence[SungNote],
    curves: Curves,
    sample_rate: int = 16000,
) -> NDArray[np.float32]:
    """The samples of a performance, shape ``(samples,)``, at -20 dBFS while it sounds."""
    size = round((len(curves.times) - 1) / CURVE_RATE * sample_rate)
    mouth = _Mouth(singer, notes, curves, sample_rate)
    phase = _phase(curves, size, sample_rate)
    voiced = _pulses(generator, singer, curves, mouth, phase, size)
    level = np.interp(
        np.arange(size) / sample_rate, curves.times, np.maximum(curves.level_db, -120)
    )
    sounding = level > -60
    power = float(np.mean(voiced[sounding] ** 2)) if sounding.any() else 0.0
    reference = np.sqrt(power) if power else 1.0
    samples = voiced / reference
    samples += _breathiness(generator, singer, mouth, phase, level, size)
    samples += bursts(generator, notes, size, sample_rate)
    return (samples * 10 ** (LEVEL_DB / 20)).astype(np.float32)


class _Mouth:
    """Source and tract as spectra, every 5 ms."""

    def __init__(
        self, singer: Singer, notes: Sequence[SungNote], curves: Curves, sample_rate: int
    ) -> None:
        self.sample_rate = sample_rate
        self.size = 1 << int(np.ceil(np.log2(PIECE_SECONDS * sample_rate)))
        self.hop = round(TICK * sample_rate)
        ticks = int(np.ceil(curves.times[-1] * sample_rate / self.hop)) + 1
        self.times = np.arange(ticks) * self.hop / sample_rate
        self.frequencies = _rfft_frequencies(self.size, sample_rate)
        f0 = curves.f0_at(self.times)
        level = np.interp(self.times, curves.times, np.clip(curves.level_db, -30, 12))
        track, widths = articulation.formants(singer, notes, self.times, f0)
        tilt = np.clip(singer.tilt_db - singer.tilt_per_db * level, 0, 40)
        open_quotient = np.clip(singer.open_quotient - 0.008 * level, 0.3, 0.9)
        shape = (len(self.times), len(self.frequencies))
        self.tract, self.voice = np.empty(shape, np.complex128), np.empty(shape, np.complex128)
        edge = _edge(self.frequencies)
        for start in range(0, len(self.times), BLOCK):
            block = slice(start, start + BLOCK)
            self.tract[block] = edge * tract.response(
                self.frequencies, track[block], widths[block], singer.tract_scale
            )
            self.voice[block] = self.tract[block] * glottis.pulse_spectrum(
                self.frequencies, 1 / f0[block], open_quotient[block], tilt[block]
            )


def _rfft_frequencies(size: int, sample_rate: int) -> NDArray[np.float64]:
    """Hertz of the bins of a real FFT."""
    frequencies: NDArray[np.float64] = np.arange(size // 2 + 1, dtype=np.float64)
    return frequencies * (sample_rate / size)


def _edge(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Down to nothing over the last twentieth of the band, so that its edge rings little."""
    top = frequencies[-1]
    way = np.clip((top - frequencies) / (0.05 * top), 0, 1)
    down: NDArray[np.float64] = (1 - np.cos(np.pi * way)) / 2
    return down


def _phase(curves: Curves, size: int, sample_rate: int) -> NDArray[np.float64]:
    """Cycles since the start, at every sample."""
    f0 = curves.f0_at(np.arange(size) / sample_rate)
    cycles: NDArray[np.float64] = np.cumsum(f0) / sample_rate
    return cycles


def _pulses(
    generator: np.random.Generator,
    singer: Singer,
    curves: Curves,
    mouth: _Mouth,
    phase: NDArray[np.float64],
    size: int,
) -> NDArray[np.float64]:
    """The voiced part: one piece of sound for each pulse, where a voice sounds."""
    rate = mouth.sample_rate
    numbers = np.arange(np.ceil(phase[0]), phase[-1])
    # pulses move on their own, so a period, of two of them, deviates by sqrt(2) of that
    jitter = singer.jitter / np.sqrt(2) * generator.standard_normal(len(numbers))
    shimmer = np.exp(singer.shimmer * generator.standard_normal(len(numbers)))
    place = np.interp(numbers + jitter, phase, np.arange(size, dtype=np.float64))
    level = np.interp(place / rate, curves.times, np.maximum(curves.level_db, -120))
    sounds = level > -60
    place, shimmer, level = place[sounds], shimmer[sounds], level[sounds]
    amplitude = 10 ** (level / 20) * shimmer / curves.f0_at(place / rate)
    amplitude *= curves.f0.mean()
    whole = np.floor(place).astype(np.int64)
    tick = np.minimum(np.rint(place / mouth.hop).astype(np.int64), len(mouth.times) - 1)
    out = np.zeros(size + mouth.size + LEAD)
    for start in range(0, len(place), BLOCK):
        block = slice(start, start + BLOCK)
        delay = (place[block] - whole[block] + LEAD) / rate
        turn = np.exp(-2j * np.pi * delay[:, None] * mouth.frequencies)
        spectra = mouth.voice[tick[block]] * turn
        spectra *= amplitude[block, None]
        pieces = np.fft.irfft(spectra, mouth.size, axis=1)
        for piece, first in zip(pieces, whole[block], strict=True):
            out[first : first + mouth.size] += piece
    return out[LEAD : LEAD + size]


def _breathiness(
    generator: np.random.Generator,
    singer: Singer,
    mouth: _Mouth,
    phase: NDArray[np.float64],
    level: NDArray[np.float64],
    size: int,
) -> NDArray[np.float64]:
    """Breath noise while the folds are open, through the tract, at the singer's HNR."""
    noise = generator.standard_normal(size)
    noise *= np.where(level > -60, 10 ** (level / 20), 0.0)
    noise *= 1 + 0.8 * np.cos(2 * np.pi * phase)
    # turbulence is weak below 1 kHz: a gentle rise before the tract
    rise = np.minimum(mouth.frequencies / 1000, 1.0) + 0.05
    filtered = _filtered(noise, rise, mouth, size)
    power = float(np.mean(filtered[level > -60] ** 2)) if (level > -60).any() else 0.0
    if not power:
        return filtered
    return filtered * float(10 ** (-singer.hnr_db / 20) / np.sqrt(power))


def _filtered(
    noise: NDArray[np.float64],
    shape: NDArray[np.float64],
    mouth: _Mouth,
    size: int,
) -> NDArray[np.float64]:
    """Noise of this spectral shape through the tract: windowed pieces, each filtered, added."""
    hop = mouth.hop
    window = np.hanning(2 * hop + 1)[:-1]
    count = -(-size // hop) + 1
    padded = np.zeros((count + 1) * hop)
    padded[hop : hop + size] = noise
    pieces = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    out = np.zeros(count * hop + mouth.size)
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        spectra = np.fft.rfft(pieces[block] * window, mouth.size, axis=1)
        spectra *= mouth.tract[block][: len(spectra)] * shape
        sounds = np.fft.irfft(spectra, mouth.size, axis=1)
        for index, sound in enumerate(sounds, start=start):
            out[index * hop : index * hop + mouth.size] += sound
    return out[hop : hop + size]


def bursts(
    generator: np.random.Generator,
    notes: Sequence[SungNote],
    size: int,
    sample_rate: int,
) -> NDArray[np.float64]:
    """Consonants and breaths: white noise, its band, its rise and fall."""
    out = np.zeros(size)
    for name, start, end, level_db in articulation.noise_bursts(notes):
        first, last = round(start * sample_rate), round(end * sample_rate)
        length = last - first
        noise = generator.standard_normal(max(length, 1))
        first_kept, last_kept = max(first, 0), min(last, size)
        if last_kept <= first_kept:
            continue
        frequencies = _rfft_frequencies(length, sample_rate)
        shape = articulation.band_response(articulation.BANDS[name], frequencies)
        shaped = np.fft.irfft(np.fft.rfft(noise) * shape, length)
        shaped *= np.hanning(length + 2)[1:-1] * 10 ** (level_db / 20)
        out[first_kept:last_kept] += shaped[first_kept - first : last_kept - first]
    return out
