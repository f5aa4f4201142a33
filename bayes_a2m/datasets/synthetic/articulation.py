"""Articulation: vowels that blend, murmurs, and the noise of consonants and breaths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from bayes_a2m.datasets.synthetic.score import PLOSIVES, VOICED, SungNote
from bayes_a2m.datasets.synthetic.singer import Singer
from bayes_a2m.datasets.synthetic.tract import BANDWIDTHS, NASAL, VOWELS, formant_track

BLEND_SECONDS = 0.07
"""Seconds in which formants reach a new vowel, about."""


@dataclass(frozen=True)
class NoiseBand:
    """Broad peak in the noise of a consonant: centre in Hz, octaves to either side, level in dB."""

    centre: float
    octaves: float
    level_db: float


BANDS = {
    "s": NoiseBand(6500, 0.45, -14),
    "ʃ": NoiseBand(3200, 0.60, -12),
    "f": NoiseBand(4000, 2.00, -26),
    "h": NoiseBand(1500, 1.50, -26),
    "p": NoiseBand(500, 1.50, -14),
    "t": NoiseBand(4500, 0.80, -12),
    "k": NoiseBand(1800, 0.60, -12),
    "breath": NoiseBand(1700, 1.20, 0),
}
"""Spectra of unvoiced sounds (Stevens 1998, chapters 7 and 8, rounded); level against the voice."""


def formants(
    singer: Singer,
    notes: Sequence[SungNote],
    times: NDArray[np.float64],
    f0: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute formants and their bandwidths at ``times``, Hz, each of shape ``(time, 5)``."""
    targets = np.empty((len(times), 5))
    start = 0
    for index, note in enumerate(notes):
        last = index + 1 == len(notes)
        end = len(times) if last else int(np.searchsorted(times, notes[index + 1].onset))
        here = slice(start, end)
        first, second = (singer.tract_scale * np.array(VOWELS[v]) for v in note.vowels)
        part = np.clip((times[here] - note.onset) / (note.offset - note.onset), 0, 1)[:, None]
        targets[here] = first ** (1 - part) * second**part
        if note.consonant in VOICED:
            murmur = times[here] < note.onset + note.consonant_seconds
            targets[here][murmur] = singer.tract_scale * np.array(NASAL)
        start = end
    width = max(3, round(BLEND_SECONDS / (times[1] - times[0])) | 1)
    kernel = np.hanning(width + 2)[1:-1]
    blended = convolve1d(targets, kernel / kernel.sum(), axis=0, mode="nearest")
    track = formant_track(blended, f0, singer.cluster)
    widths = np.array(BANDWIDTHS) * singer.bandwidth_scale * (1 + track / 20000)
    return track, widths


def noise_bursts(
    notes: Sequence[SungNote],
) -> list[tuple[str, float, float, float]]:
    """List unvoiced sounds as (name, start, end, level in dB against the voice), in seconds.

    A plosive is a closure, then a burst of up to 25 ms just before the onset; a fricative
    lasts all its time; a breath ends 40 ms before whatever follows.
    """
    bursts = []
    for note in notes:
        start = note.onset
        if note.consonant and note.consonant not in VOICED:
            length = note.consonant_seconds
            start -= length
            level = BANDS[note.consonant].level_db + note.level_db
            begin = note.onset - min(length, 0.025) if note.consonant in PLOSIVES else start
            bursts.append((note.consonant, begin, note.onset + 0.005, level))
        if note.breath_seconds:
            end = start - 0.04
            bursts.append(("breath", end - note.breath_seconds, end, note.breath_db))
    return bursts


def band_response(band: NoiseBand, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the amplitude of a noise band, a Gaussian over octaves, with unit mean square."""
    octaves = np.log2(np.maximum(frequencies, 20.0) / band.centre)
    shape = np.exp(-0.5 * (octaves / band.octaves) ** 2)
    unit: NDArray[np.float64] = shape / np.sqrt(np.mean(shape**2))
    return unit
