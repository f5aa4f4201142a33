"""Vocal tract: a filter of five formants, and of the higher ones it must have.

Formants are resonators in cascade (Fant 1960): each multiplies the spectrum by
``(F² + b²) / ((jf + b)² + F²)``, b half the bandwidth. A cascade of five falls too fast
above the fifth; Fant's higher-pole correction puts the others of a uniform tube back.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

VOWELS: Mapping[str, tuple[float, float, float, float, float]] = MappingProxyType(
    {
        "i": (270, 2290, 3010, 3500, 4500),
        "ɪ": (390, 1990, 2550, 3500, 4500),
        "ɛ": (530, 1840, 2480, 3500, 4500),
        "æ": (660, 1720, 2410, 3400, 4500),
        "ɑ": (730, 1090, 2440, 3400, 4500),
        "ɔ": (570, 840, 2410, 3300, 4400),
        "ʊ": (440, 1020, 2240, 3300, 4400),
        "u": (300, 870, 2240, 3300, 4400),
        "ʌ": (640, 1190, 2390, 3400, 4500),
    }
)
"""Formants of a man's vowels in hertz: the first three from Peterson and Barney 1952."""

NASAL = (270.0, 1000.0, 2200.0, 3000.0, 4300.0)
"""Formants of a murmur, m or n: the mouth shut, the nose open (Fant 1960, rounded)."""

BANDWIDTHS = (80.0, 90.0, 120.0, 150.0, 200.0)
"""Bandwidths of the formants, Hz; a singer scales them."""

TUBE_HZ = 500.0
"""First resonance of a uniform tube 17 cm long; the others are its odd multiples."""

HIGHER_BANDWIDTH = 800.0
"""Bandwidth of formants above the fifth, Hz."""


def response(
    frequencies: NDArray[np.float64],
    formants: NDArray[np.float64],
    bandwidths: NDArray[np.float64],
    scale: float = 1.0,
) -> NDArray[np.complex128]:
    """Compute the transfer function of the tract, 1 at 0 Hz.

    Parameters
    ----------
    frequencies
        Hertz, shape ``(frequency,)``.
    formants
        Hertz, shape ``(time, 5)``, the singer's scale already in them.
    bandwidths
        Hertz, shape ``(time, 5)``.
    scale
        Of the singer's formants against a tract of 17 cm, for those above the fifth.

    Returns
    -------
    ndarray
        Shape ``(time, frequency)``.
    """
    f = 1j * frequencies[None, :]
    out: NDArray[np.complex128] = np.repeat(
        higher_poles(frequencies, scale)[None, :], len(formants), axis=0
    )
    for centre, width in zip(formants.T, bandwidths.T, strict=True):
        b, squared = width[:, None] / 2, centre[:, None] ** 2
        out *= (squared + b**2) / ((f + b) ** 2 + squared)
    return out


def higher_poles(frequencies: NDArray[np.float64], scale: float) -> NDArray[np.complex128]:
    """Compute what formants above the fifth add (Fant 1960, section 1.3), ``(frequency,)``.

    All resonances of a uniform tube make ``1 / cosh(πs / 2F₁)``; the first five are divided
    out again.
    """
    first = TUBE_HZ * scale
    s = (1j * frequencies + HIGHER_BANDWIDTH / 2) / first
    odd = 2 * np.arange(5) + 1
    five = np.prod(1 + (s[:, None] / odd) ** 2, axis=1)
    at_zero = HIGHER_BANDWIDTH / 2 / first
    rest = np.prod(1 + (at_zero / odd) ** 2) / np.cosh(np.pi * at_zero / 2)
    higher: NDArray[np.complex128] = five / np.cosh(np.pi * s / 2) / rest
    return higher


def formant_track(
    targets: NDArray[np.float64], f0: NDArray[np.float64], cluster: float
) -> NDArray[np.float64]:
    """Adapt formants to singing: F1 not below the pitch, the upper three drawn together.

    A first formant below the fundamental makes a voice hollow and faint, so singers open the
    mouth as they go up (Sundberg 1975). A cluster of the third to fifth formant is the
    singer's formant (Sundberg 1974).

    Parameters
    ----------
    targets
        Hertz, shape ``(time, 5)``.
    f0
        Hertz, shape ``(time,)``.
    cluster
        0 for none, 1 for all three at their mean.
    """
    track = targets.copy()
    track[:, 0] = np.maximum(track[:, 0], 1.03 * f0)
    track[:, 1] = np.maximum(track[:, 1], track[:, 0] + 100)
    middle = track[:, 2:].mean(axis=1, keepdims=True)
    track[:, 2:] = (1 - cluster) * track[:, 2:] + cluster * middle
    return track
