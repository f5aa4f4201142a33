"""The constant-Q transform of :mod:`bayes_a2m.audio.cqt`, by numpy and scipy alone.

The same sums in the same precision: a chunk of the signal gets one FFT, is multiplied by sparse
kernels whose spectrum is known in closed form, folded, and comes back by a short inverse FFT a bin.
What differs from torch's is rounding, some 1e-6 of full scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.cqt_constants import C1
from bayes_a2m.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Row:
    """Kernels within one stretch of the spectrum, ``(bins, points)``, from bin ``first`` on."""

    number: int
    first: int
    kernel: NDArray[np.float32]


class CQT:
    """Magnitudes of the constant-Q transform of a signal.

    Parameters
    ----------
    sample_rate, hop
        Sample rate of the signal in Hz, and hop in samples: frame ``t`` is centred at ``t * hop``.
    bins, bins_per_octave, fmin
        Number of bins, how many make an octave, and the lowest frequency in Hz.
    tolerance
        Kernel values below this share of the kernel's peak are left out.

    Raises
    ------
    InputError
        If the highest bin's band reaches past half the sample rate.

    Examples
    --------
    >>> spectrum = CQT()(np.sin(2 * np.pi * 440 / 16000 * np.arange(64000)).astype(np.float32))
    >>> spectrum.shape
    (666, 252)
    >>> int(spectrum[333].argmax())  # 45 semitones above C1, three bins each
    135
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        hop: int = 96,
        bins: int = 252,
        bins_per_octave: int = 36,
        fmin: float = C1,
        tolerance: float = 3e-4,
    ) -> None:
        from scipy.fft import next_fast_len

        self.sample_rate, self.hop, self.bins = sample_rate, hop, bins
        ratio = 2.0 ** (1.0 / bins_per_octave)
        quality = (ratio**2 + 1) / (ratio**2 - 1)
        frequencies = fmin * ratio ** np.arange(bins, dtype=np.float64)
        lengths = quality * sample_rate / frequencies
        top = float(frequencies[-1]) * (1 + 1.5 / quality / 2)
        if top > sample_rate / 2:
            raise InputError(
                f"{bins} CQT bins from {fmin:.1f} Hz reach {top:.0f} Hz, past half of "
                f"{sample_rate} Hz; take fewer bins or a higher rate"
            )
        # frames at each end of a chunk that a kernel centred there would see wrapped around
        self.margin = math.ceil(float(lengths[0]) / 2 / hop) + 1
        least = max(int(3.5 * float(lengths[0]) / hop), 4 * self.margin)
        self.points = 2 * int(next_fast_len(max(1, -(-least // 2)), real=True))
        self._rows = self._kernels(frequencies, lengths, tolerance)

    def _kernels(self, frequencies: Floats, lengths: Floats, tolerance: float) -> list[_Row]:
        """Make the kernels, cut at multiples of ``points``."""
        points = self.points
        step = self.sample_rate / (self.hop * points)  # Hz from one FFT point to the next
        # sinc(m) / (1 - m^2) falls like 1 / (pi m^3): beyond this m it is below the tolerance
        reach = (1 / (math.pi * tolerance)) ** (1 / 3) * self.sample_rate / lengths
        low, high = frequencies - reach, frequencies + reach
        rows = []
        for number in range(self.hop // 2 + 1):
            hz = np.arange(number * points, (number + 1) * points, dtype=np.float64) * step
            touched = np.flatnonzero((low <= hz[-1]) & (high >= hz[0]))
            if not touched.size or hz[0] > self.sample_rate / 2:
                continue
            bins = slice(int(touched[0]), int(touched[-1]) + 1)
            within = (hz >= low[bins, None]) & (hz <= high[bins, None])
            within &= (hz > 0) & (hz <= self.sample_rate / 2)
            kernel = np.zeros(within.shape, dtype=np.float32)
            row, column = np.nonzero(within)
            row_length = lengths[bins][row]
            offset = (hz[column] - frequencies[bins][row]) * row_length / self.sample_rate
            kernel[row, column] = np.sqrt(row_length) * _hann_spectrum(offset) / self.hop
            rows.append(_Row(number, bins.start, kernel))
        return rows

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute magnitudes ``(frames, bins)`` of samples ``(n,)``; ``n // hop`` frames."""
        frames = max(samples.shape[0] // self.hop, min(samples.shape[0], 1))
        per_chunk = self.points - 2 * self.margin
        magnitudes = np.empty((frames, self.bins), dtype=np.float32)
        for start in range(0, frames, per_chunk):
            count = min(per_chunk, frames - start)
            magnitudes[start : start + count] = self._chunk(samples, start, count)
        return magnitudes

    def _chunk(self, samples: NDArray[np.float32], start: int, frames: int) -> NDArray[np.float32]:
        """Magnitudes of frames ``start`` to ``start + frames``."""
        from scipy.fft import ifft, rfft

        points, hop = self.points, self.hop
        before = min(start, self.margin)  # frames of context taken along
        first = (start - before) * hop
        piece = samples[first : (start + frames + self.margin) * hop]
        # silence before the first sample is the zero padding at the end, wrapped around
        spectrum = rfft(piece, n=hop * points)
        rest = -spectrum.shape[0] % points
        spectrum = np.concatenate([spectrum, np.zeros(rest, spectrum.dtype)]).reshape(-1, points)
        folded = np.zeros((self.bins, points), dtype=np.complex64)
        # row r of the spectrum is folded onto row 0 by adding it: every hop-th sample in time
        for row in self._rows:
            folded[row.first : row.first + len(row.kernel)] += row.kernel * spectrum[row.number]
        response = ifft(folded, axis=1, overwrite_x=True)
        magnitudes: NDArray[np.float32] = np.abs(response[:, before : before + frames]).T
        return magnitudes


def _hann_spectrum(offset: Floats) -> Floats:
    """Spectrum of a Hann window, ``sinc(m) / (1 - m**2)``: 1 at ``m = 0``, 1/2 at ``m = ±1``."""
    # 0 / 0 at m = ±1, where the limit is 1/2
    denominator = 1 - offset**2
    singular = np.abs(denominator) < 1e-9
    ratio = np.sinc(offset) / np.where(singular, 1.0, denominator)
    return np.where(singular, 0.5, ratio)
