"""Glottal source: the pulse that one opening of the vocal folds sends into the tract.

The pulse is the KLGLOTT88 model (Klatt and Klatt 1990, eq. 1): the derivative of the flow
is ``2u - 3u²`` while the folds are open, ``u = t / (Oq T)`` from 0 to 1, and zero while they
are shut. Its Fourier transform has a closed form, so a pulse is made from frequencies
below half the sample rate and nothing can alias. Loud voices shut the folds more abruptly:
that is the tilt, a one-pole low-pass given by its attenuation at 3 kHz (same paper, TL).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TILT_HZ = 3000.0
"""Frequency at which the tilt is measured, Hz."""


def pulse_spectrum(
    frequencies: NDArray[np.float64],
    period: NDArray[np.float64],
    open_quotient: NDArray[np.float64],
    tilt_db: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Compute the Fourier transform of the flow derivative of pulses, closing peak at -1.

    With ``z = 2π f Oq T``, the transform of ``2u - 3u²`` on [0, 1], by parts, is
    ``exp(-jz) (-j/z - 4/z² + 6j/z³) - 2/z² - 6j/z³``; at z = 0 it is 0, for the flow ends
    where it started. (In another form: Doval, d'Alessandro and Henrich 2006, KLGLOTT88.)

    Parameters
    ----------
    frequencies
        Hertz, shape ``(frequency,)``.
    period, open_quotient, tilt_db
        Seconds, share of the period the folds are open, and decibels lost at 3 kHz; each of
        shape ``(pulse,)``.

    Returns
    -------
    ndarray
        Shape ``(pulse, frequency)``, in units of the pulse's open time over the period.
    """
    z = 2 * np.pi * frequencies[None, :] * (open_quotient * period)[:, None]
    small = z < 1e-2
    z[small] = 1.0
    r = 1 / z
    turn = np.exp(-1j * z)
    pulse = turn * (-r * (4 * r + 1j * (1 - 6 * r**2))) - r**2 * (2 + 6j * r)
    pulse[small] = 0.0
    spectrum: NDArray[np.complex128] = pulse * open_quotient[:, None] * tilt(frequencies, tilt_db)
    return spectrum


def tilt(frequencies: NDArray[np.float64], tilt_db: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Compute a one-pole low-pass that loses ``tilt_db`` at 3 kHz, ``(pulse, frequency)``."""
    ratio: NDArray[np.float64] = np.sqrt(np.maximum(10 ** (tilt_db / 10) - 1, 0.0)) / TILT_HZ
    pole = 1 + 1j * frequencies[None, :] * ratio[:, None]
    low_pass: NDArray[np.complex128] = np.asarray(1 / pole, np.complex128)
    return low_pass
