"""Linear prediction predicts each sample from those before it, and leaves a residual.

The model is an all-pole filter, ``x[n] = -a_1 x[n-1] - ... - a_p x[n-p] + e[n]``, that is
``E(z) = A(z) X(z)`` with ``A(z) = 1 + a_1 z^-1 + ... + a_p z^-p``. For a voice 1/A is about the
vocal tract, and the residual e about the pulses of the vocal folds. Everything here follows
Makhoul 1975, "Linear prediction: a tutorial review" (https://doi.org/10.1109/PROC.1975.9792),
by the autocorrelation method, many frames at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

Floats = NDArray[np.float64]

WHITE = 1e-9
"""White noise added to each frame, absolute and as a share of its energy.

Without it digital silence would have no predictor.
"""

OCTAVE_COST = 0.05
"""How much higher a peak must be than one an octave above it, as Boersma's octave cost."""


def autocorrelation(frames: Floats, lags: int) -> Floats:
    """Autocorrelation ``r[l] = sum_n x[n] x[n + l]``, l from 0 to ``lags``: ``(..., lags + 1)``.

    Parameters
    ----------
    frames
        Windowed frames, ``(..., samples)``; outside of them is silence.
    lags
        The longest lag, fewer than there are samples.

    Raises
    ------
    InputError
        If the frames are too short for that lag.

    >>> autocorrelation(np.array([1.0, 2.0, 3.0]), 2).round(9)
    array([14.,  8.,  3.])
    """
    samples = frames.shape[-1]
    if not 0 <= lags < samples:
        raise InputError(f"{samples} samples have no autocorrelation at lag {lags}")
    points = _points(samples + lags)
    power = np.square(np.abs(np.fft.rfft(frames, points)))
    correlation: Floats = np.fft.irfft(power, points)[..., : lags + 1]
    return correlation


def levinson_durbin(correlation: Floats) -> tuple[Floats, Floats]:
    """Solve the normal equations of all frames at once (Makhoul 1975, equations 38a to 38e).

    Parameters
    ----------
    correlation
        The autocorrelation ``r[0]`` to ``r[p]``, ``(..., p + 1)``; no frame may be all zero.

    Returns
    -------
    coefficients : ndarray, shape (..., p + 1)
        The predictor ``1, a_1, ..., a_p``.
    error : ndarray, shape (...)
        The energy of the residual.

    Raises
    ------
    InputError
        If a frame has no energy.

    >>> a, error = levinson_durbin(np.array([1.0, 0.5, 0.25]))
    >>> (a + 0.0).round(9), float(error)
    (array([ 1. , -0.5,  0. ]), 0.75)
    """
    if (correlation[..., 0] <= 0).any():
        raise InputError("a frame without energy has no linear predictor")
    a = np.zeros_like(correlation)
    a[..., 0] = 1.0
    error = correlation[..., 0].copy()
    for i in range(1, correlation.shape[-1]):
        reflection = -(a[..., :i] * correlation[..., i:0:-1]).sum(axis=-1) / error
        # a[i - j] for j from 1 to i: the predictor of the samples to come, turned round
        a[..., 1 : i + 1] += reflection[..., None] * a[..., :i][..., ::-1]
        error = error * (1.0 - np.square(reflection))
    return a, error


def coefficients(frames: Floats, order: int) -> tuple[Floats, Floats]:
    """The predictor ``(..., order + 1)`` and residual energy ``(...)`` of windowed frames.

    The autocorrelation method (Makhoul 1975, section II-B) is always stable. A little white noise
    is added, so that silence has a predictor, too: all its
    coefficients are zero.
    """
    correlation = autocorrelation(frames, order)
    correlation[..., 0] = correlation[..., 0] * (1.0 + WHITE) + WHITE
    return levinson_durbin(correlation)


def residual(frames: Floats, predictor: Floats) -> Floats:
    """The residual, frames filtered by ``A(z)``: ``(..., samples + p)``.

    >>> residual(np.array([1.0, 0.5, 0.25]), np.array([1.0, -0.5])).round(9) + 0.0
    array([ 1.   ,  0.   ,  0.   , -0.125])
    """
    length = frames.shape[-1] + predictor.shape[-1] - 1
    points = _points(length)
    product = np.fft.rfft(frames, points) * np.fft.rfft(predictor, points)
    filtered: Floats = np.fft.irfft(product, points)[..., :length]
    return filtered


