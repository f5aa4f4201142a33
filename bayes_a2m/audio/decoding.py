"""Sound files decoded, block by block, whole or not at all.

libsndfile reads nearly every format; ffmpeg, where it is installed, the others. A header's claim is
not believed: the length of a recording is what was decoded. What a decoder gives before it fails is
not the recording, so that is an error, with the file's name and what to do. The one exception is
sound without any coding (WAV), of which every sample that is there is right: it is read, and what
its header claims is a :class:`~bayes_a2m.repairs.Repair`.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.wav_header import read_header
from bayes_a2m.errors import InputError
from bayes_a2m.files import ensure_regular, reading
from bayes_a2m.repairs import Repair

if TYPE_CHECKING:
    import soundfile

BLOCK = 1 << 18
"""Samples, of all channels together, that are decoded at a time."""

RATES = (1000, 1_000_000)
"""Samples a second that sound may have; a damaged header may say that it has 1, or billions."""

MOST_CHANNELS = 64

LARGEST = 2**30
"""Bytes of decoded samples from which on they must be in proportion to the file."""

DENSEST = 300
"""Decoded bytes that one byte of a file may stand for; the densest codings of voice reach 256."""

FFMPEG_PATIENCE = 20.0
"""Seconds that ffmpeg may take, and one more for every :data:`FFMPEG_SPEED` bytes."""

FFMPEG_SPEED = 100_000
"""Bytes a second at which ffmpeg is given up."""

_UNKNOWN = 1 << 40
"""Samples from which on libsndfile means that a header does not say how many there are."""

_MP3_SLACK = 4 * 1152
"""Samples that an MP3's header may count too many: what pads its first and last frames."""

_PAGE = 65307
"""Bytes of an Ogg page at most."""


@dataclass(frozen=True)
class Decoded:
    """A file's sound as stored, and what is odd about the file.

    Attributes
    ----------
    samples
        Shape ``(samples, channels)``.
    rate
        Hz.
    repairs
        What was put right to read it.
    """

    samples: NDArray[np.float32]
    rate: int
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class AudioInfo:
    """Rate, channels, and how many samples of each can be decoded."""

    sample_rate: int
    channels: int
    samples: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.samples / self.sample_rate


def decode(path: Path) -> Decoded:
    """All samples of a file.

    Raises
    ------
    InputError
        If the file is missing, is no sound, or cannot be decoded to its end.
    """
    source, repairs = _source(path)
    with reading(path, "sound", "export it again"), _opened(path, source) as sound:
        if sound is not None:
            rate, channels = sound.samplerate, sound.channels
            blocks = list(_blocks(path, sound))
            if not blocks:
                return Decoded(np.zeros((0, channels), dtype=np.float32), rate, repairs)
            whole = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
            return Decoded(whole, rate, repairs)
        return _decode_with_ffmpeg(path)


def measure(path: Path) -> AudioInfo:
    """Rate, channels and length of what can be decoded.

    The header is asked where it can be believed: it says how many samples there are, and the last
    of them is there. Otherwise the file is decoded, a block at a time, and its samples counted;
    the count is remembered as long as the file does not change.

    Raises
    ------
    InputError
        As :func:`decode`.
    """
    source, _ = _source(path)
    with (
        reading(path, "sound", "export it again"),
        _opened(path, source, from_start=False) as sound,
    ):
        if sound is not None:
            info = AudioInfo(sound.samplerate, sound.channels, sound.frames)
            if _has_last(sound):
                return info
        state = path.stat()
        return _counted(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _counted(path: Path, _size: int, _changed: int) -> AudioInfo:
    """The same by decoding the file; its size and time say whether it is still the same."""
    source, _ = _source(path)
    with _opened(path, source) as sound:
        if sound is not None:
            samples = sum(len(block) for block in _blocks(path, sound))
            return AudioInfo(sound.samplerate, sound.channels, samples)
    decoded = _decode_with_ffmpeg(path)
    return AudioInfo(decoded.rate, decoded.samples.shape[1], decoded.samples.shape[0])


def _has_last(sound: soundfile.SoundFile) -> bool:
    """Whether the last sample that the header counts can be read."""
    import soundfile

    if not 0 < sound.frames < _UNKNOWN or not sound.seekable():
        return bool(sound.frames == 0)
    try:
        sound.seek(sound.frames - 1)
        return len(sound.read(1, dtype="float32")) == 1
    except soundfile.LibsndfileError:
        return False


def _source(path: Path) -> tuple[bytes | str | io.BytesIO, tuple[Repair, ...]]:
    """What libsndfile is to open: the file's name, or the content of a WAV file with its length.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be opened.
    """
    ensure_regular(path, "a sound file")
    # as bytes a name need not be UTF-8; Windows has no such names
    name = os.fsencode(path) if os.name == "posix" else str(path)
    with reading(path, "a sound file", "export it again"), path.open("rb") as file:
        header = read_header(file)
        if header is not None and header.unfinished:
            file.seek(0)
            mended = io.BytesIO(header.mended(file.read()))
            return mended, (Repair("sound-header", header.remark),)
        if header is not None and header.remark:
            return name, (Repair("sound-header", header.remark),)
        if _is_cut_ogg(file):
            text = "it does not end with a whole last page: its end is probably missing"
            return name, (Repair("sound-header", text),)
    return name, ()


def _is_cut_ogg(file: io.BufferedReader) -> bool:
    """Whether this is an Ogg file whose last page is not whole, or not marked as the last.

    A page (RFC 3533, section 6) has flags in byte 5 and, from byte 26 on, the number of its
    segments and the length of each.
    """
    file.seek(0)
    if file.read(4) != b"OggS":
        return False
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _PAGE))
    tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27:
        return True
    segments = page[27 : 27 + page[26]]
    whole = len(segments) == page[26] and len(page) >= 27 + page[26] + sum(segments)
    return not (whole and page[5] & 4)


