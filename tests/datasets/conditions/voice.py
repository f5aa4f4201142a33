"""A voice to send through conditions: harmonics with pauses, and how to measure what is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16000
NOTES = ((0.3, 1.1, 262), (1.5, 2.2, 330), (2.7, 3.5, 392))
"""Onset and offset in seconds, and Hz."""


def sung(sample_rate: int = RATE, seconds: float = 4.0) -> NDArray[np.float32]:
    """Three notes of ten harmonics with quick attacks, digital silence between them."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    sound = np.zeros_like(time)
    for onset, offset, hertz in NOTES:
        gate = np.clip(np.minimum(time - onset, offset - time) / 0.02, 0, 1)
        for h in range(1, 11):
            sound += gate * (h * hertz < sample_rate / 2) / h * np.sin(2 * np.pi * h * hertz * time)
    voice: NDArray[np.float32] = (0.3 * sound / max(1e-9, np.abs(sound).max())).astype(np.float32)
    return voice


def sine(
    hertz: float, amplitude: float = 0.5, sample_rate: int = RATE, seconds: float = 1.0
) -> NDArray[np.float64]:
    """A steady tone, shape ``(samples,)``."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    tone: NDArray[np.float64] = amplitude * np.sin(2 * np.pi * hertz * time)
    return tone


def rms_db(samples: NDArray[np.floating]) -> float:
    """Level in dBFS."""
    return float(10 * np.log10(np.mean(np.square(samples.astype(np.float64)))))


def between_notes(samples: NDArray[np.floating], sample_rate: int = RATE) -> float:
    """Level of the voice over that of the pauses, dB; no frame near a boundary."""
    time = np.arange(samples.shape[0]) / sample_rate
    voice = np.zeros(samples.shape[0], dtype=bool)
    pause = np.ones(samples.shape[0], dtype=bool)
    for onset, offset, _ in NOTES:
        voice |= (time > onset + 0.1) & (time < offset - 0.1)
        pause &= (time < onset - 0.02) | (time > offset + 0.25)
    return rms_db(samples[voice]) - rms_db(samples[pause])


def lag(before: NDArray[np.floating], after: NDArray[np.floating], most: int = 200) -> int:
    """Samples by which ``after`` is late: where the cross-correlation is largest.

    Ask it of noise: a tone in a room is as like itself a period later.
    """
    size = 2 * before.shape[0]
    cross = np.fft.irfft(np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size)), size)
    lags = np.arange(-most, most + 1)
    return int(lags[np.argmax(cross[lags])])


def generator(seed: int = 0) -> np.random.Generator:
    """A stream of random numbers."""
    return np.random.default_rng(seed)