def cepstrum(predictor: Floats, count: int) -> Floats:
    """Cepstrum of the all-pole filter 1/A, ``c_1`` to ``c_count``, ``(..., count)``.

    It follows from the recursion of Atal 1974 (https://doi.org/10.1121/1.1914702; Rabiner and
    Schafer, "Digital processing of speech signals", 1978, section 8.8), a_n being zero past the
    order:

        c_n = -a_n - sum_{k=1}^{n-1} (k / n) c_k a_{n-k}

    >>> cepstrum(np.array([1.0, -0.5]), 3)  # 0.5**n / n
    array([0.5    , 0.125  , 0.041667])
    """
    order = predictor.shape[-1] - 1
    c = np.zeros((*predictor.shape[:-1], count + 1))
    for n in range(1, count + 1):
        if n <= order:
            c[..., n] = -predictor[..., n]
        for k in range(max(1, n - order), n):
            c[..., n] -= k / n * c[..., k] * predictor[..., n - k]
    return c[..., 1:]


def residual_correlation(
    frames: Floats, predictor: Floats, window: Floats, lags: int, *, lowpass: float | None = None
) -> Floats:
    """Autocorrelation of the residual over that at lag 0, divided by the window's own.

    A window tapers even a perfect period's correlation, and Boersma 1993 ("Accurate short-term
    analysis of the fundamental frequency", equation 9) divides by the window's. Hiss is no help
    in finding a period, so the residual is low-passed, as Markel 1972 ("The SIFT algorithm for
    fundamental frequency estimation") has it.

    Parameters
    ----------
    frames
        Windowed frames, ``(frame, samples)``.
    predictor
        The predictor of each frame, ``(frame, p + 1)``.
    window
        The window that the frames were multiplied with, ``(samples,)``.
    lags
        The longest lag, in samples.
    lowpass
        The frequency at which the residual's power is halved, as a share of half the sample rate;
        None: nowhere.

    Returns
    -------
    ndarray, shape (frame, lags + 1)
        The correlation, about 1 at the period of a periodic sound; 0 in digital silence.
    """
    points = _points(frames.shape[-1] + predictor.shape[-1] + lags)
    spectrum = np.fft.rfft(frames, points) * np.fft.rfft(predictor, points)
    power = np.square(np.abs(spectrum))
    if lowpass is not None:
        power /= 1.0 + (np.linspace(0.0, 1.0, power.shape[-1]) / lowpass) ** 8
    correlation = np.fft.irfft(power, points)[..., : lags + 1]
    taper = autocorrelation(window, lags)
    correlation /= np.maximum(correlation[..., :1], 1e-12)
    relative: Floats = correlation / (taper / taper[0])
    return relative


@dataclass(frozen=True)
class Periods:
    """The period of each frame, in samples, and the height of the correlation there.

    Attributes
    ----------
    period, height
        Arrays of shape ``(frame,)``; a frame without a peak has the shortest lag and height zero.
    """

    period: Floats
    height: Floats


def pitch(correlation: Floats, shortest: int, longest: int) -> Periods:
    """The best peak of a normalised autocorrelation between two lags.

    A sound that repeats after one period does so after two and three as well, and noise decides
    which of them is the highest; so each octave that a peak lies above the lowest pitch counts
    for it by :data:`OCTAVE_COST` (Boersma 1993, equation 24). The peak is that of the parabola
    through its highest value and its neighbours.

    Parameters
    ----------
    correlation
        The correlation from lag 0 on, ``(frame, lag)``, to one lag past ``longest`` at least.
    shortest, longest
        The lags, in samples, between which peaks count.

    Raises
    ------
    InputError
        If there are no such lags.
    """
    if not 1 <= shortest < longest < correlation.shape[-1] - 1:
        raise InputError(
            f"no peaks between lags {shortest} and {longest} of {correlation.shape[-1]}"
        )
    here = correlation[:, shortest : longest + 1]
    before = correlation[:, shortest - 1 : longest]
    after = correlation[:, shortest + 1 : longest + 2]
    heights = np.where((here > before) & (here >= after), here, 0.0)
    octaves = np.log2(longest / np.arange(shortest, longest + 1))
    lag = np.where(heights > 0, heights + OCTAVE_COST * octaves, 0.0).argmax(axis=1)
    rows = np.arange(len(lag))
    height = heights[rows, lag]
    offset = parabola(before[rows, lag], here[rows, lag], after[rows, lag])
    period = shortest + lag + np.where(height > 0, offset, 0.0)
    return Periods(period, np.clip(height, 0.0, 1.0))


def parabola(before: Floats, here: Floats, after: Floats) -> Floats:
    """The offset from the middle of three neighbours at which their parabola turns, within ±1/2.

    >>> parabola(np.array([3.0]), np.array([4.0]), np.array([3.0]))
    array([0.])
    """
    curvature = before - 2.0 * here + after
    flat = np.abs(curvature) < 1e-12
    turn = 0.5 * (before - after) / np.where(flat, 1.0, curvature)
    return np.where(flat, 0.0, np.clip(turn, -0.5, 0.5))


def _points(least: int) -> int:
    """Points of a transform that is quick and long enough for nothing to wrap around."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(least, real=True))
