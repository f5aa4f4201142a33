"""The frequencies at which a vocabulary's pitches sound, and the distance of others from them.

Trackers report what sounds, labels say what is meant: a singer an octave below the notes, or a DAW
that calls middle C "C3", sets them apart by the vocabulary's ``sounding_offset``. Trackers also
err by octaves more than by anything else. The octave rule says what becomes of such an answer:

- ``fold``: a frequency is moved by whole octaves to where it is nearest to the pitch. Right
  wherever no two pitches of the vocabulary are octaves apart.
- ``exact``: it stands where it is.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.music import Vocabulary

Floats = NDArray[np.float64]
Octave: TypeAlias = Literal["fold", "exact"]

PERIODS = 8
"""Periods of the lowest pitch in a window: two for the longest lag, and some to compare."""


def sounding(vocabulary: Vocabulary) -> Floats:
    """The frequency of every pitch as it sounds, Hz, shape ``(pitch,)``; A4 is 440 Hz.

    >>> sounding(Vocabulary((69,), sounding_offset=-12))
    array([220.])
    """
    midi = np.array(vocabulary.pitches, dtype=np.float64) + vocabulary.sounding_offset
    hertz: Floats = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
    return hertz


def cents(hertz: ArrayLike, vocabulary: Vocabulary, octave: Octave) -> Floats:
    """The distance of frequencies above each pitch, in cents, shape ``(..., pitch)``.

    It is infinite where the frequency is not positive or not a number: far from every pitch.

    >>> vocabulary = Vocabulary((60, 64))
    >>> cents([523.2511306], vocabulary, "fold").round(3)
    array([[   0., -400.]])
    >>> cents([523.2511306], vocabulary, "exact").round(3)
    array([[1200.,  800.]])
    """
    array = np.asarray(hertz, dtype=np.float64)[..., None]
    known = np.isfinite(array) & (array > 0)
    distance = 1200.0 * np.log2(np.where(known, array, 1.0) / sounding(vocabulary))
    if octave == "fold":
        distance = (distance + 600.0) % 1200.0 - 600.0
    return np.where(known, distance, np.inf)


def closeness(distance: Floats, width: float) -> Floats:
    """The closeness to a pitch, ``exp(-(distance / width)**2 / 2)``, of the shape of ``distance``.

    It is 1 on the pitch and 0 far from it; distance and width are in cents.
    """
    near: Floats = np.exp(-0.5 * np.square(distance / width))
    return near


def search_range(vocabulary: Vocabulary, sample_rate: int) -> tuple[float, float]:
    """The range to search for a pitch, Hz: an octave below the lowest to two above the highest.

    The highest is a quarter of the sample rate at most: shorter periods have too few samples.
    """
    hertz = sounding(vocabulary)
    return float(hertz[0]) / 2, min(4 * float(hertz[-1]), sample_rate / 4)


def window_for(vocabulary: Vocabulary, sample_rate: int) -> int:
    """The samples of a window in which any pitch can be found, the next power of two.

    >>> window_for(Vocabulary((60, 64, 67), sounding_offset=-12), 16000)
    1024
    """
    period = sample_rate / float(sounding(vocabulary)[0])
    return int(2 ** math.ceil(math.log2(PERIODS * period)))
