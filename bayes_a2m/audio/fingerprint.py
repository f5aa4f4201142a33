"""Know a sound again: exactly, or as a probable copy.

Two files hold the same recording if their samples at the working rate are the same, whatever
container and lossless coding they are in; :func:`sound_hash` says so. A copy that was resampled,
made louder or compressed has other samples; its :func:`signature` is nearly the same. It is the
course of the power in a few bands, as in audio fingerprinting (Haitsma and Kalker 2002,
"A highly robust audio fingerprinting system"), taken relative to the mean of each band and of each
instant, so that neither the level nor the colour of a microphone counts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Working rate, Hz, at which sounds are compared."""

BANDS = np.geomspace(100.0, 3500.0, 13)
"""Edges of the bands, Hz; within what an 8 kHz copy still holds."""

WINDOW, HOP = 1024, 512
"""Samples of a spectrum, and from one to the next."""

PARTS = 48
"""Instants that a signature has, whatever the length of the sound."""

FLOOR = 1e-5
"""Power, relative to the loudest, below which everything is equally quiet."""

ALIKE = 0.95
"""Correlation from which two signatures are probably of one recording.

Of 255 recordings of one singer and the same three notes no two reach 0.88; copies at another level
or rate, as MP3 or Ogg Vorbis reach 0.98.
"""

LENGTHS = 0.02
"""Relative difference of length, at most, of two copies."""


def sound_hash(samples: NDArray[np.float32]) -> str:
    """SHA-256 of mono samples at the working rate, as 16-bit numbers, in hexadecimal.

    Lossless files of the same sound have the same hash. Rounding to 16 bits hides differences in
    the last bits of floating point, as machines and versions of libraries make them.

    Parameters
    ----------
    samples
        Shape ``(samples,)``.
    """
    whole = np.clip(np.rint(samples.astype(np.float64) * 32768), -32768, 32767).astype("<i2")
    return hashlib.sha256(whole.tobytes()).hexdigest()


def signature(samples: NDArray[np.float32]) -> str:
    """A few hundred letters by which a copy of a sound is known again.

    Parameters
    ----------
    samples
        Mono at the working rate, shape ``(samples,)``.

    Returns
    -------
    str
        The number of samples, a colon, and levels of ``PARTS`` instants in each band in base 64;
        nothing behind the colon where the sound does not change: silence is like any other.
    """
    level = _levels(samples)
    level -= level.mean(axis=0)
    level -= level.mean(axis=1, keepdims=True)
    largest = float(np.abs(level).max())
    head = f"{samples.shape[0]}:"
    if largest < 1e-3:
        return head
    coded = np.rint(level * (127 / largest)).astype(np.int8)
    return head + base64.b64encode(coded.tobytes()).decode()


def similarity(one: str, other: str) -> float:
    """Correlation of two signatures, -1 to 1; 0 where the lengths differ or one says nothing.

    >>> round(similarity(signature(np.zeros(9000, np.float32)), "9000:"), 3)
    0.0
    """
    (length, first), (other_length, second) = _parsed(one), _parsed(other)
    if first is None or second is None or first.shape != second.shape:
        return 0.0
    if abs(length - other_length) > LENGTHS * max(length, other_length):
        return 0.0
    return float(first @ second)


def _levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Natural logarithm of the power, shape ``(parts, bands)``."""
    padded = np.pad(samples.astype(np.float64), (0, max(0, WINDOW - samples.shape[0])))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)))
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)
    edges = np.searchsorted(frequencies, BANDS)
    bands = np.stack([power[:, a:b].sum(axis=1) for a, b in pairwise(edges)])
    # the same number of instants for any length, each the mean of those it stands for
    parts = np.linspace(0, bands.shape[1], PARTS + 1)
    total = np.concatenate([np.zeros((bands.shape[0], 1)), np.cumsum(bands, axis=1)], axis=1)
    at = np.arange(total.shape[1])
    sums = np.stack([np.interp(parts, at, row) for row in total])
    mean = np.diff(sums, axis=1) / np.diff(parts)
    floor = FLOOR * max(float(mean.max()), 1e-30)
    level: NDArray[np.float64] = np.log(mean + floor).T
    return level


def _parsed(text: str) -> tuple[int, NDArray[np.float64] | None]:
    """Length and normalised levels; None for levels that say nothing or are damaged."""
    length, _, coded = text.partition(":")
    try:
        levels = np.frombuffer(base64.b64decode(coded, validate=True), dtype=np.int8)
        number = int(length)
    except (ValueError, binascii.Error):
        return 0, None
    norm = float(np.linalg.norm(levels.astype(np.float64)))
    return number, levels / norm if norm else None
