"""The kernels of the constant-Q transform, for :mod:`bayes_a2m.audio.cqt` and its runtime.

By numpy alone, so that they serve where torch is not installed. What they are, and why they are cut
into rows, :mod:`bayes_a2m.audio.cqt` says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.cqt_constants import C1
from bayes_a2m.audio.fft_length import fast_length
from bayes_a2m.errors import InputError

Floats = NDArray[np.float64]

TOLERANCE = 3e-4
"""Share of a kernel's peak below which its values are left out: it costs 0.02 % of relative error,
and half the products of 1e-4."""


@dataclass(frozen=True)
class KernelRow:
    """Kernels within one stretch of the spectrum.

    Attributes
    ----------
    number
        The stretch: FFT points ``number * points`` to ``(number + 1) * points``.
    first
        The first of the contiguous bins that it meets.
    kernel
        Real, shape ``(bins, points)``, from bin ``first`` on.
    """

    number: int
    first: int
    kernel: NDArray[np.float32]


@dataclass(frozen=True)
class Kernels:
    """The kernels of all bins, cut at multiples of ``points``.

    Attributes
    ----------
    frequencies
        The frequency of every bin in Hz, ``(bins,)``.
    margin
        Frames at each end of a chunk that a kernel centred there would see wrapped around.
    points
        Frames of a chunk, which has ``hop * points`` samples.
    rows
        The stretches of the spectrum that meet any bin.
    """

    frequencies: Floats
    margin: int
    points: int
    rows: tuple[KernelRow, ...]


def make_kernels(
    *,
    sample_rate: int,
    hop: int,
    bins: int,
    bins_per_octave: int,
    fmin: float = C1,
    tolerance: float = TOLERANCE,
    points: int | None = None,
) -> Kernels:
    """Make the kernels of a constant-Q transform.

    Parameters
    ----------
    sample_rate, hop
        Sample rate of the signal in Hz, and hop in samples.
    bins, bins_per_octave, fmin
        Number of bins, how many make an octave, and the lowest frequency in Hz.
    tolerance
        Kernel values below this share of the kernel's peak are left out.
    points
        Frames of a chunk, even; those that are quickest where left out.

    Raises
    ------
    InputError
        If the highest bin's band reaches past half the sample rate.

    >>> made = make_kernels(sample_rate=16000, hop=96, bins=252, bins_per_octave=36)
    >>> made.margin, made.points, len(made.rows)
    (134, 960, 30)
    """
    ratio = 2.0 ** (1.0 / bins_per_octave)
    quality = (ratio**2 + 1) / (ratio**2 - 1)
    frequencies: Floats = fmin * ratio ** np.arange(bins, dtype=np.float64)
    lengths = quality * sample_rate / frequencies
    top = float(frequencies[-1]) * (1 + 1.5 / quality / 2)
    if top > sample_rate / 2:
        raise InputError(
            f"{bins} CQT bins from {fmin:.1f} Hz reach {top:.0f} Hz, past half of "
            f"{sample_rate} Hz; take fewer bins or a higher rate"
        )
    margin = math.ceil(float(lengths[0]) / 2 / hop) + 1
    if points is None:
        # short kernels (a high fmin) and long hops leave room between the margins, too
        least = max(int(3.5 * float(lengths[0]) / hop), 4 * margin)
        # even, and without a prime factor above 5
        points = 2 * fast_length(max(1, -(-least // 2)))
    rows = _rows(frequencies, lengths, sample_rate, hop, points, tolerance)
    return Kernels(frequencies, margin, points, rows)


def _rows(
    frequencies: Floats,
    lengths: Floats,
    sample_rate: int,
    hop: int,
    points: int,
    tolerance: float,
) -> tuple[KernelRow, ...]:
    """Cut the kernels at multiples of ``points``.

    A stretch of the spectrum meets a contiguous range of bins, so folding is one multiply-and-add
    of whole arrays a row.
    """
    step = sample_rate / (hop * points)  # Hz from one FFT point to the next
    # sinc(m) / (1 - m^2) falls like 1 / (pi m^3): beyond this m it is below the tolerance
    reach = (1 / (math.pi * tolerance)) ** (1 / 3) * sample_rate / lengths
    low, high = frequencies - reach, frequencies + reach
    rows = []
    for number in range(hop // 2 + 1):
        hz = np.arange(number * points, (number + 1) * points, dtype=np.float64) * step
        touched = np.flatnonzero((low <= hz[-1]) & (high >= hz[0]))
        if not touched.size or hz[0] > sample_rate / 2:
            continue
        bins = slice(int(touched[0]), int(touched[-1]) + 1)
        within = (hz >= low[bins, None]) & (hz <= high[bins, None])
        within &= (hz > 0) & (hz <= sample_rate / 2)
        kernel = np.zeros(within.shape, dtype=np.float32)
        row, column = np.nonzero(within)
        row_length = lengths[bins][row]
        offset = (hz[column] - frequencies[bins][row]) * row_length / sample_rate
        kernel[row, column] = np.sqrt(row_length) * _hann_spectrum(offset) / hop
        rows.append(KernelRow(number, bins.start, kernel))
    return tuple(rows)


def _hann_spectrum(offset: Floats) -> Floats:
    """Spectrum of a Hann window, ``sinc(m) / (1 - m**2)``: 1 at ``m = 0``, 1/2 at ``m = ±1``."""
    # 0 / 0 at m = ±1, where the limit is 1/2
    denominator = 1 - offset**2
    singular = np.abs(denominator) < 1e-9
    ratio = np.sinc(offset) / np.where(singular, 1.0, denominator)
    return np.where(singular, 0.5, ratio)
