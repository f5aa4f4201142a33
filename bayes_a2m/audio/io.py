"""Sound files in: any format, any rate, any number of channels."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 0.05
"""Seconds below which a recording is refused: no note that is counted fits into it."""


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a sound file says."""

    sample_rate: int
    channels: int
    samples: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.samples / self.sample_rate


def info(path: Path) -> AudioInfo:
    """Rate, channels and length, from the header alone where the format has one.

    Raises
    ------
    InputError
        If the file is missing or no sound.
    """
    import soundfile

    _exists(path)
    try:
        header = soundfile.info(str(path))
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a headerless .raw file
        samples, rate = _decode_with_ffmpeg(path)
        return AudioInfo(rate, samples.shape[1], samples.shape[0])
    return AudioInfo(header.samplerate, header.channels, header.frames)


def read(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples as stored, shape ``(samples, channels)``, and their rate.

    Raises
    ------
    InputError
        If the file is missing, unreadable, empty, or holds NaN or infinite samples.
    """
    import soundfile

    _exists(path)
    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, TypeError):
        samples, rate = _decode_with_ffmpeg(path)
    if samples.shape[0] == 0:
        raise InputError(f"{path}: holds no samples; record it again")
    if not np.isfinite(samples).all():
        bad = int(np.count_nonzero(~np.isfinite(samples)))
        raise InputError(f"{path}: {bad} samples are NaN or infinite; export it again")
    return samples, rate


def load(path: Path, sample_rate: int = 16000) -> NDArray[np.float32]:
    """A recording as mono samples at ``sample_rate``, shape ``(samples,)``.

    Channels are averaged, then resampled once (soxr, high quality). The result has
    ``round(duration * sample_rate)`` samples.

    Raises
    ------
    InputError
        As :func:`read`, and if the recording is shorter than 50 ms.
    """
    samples, rate = read(path)
    if samples.shape[0] / rate < SHORTEST:
        raise InputError(
            f"{path}: {1000 * samples.shape[0] / rate:.0f} ms is too short for a note; "
            f"give at least {1000 * SHORTEST:.0f} ms"
        )
    return resample(samples.mean(axis=1), rate, sample_rate)


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
                if p.suffix.lower() in EXTENSIONS and not p.name.startswith(".") and p.is_file()
            )
            if not inside:
                raise InputError(f"{path}: no sound file in this folder")
            found.extend(inside)
        else:
            _exists(path)
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


def _exists(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path}: no such sound file")


def _decode_with_ffmpeg(path: Path) -> tuple[NDArray[np.float32], int]:
    """Decode what libsndfile cannot (m4a, AAC), at the file's own rate and channels."""
    import io

    import soundfile

    if path.suffix.lower() == ".wav":  # ffmpeg would read garbage as silence or noise
        raise InputError(f"{path}: not a readable WAV file; export it again")
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise InputError(f"{path}: not a format libsndfile reads; install ffmpeg or convert to WAV")
    # AU (unlike WAV) allows an unknown length in its header, so it can be piped
    command = [ffmpeg, "-v", "error", "-i", str(path), "-vn", "-f", "au", "-c:a", "pcm_f32be", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"{path}: not a sound file ({reason[-1] if reason else 'no audio in it'})")
    try:
        samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise InputError(f"{path}: could not be decoded ({error})") from error
    return samples, rate
