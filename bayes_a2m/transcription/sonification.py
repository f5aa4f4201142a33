"""A recording and its notes to hear side by side: the original left, the notes right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path
from bayes_a2m.music import Note

PARTIALS = (1.0, 0.5, 0.25, 0.12)
"""Amplitudes of the harmonics of a note."""

FADE = 0.01
"""Seconds that a note takes to begin and to end, so that it does not click."""

LEVEL = 0.3
"""Root mean square, about, of either channel where it sounds."""


def sonified(
    samples: NDArray[np.float32], rate: int, notes: Sequence[Note], *, sounding_offset: int = 0
) -> NDArray[np.float32]:
    """Two channels, ``(samples, 2)``: the recording, and its notes as tones.

    Parameters
    ----------
    samples
        The recording, mono, ``(samples,)``.
    rate
        Its sample rate, Hz.
    notes
        Its notes; louder ones, by their velocity, sound louder.
    sounding_offset
        Semitones from the notes' names to how they sound.
    """
    tones = np.zeros(samples.shape[0], dtype=np.float64)
    for note in notes:
        start, end = round(note.onset * rate), min(round(note.offset * rate), tones.size)
        if end <= start:
            continue
        time = np.arange(end - start) / rate
        hertz = 440.0 * 2 ** ((note.pitch + sounding_offset - 69) / 12)
        tone = np.zeros(time.size)
        for harmonic, amplitude in enumerate(PARTIALS, start=1):
            if harmonic * hertz < rate / 2:
                tone += amplitude * np.sin(2 * np.pi * harmonic * hertz * time)
        ramp = np.minimum(1.0, np.minimum(time, time[::-1]) / FADE)
        tones[start:end] += tone * ramp * (note.velocity / 127) ** 2
    both = np.stack([_levelled(samples.astype(np.float64)), _levelled(tones)], axis=1)
    return np.clip(both, -1.0, 1.0).astype(np.float32)


def write_wav(path: Path, samples: NDArray[np.float32], rate: int) -> None:
    """Write samples ``(samples,)`` or ``(samples, channel)`` as 16-bit WAV, atomically.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    import soundfile

    with atomic_path(path) as temporary:
        try:
            soundfile.write(temporary, samples, rate, format="WAV", subtype="PCM_16")
        except (OSError, RuntimeError) as error:
            raise InputError(f"{path}: cannot write the sound ({error})") from error


def _levelled(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The samples at a common level, their peaks within full scale."""
    loud = np.abs(samples) > 0.05 * np.abs(samples).max(initial=0.0)
    power = float(np.square(samples[loud]).mean()) if loud.any() else 0.0
    if power == 0.0:
        return samples
    peak = float(np.abs(samples).max())
    levelled: NDArray[np.float64] = samples * min(LEVEL / np.sqrt(power), 0.98 / peak)
    return levelled
