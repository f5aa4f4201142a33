"""Sound files in: any format, any rate, any number of channels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.decoding import AudioInfo, Decoded, decode, measure
from bayes_a2m.audio.mono import to_mono
from bayes_a2m.errors import InputError
from bayes_a2m.files import ensure_regular
from bayes_a2m.repairs import Repair

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 0.05
"""Seconds below which a recording is refused: no note that is counted fits into it."""


LARGEST = float(2**31)
"""Peak over which samples are no sound: more than the full scale of any format."""


@dataclass(frozen=True)
class Sound:
    """A recording as the program hears it.

    Attributes
    ----------
    samples
        Mono, shape ``(samples,)``.
    duration
        Seconds of what was decoded.
    repairs
        What was put right in the file or its sound.
    """

    samples: NDArray[np.float32]
    duration: float
    repairs: tuple[Repair, ...]


def info(path: Path) -> AudioInfo:
    """Rate, channels and length of what can be decoded, decoding no more than needed.

    Raises
    ------
    InputError
        If the file is missing, is no sound, or cannot be decoded to its end.
    """
    return measure(path)


def read(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples as stored, shape ``(samples, channels)``, and their rate.

    Raises
    ------
    InputError
        If the file is missing, unreadable, cut off, empty, or holds samples that are no numbers.
    """
    decoded = _checked(path)
    return decoded.samples, decoded.rate


def load(path: Path, sample_rate: int = 16000) -> NDArray[np.float32]:
    """The samples of :func:`sound` alone, shape ``(samples,)``."""
    return sound(path, sample_rate).samples


def sound(path: Path, sample_rate: int = 16000) -> Sound:
    """A recording as mono samples at ``sample_rate``, and what was put right.

    Channels are averaged (:mod:`bayes_a2m.audio.mono`), then resampled once (soxr, high quality).
    The result has ``round(duration * sample_rate)`` samples.

    Raises
    ------
    InputError
        As :func:`read`, and if the recording is shorter than 50 ms.
    """
    decoded = _checked(path)
    duration = decoded.samples.shape[0] / decoded.rate
    if duration < SHORTEST:
        raise InputError(
            f"{path}: {1000 * duration:.0f} ms is too short for a note; "
            f"give at least {1000 * SHORTEST:.0f} ms"
        )
    mono, repairs = to_mono(decoded.samples)
    return Sound(resample(mono, decoded.rate, sample_rate), duration, (*decoded.repairs, *repairs))


def _checked(path: Path) -> Decoded:
    """What is stored, if there is any, and it is made of numbers."""
    decoded = decode(path)
    if decoded.samples.shape[0] == 0:
        raise InputError(f"{path}: holds no samples; record it again")
    bad = strange(decoded.samples)
    if bad:
        raise InputError(f"{path}: {bad}; export it again")
    return decoded


def strange(samples: NDArray[np.float32]) -> str:
    """Name what makes samples no sound, in words; "" where nothing does.

    >>> strange(np.array([0.5, np.nan], dtype=np.float32))
    '1 samples are NaN or infinite'
    """
    bad = samples.size - int(np.count_nonzero(np.isfinite(samples)))
    if bad:
        return f"{bad} samples are NaN or infinite"
    peak = float(np.abs(samples).max(initial=0.0))
    return f"samples reach {peak:.3g}, which no sound does" if peak > LARGEST else ""


def resample(samples: NDArray[np.float32], rate: int, target: int) -> NDArray[np.float32]:
    """Mono samples at another rate, ``len * target / rate`` of them, rounded (halves up)."""
    if rate == target:
        return samples
    import soxr

    # in integers, and halves as FrameGrid.samples_in has them: labels count the same frames
    length = (2 * samples.shape[0] * target + rate) // (2 * rate)
    moved = soxr.resample(samples, rate, target, quality="HQ")[:length]
    padded: NDArray[np.float32] = np.pad(moved, (0, length - moved.shape[0]))
    return padded


def find(paths: Iterable[Path]) -> list[Path]:
    """Sound files among ``paths``, folders searched (not their subfolders), in name order.

    Hidden files in folders (``._song.wav``, which macOS leaves behind) are passed over.

    Raises
    ------
    InputError
        If a path does not exist or a folder holds no sound.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                p
                for p in path.iterdir()
                if p.suffix.lower() in EXTENSIONS and not p.name.startswith(".") and not p.is_dir()
            )
            if not inside:
                raise InputError(f"{path}: no sound file in this folder")
            found.extend(inside)
        else:
            ensure_regular(path, "a sound file")
            found.append(path)
    return found


_SNDFILE = (
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aif",
    ".aiff",
    ".au",
    ".caf",
    ".w64",
)
EXTENSIONS = frozenset((*_SNDFILE, ".m4a", ".aac", ".mp4"))
"""Endings taken for sound when a folder is searched; a file named outright may have any."""