@contextmanager
def _opened(
    path: Path, source: bytes | str | io.BytesIO, *, from_start: bool = True
) -> Iterator[soundfile.SoundFile | None]:
    """The file, opened by libsndfile; None where that is for ffmpeg.

    ``from_start`` reads it from its start to its end and nothing else: where a FLAC file does not
    say how long it is, soundfile can read it only so.
    """
    import soundfile

    class FromStart(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    try:
        sound = (FromStart if from_start else soundfile.SoundFile)(source)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a headerless .raw file
        kind = _kind(path)
        if kind is not None:  # ffmpeg would read rubbish as silence or noise
            raise InputError(f"{path}: not a readable {kind} file; export it again") from error
        yield None
        return
    with sound:
        if not RATES[0] <= sound.samplerate <= RATES[1] or sound.channels > MOST_CHANNELS:
            raise InputError(
                f"{path}: its header says {sound.channels} channels at {sound.samplerate} Hz, "
                "which no sound has; export it again"
            )
        yield sound


_BEGINS = {b"RIFF": "WAV", b"RIFX": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg", b"FORM": "AIFF"}
"""What files that libsndfile reads begin with."""


def _kind(path: Path) -> str | None:
    """The format of a file that libsndfile reads, by its name or its first bytes; None: another."""
    named = path.suffix[1:].upper()
    if named in ("WAV", "FLAC"):
        return named
    with path.open("rb") as file:
        return _BEGINS.get(file.read(4))


def _ensure_bearable(path: Path, decoded: int) -> None:
    """Refuse what is out of all proportion to the file that it is decoded from."""
    if decoded > max(LARGEST, DENSEST * path.stat().st_size):
        raise InputError(
            f"{path}: stands for more than {decoded / 2**20:,.0f} MiB of sound; cut it into parts"
        )


def _blocks(path: Path, sound: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    """Blocks of samples ``(samples, channels)`` up to the end.

    Raises
    ------
    InputError
        If the decoder stops before the end that the header claims.
    """
    import soundfile

    def incomplete(reason: str) -> InputError:
        claim = ""
        if sound.frames < _UNKNOWN:
            claim = f" of the {sound.frames / sound.samplerate:.3f} s that its header claims"
        return InputError(f"{path}: {reason}{claim}; copy or export it again")

    done = 0
    try:
        count = max(1, BLOCK // sound.channels)
        while len(block := sound.read(count, dtype="float32", always_2d=True)):
            done += len(block)
            _ensure_bearable(path, 4 * done * sound.channels)
            yield block
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise incomplete("damaged or cut off: it cannot be decoded to the end") from error
    slack = _MP3_SLACK if sound.format == "MP3" else 0
    exact = sound.format in ("FLAC", "MP3") and sound.frames < _UNKNOWN
    if exact and done < sound.frames - slack:
        raise incomplete(f"cut off: only {done / sound.samplerate:.3f} s can be decoded")


def _decode_with_ffmpeg(path: Path) -> Decoded:
    """Decode what libsndfile cannot (m4a, AAC), at the file's own rate and channels.

    ffmpeg reports success where it decoded a part of a file and says on stderr what was wrong with
    the rest: that is no success here.
    """
    import soundfile

    if not path.stat().st_size:
        raise InputError(f"{path}: the file is empty; export it again")
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise InputError(f"{path}: not a format libsndfile reads; install ffmpeg or convert to WAV")
    size = path.stat().st_size
    most = max(LARGEST, DENSEST * size)
    # AU (unlike WAV) allows an unknown length in its header, so it can be piped
    command = [ffmpeg, "-nostdin", "-v", "error", "-xerror", "-err_detect", "explode"]
    command += ["-protocol_whitelist", "file"]  # a playlist may name what lies elsewhere
    command += ["-i", f"file:{path}", "-vn", "-fs", str(most)]
    command += ["-f", "au", "-c:a", "pcm_f32be", "-"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=FFMPEG_PATIENCE + size / FFMPEG_SPEED,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{path}: decoding it does not end; convert it to WAV") from None
    if len(done.stdout) >= most:
        _ensure_bearable(path, len(done.stdout) + 1)
    # the message names the file itself
    said = done.stderr.decode(errors="replace").replace(f"file:{path}: ", "").strip().splitlines()
    if done.returncode != 0 or not done.stdout:
        raise InputError(f"{path}: not a sound file ({said[-1] if said else 'no audio in it'})")
    if said:
        raise InputError(f"{path}: only a part could be decoded ({said[-1]}); export it again")
    try:
        samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise InputError(f"{path}: could not be decoded ({error})") from error
    if not RATES[0] <= rate <= RATES[1]:
        raise InputError(f"{path}: is said to have {rate} samples a second; export it again")
    return Decoded(samples, rate)
