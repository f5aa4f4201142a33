"""Any sound file in, mono samples of the wanted rate out; else one clear line."""

from __future__ import annotations

import shutil
import stat
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bayes_a2m.audio import io
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid


def sine(rate: int, seconds: float, frequency: float = 440.0) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def write(path: Path, samples: NDArray[np.floating], rate: int, subtype: str | None = None) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = sine(16000, 0.5), 0.3 * sine(16000, 0.5, 300.0)
    path = write(tmp_path / "x.wav", np.stack((left, right), axis=1), 16000, "FLOAT")
    np.testing.assert_allclose(io.load(path), (left + right) / 2, atol=1e-6)
    samples, rate = io.read(path)
    assert (samples.shape, rate) == ((8000, 2), 16000)
    assert io.info(path) == io.AudioInfo(16000, 2, 8000)
    assert io.info(path).duration == 0.5


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 192000])
def test_any_rate_becomes_the_wanted_one(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "x.wav", sine(rate, 1.0), rate, "FLOAT")
    loaded = io.load(path)
    assert loaded.shape == (16000,)
    assert loaded.dtype == np.float32
    # away from the ends, where the resampling filter has nothing to look at
    inner = slice(800, -800)
    np.testing.assert_allclose(loaded[inner], sine(16000, 1.0)[inner], atol=1e-3)


def test_what_lies_past_half_the_new_rate_is_filtered_out(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", sine(44100, 1.0, 12000.0), 44100, "FLOAT")
    assert np.abs(io.load(path)[800:-800]).max() < 1e-3


@pytest.mark.parametrize("samples", [4411, 44099, 44101, 50000])
def test_lengths_are_the_durations(samples: int) -> None:
    moved = io.resample(np.zeros(samples, dtype=np.float32), 44100, 16000)
    assert moved.shape == (round(samples * 16000 / 44100),)


@settings(deadline=None)
@given(
    st.integers(800, 200000),
    st.sampled_from([8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000]),
)
def test_sound_and_labels_have_the_same_frames(samples: int, rate: int) -> None:
    grid = FrameGrid()
    resampled = io.resample(np.zeros(samples, dtype=np.float32), rate, 16000)
    assert grid.frames_of(len(resampled)) == grid.frames_in(samples / rate)


def test_halves_of_samples_are_rounded_alike() -> None:
    # 4031 samples at 32 kHz are 2015.5 at 16 kHz: 20 frames or 21
    resampled = io.resample(np.zeros(4031, dtype=np.float32), 32000, 16000)
    assert FrameGrid().frames_in(4031 / 32000) == len(resampled) // 96 == 21
    # 4000.5, where round() would go to the even 4000
    resampled = io.resample(np.zeros(8001, dtype=np.float32), 32000, 16000)
    assert FrameGrid().samples_in(8001 / 32000) == len(resampled) == 4001


@pytest.mark.parametrize(("ending", "error"), [("flac", 1e-4), ("ogg", 0.05), ("aiff", 1e-4)])
def test_other_formats(tmp_path: Path, ending: str, error: float) -> None:
    samples = sine(16000, 0.5)
    loaded = io.load(write(tmp_path / f"x.{ending}", samples, 16000))
    assert loaded.shape == (8000,)
    assert np.abs(loaded - samples).max() < error


def test_a_corrupt_wav_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF, or so it says" * 100)
    for reader in (io.load, io.read, io.info):
        with pytest.raises(InputError, match=r"x\.wav: not a readable WAV file; export it again"):
            reader(path)


@pytest.mark.parametrize("name", ["x.txt", "x.raw"])
def test_no_sound_at_all_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(b"just some text" * 50)
    with pytest.raises(InputError, match=r"x\.\w+: not a "):
        io.load(path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for reader in (io.load, io.info):
        with pytest.raises(InputError, match=r"install ffmpeg or convert to WAV"):
            reader(path)


def test_no_samples_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", np.zeros(0), 16000)
    with pytest.raises(InputError, match=r"x\.wav: holds no samples"):
        io.load(path)


@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_strange_samples_are_refused(tmp_path: Path, strange: float) -> None:
    samples = sine(16000, 0.5)
    samples[100:103] = strange
    path = write(tmp_path / "x.wav", samples, 16000, "FLOAT")
    with pytest.raises(InputError, match=r"x\.wav: 3 samples are NaN or infinite"):
        io.load(path)


def test_too_short_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", sine(16000, 0.01), 16000)
    with pytest.raises(InputError, match=r"10 ms is too short for a note; give at least 50 ms"):
        io.load(path)
    assert io.load(write(tmp_path / "y.wav", sine(16000, 0.05), 16000)).shape == (800,)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "x.wav", "no such sound file"), (tmp_path, "is a folder")):
        for reader in (io.load, io.info):
            with pytest.raises(InputError, match=words):
                reader(path)


def test_a_folder_is_searched_in_name_order(tmp_path: Path) -> None:
    for name in ("b.WAV", "a.flac", "c.m4a", "notes.txt", "._b.wav"):
        (tmp_path / name).touch()
    (tmp_path / "d.wav").mkdir()
    single = tmp_path / "notes.txt"
    found = [p.name for p in io.find([single, tmp_path])]
    assert found == ["notes.txt", "a.flac", "b.WAV", "c.m4a"]


def test_a_folder_without_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sound file in this folder"):
        io.find([tmp_path])
    with pytest.raises(InputError, match="no such sound file"):
        io.find([tmp_path / "x.wav"])


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_m4a_through_ffmpeg(tmp_path: Path) -> None:
    wav, path = write(tmp_path / "x.wav", sine(44100, 1.0), 44100), tmp_path / "x.m4a"
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-c:a", "aac", path], check=True)
    loaded = io.load(path)
    assert abs(len(loaded) - 16000) < 1600  # AAC pads
    spectrum = np.abs(np.fft.rfft(loaded[:16000]))
    assert spectrum.argmax() == pytest.approx(440, abs=2)
    assert io.info(path).sample_rate == 44100


def fake_ffmpeg(folder: Path, script: str) -> None:
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_what_ffmpeg_pipes_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for ffmpeg sends what ffmpeg sends: AU of unknown length."""
    samples = np.stack((sine(16000, 0.5), np.zeros(8000)), axis=1)
    header = struct.pack(">4sIIIII", b".snd", 24, 0xFFFFFFFF, 6, 16000, 2)
    (tmp_path / "piped.au").write_bytes(header + samples.astype(">f4").tobytes())
    fake_ffmpeg(tmp_path, f'cat "{tmp_path}/piped.au"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = tmp_path / "x.m4a"
    path.write_bytes(b"not for libsndfile" * 10)
    np.testing.assert_allclose(io.load(path), samples[:, 0] / 2, atol=1e-6)
    assert io.info(path) == io.AudioInfo(16000, 2, 8000)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.mp3").touch()
    with pytest.raises(InputError, match=r"x\.mp3: the file is empty"):
        io.load(tmp_path / "x.mp3")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo moov atom not found >&2; exit 1", "not a sound file .moov atom not found"),
        ("exit 0", "not a sound file .no audio in it"),
        ("echo rubbish", "could not be decoded"),
    ],
)
def test_what_ffmpeg_cannot_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    fake_ffmpeg(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = tmp_path / "x.m4a"
    path.write_bytes(b"not for libsndfile" * 10)
    with pytest.raises(InputError, match=rf"x\.m4a: {message}"):
        io.load(path)
