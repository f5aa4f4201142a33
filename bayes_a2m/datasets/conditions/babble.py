"""Babble: people talking in the background, speech-like, in no language."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bayes_a2m.datasets.conditions.effect import Samples
from bayes_a2m.datasets.conditions.source import Source
from bayes_a2m.datasets.conditions.spectrum import unit

VOWELS = (
    (270, 2290, 3010),
    (530, 1840, 2480),
    (730, 1090, 2440),
    (570, 840, 2410),
    (300, 870, 2240),
)
"""First three formants of i, e, a, o and u in Hz: Peterson and Barney (1952), table II, men."""

BANDWIDTHS = (60, 90, 120)
"""Bandwidths of the formants, Hz."""

GLOTTIS = 150.0
"""Hz above which the voice's source falls by 6 dB per octave, radiation at the lips included."""


class Babble(Source):
    """Several talkers who each go from syllable to syllable.

    A syllable is a pulse train with jitter, gliding in pitch, and some breath, through three
    formants (resonators in cascade: Klatt 1980, "Software for a cascade/parallel formant
    synthesizer", eq. 1–3), under an envelope that opens and closes. Talkers speak 3 to 6
    syllables a second, differ in pitch, in the length of their tract and in loudness, and
    pause now and then.

    Attributes
    ----------
    talkers
        Number of talkers.
    """

    kind: Literal["babble"] = "babble"
    talkers: int = Field(5, ge=1, le=50)

    def sound(self, count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Make the sound of all talkers, shape ``(count,)``, RMS 1."""
        crowd = np.zeros(count)
        for _ in range(self.talkers):
            loudness = 10 ** (generator.normal(0.0, 3.0) / 20)
            crowd += loudness * _talker(count, sample_rate, generator)
        return unit(crowd)


def _talker(count: int, sample_rate: int, generator: np.random.Generator) -> Samples:
    """Speech of one talker, shape ``(count,)``, RMS 1."""
    pitch = 90.0 * 2.5 ** generator.uniform()  # Hz, men and women
    tract = generator.uniform(0.85, 1.2)
    rate = generator.uniform(3.0, 6.0)
    speech = np.zeros(count)
    start = -round(generator.uniform(0.0, 0.3) * sample_rate)  # was talking before we listened
    while start < count:
        length = round(generator.uniform(0.7, 1.3) / rate * sample_rate)
        f0 = pitch * 2 ** (generator.normal(0.0, 2.5) / 12)
        formants = tract * np.array(VOWELS[generator.integers(len(VOWELS))])
        syllable = _syllable(length, f0, formants, sample_rate, generator)
        first, last = max(start, 0), min(start + length, count)
        if last > first:
            speech[first:last] += syllable[first - start : last - start]
        pause = generator.uniform(0.2, 0.6) * (generator.uniform() < 0.1)
        start += length + round(pause * sample_rate)
    return unit(speech)


def _syllable(
    length: int, f0: float, formants: Samples, sample_rate: int, generator: np.random.Generator
) -> Samples:
    """One syllable, shape ``(length,)``."""
    from scipy.signal import sosfilt

    glide = 2 ** (generator.normal(0.0, 2.0) / 12)
    periods = sample_rate / f0 * np.linspace(1.0, glide, 2 + int(2 * length * f0 / sample_rate))
    jittered = periods * (1 + 0.02 * generator.standard_normal(periods.shape))
    at = np.cumsum(jittered).astype(np.int64)
    source = generator.uniform(-0.03, 0.03, length)  # breath
    source[at[(at >= 0) & (at < length)]] += 1.0
    voiced: Samples = sosfilt(_tract(formants, sample_rate), source)
    envelope = 1 - np.linspace(-1.0, 1.0, length) ** 2
    return unit(voiced * envelope) * 10 ** (generator.normal(0.0, 3.0) / 20)


def _tract(formants: Samples, sample_rate: int) -> NDArray[np.float64]:
    """Glottis and formants below half the sampling rate, shape ``(sections, 6)``."""
    pole = np.exp(-2 * np.pi * GLOTTIS / sample_rate)
    sections = [[1 - pole, 0.0, 0.0, 1.0, -pole, 0.0]]
    for formant, bandwidth in zip(formants, BANDWIDTHS, strict=True):
        if formant < 0.45 * sample_rate:
            c = -np.exp(-2 * np.pi * bandwidth / sample_rate)
            b = 2 * np.sqrt(-c) * np.cos(2 * np.pi * formant / sample_rate)
            sections.append([1 - b - c, 0.0, 0.0, 1.0, -b, -c])
    return np.array(sections)
