"""Length is what was decoded, and a part of a recording is not the recording."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bayes_a2m.audio import decoding, io
from bayes_a2m.errors import InputError
from tests.audio.test_io import fake_ffmpeg

RATE = 16000
SOUND = 0.3 * np.sin(2 * np.pi * 261.6 * np.arange(2 * RATE) / RATE)
PCM = (SOUND * 32767).astype("<i2")


def wav(
    path: Path,
    *,
    data: int | None = None,
    riff: int | None = None,
    there: int = 2 * RATE,
    channels: int = 1,
    after: bytes = b"",
    order: str = "<",
) -> Path:
    """A WAV file of 16 bit whose header claims so many bytes."""
    content = PCM[:there].astype(order + "i2").tobytes()
    head = struct.pack(order + "HHIIHH", 1, channels, RATE, 2 * channels * RATE, 2 * channels, 16)
    length = struct.pack(order + "I", len(content) if data is None else data)
    size = struct.pack(order + "I", len(head) + len(content) + 20 if riff is None else riff)
    name = b"RIFF" if order == "<" else b"RIFX"
    fmt = b"WAVEfmt " + struct.pack(order + "I", 16) + head
    path.write_bytes(name + size + fmt + b"data" + length + content + after)
    return path


def same_everywhere(path: Path) -> io.Sound:
    """The sound of a file, whose length all readers agree on."""
    sound = io.sound(path)
    samples, rate = io.read(path)
    info = io.info(path)
    assert (info.samples, info.channels, info.sample_rate) == (*samples.shape, rate)
    assert info.duration == sound.duration
    assert len(sound.samples) == round(sound.duration * RATE)
    return sound


def codes(sound: io.Sound) -> list[str]:
    return [r.code for r in sound.repairs]


# --- WAV


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("data", "riff"),
    [
        (0, 36),
        (0, 0),
        (0, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x7FFFFFFF, 0x7FFFFFFF),
        (0x7FFFF000, 0x7FFFF024),
        (0x80000000, 0x80000024),
    ],
)
def test_a_wav_file_that_was_never_finished_is_read(
    tmp_path: Path, data: int, riff: int, order: str
) -> None:
    sound = same_everywhere(wav(tmp_path / "x.wav", data=data, riff=riff, order=order))
    assert sound.duration == 2.0
    np.testing.assert_allclose(sound.samples, SOUND, atol=1e-4)
    assert codes(sound) == ["sound-header"]
    assert "all 2.000 s" in sound.repairs[0].message


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT", "ULAW", "IMA_ADPCM", "PCM_U8"])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
def test_so_are_other_kinds_of_samples(tmp_path: Path, subtype: str, kind: str) -> None:
    if (kind, subtype) == ("WAVEX", "IMA_ADPCM"):
        pytest.skip("there is no such format")
    path = tmp_path / "x.wav"
    soundfile.write(path, SOUND, RATE, format=kind, subtype=subtype)
    usual = io.load(path)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"data") + 4
    content[at : at + 4] = bytes(4)
    path.write_bytes(content)
    sound = same_everywhere(path)
    np.testing.assert_array_equal(sound.samples, usual)
    assert codes(sound) == ["sound-header"]
    assert sound.repairs[0].message.split("all ")[1].startswith("2.0")


def test_an_odd_number_of_bytes_is_no_sample(tmp_path: Path) -> None:
    path = wav(tmp_path / "x.wav", data=0, riff=36, channels=2, after=b"\x01\x02\x03")
    assert io.info(path) == io.AudioInfo(RATE, 2, RATE)
    assert same_everywhere(path).duration == 1.0


def test_an_empty_wav_file_stays_empty(tmp_path: Path) -> None:
    tag = b"LIST" + struct.pack("<I", 4) + b"INFO"
    for after in (b"", tag):
        path = wav(tmp_path / "x.wav", there=0, after=after, riff=36 + len(after))
        assert io.info(path).samples == 0
        with pytest.raises(InputError, match=r"x\.wav: holds no samples; record it again"):
            io.load(path)


def test_of_a_wav_file_that_was_cut_off_the_rest_is_read_and_said(tmp_path: Path) -> None:
    sound = same_everywhere(wav(tmp_path / "x.wav", data=128000, riff=128036, there=RATE))
    assert sound.duration == 1.0
    assert codes(sound) == ["sound-header"]
    assert "claims 4.000 s, 1.000 s are there" in sound.repairs[0].message


def test_bytes_after_the_sound(tmp_path: Path) -> None:
    for after in (b"LIST" + struct.pack("<I", 4) + b"INFO", b"TAG" + bytes(125), b"\0"):
        assert codes(same_everywhere(wav(tmp_path / "x.wav", after=after))) == []
    # a header that was filled in after the first second, and never again
    sound = same_everywhere(wav(tmp_path / "x.wav", data=16000, riff=16036))
    assert sound.duration == 0.5
    assert "1.500 s more" in sound.repairs[0].message


# --- FLAC, MP3, Ogg


def flac(path: Path, samples: NDArray[np.floating] = SOUND) -> Path:
    noise = 1e-3 * np.random.default_rng(0).standard_normal(len(samples))
    soundfile.write(path, samples + noise, RATE)
    return path


def test_flac_that_does_not_say_how_long_it_is(tmp_path: Path) -> None:
    path = flac(tmp_path / "x.flac")
    usual = io.load(path)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # STREAMINFO: the number of samples has 36 bits
    content[22:26] = bytes(4)
    path.write_bytes(content)
    sound = same_everywhere(path)
    np.testing.assert_array_equal(sound.samples, usual)
    assert sound.duration == 2.0
    path.write_bytes(content[:-300])
    with pytest.raises(InputError, match=r"x\.flac: damaged or cut off: it .+; copy or export it"):
        io.info(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.9999])
def test_flac_that_was_cut_off_is_refused_by_all(tmp_path: Path, share: float) -> None:
    path = flac(tmp_path / "x.flac")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    said = set()
    for reader in (io.load, io.read, io.info):
        with pytest.raises(
            InputError, match=r"x\.flac: .*2\.000 s that its header claims; copy or"
        ):
            reader(path)
        with pytest.raises(InputError) as caught:
            reader(path)
        said.add(str(caught.value))
    assert len(said) == 1


def test_flac_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = flac(tmp_path / "x.flac")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :][:4] = b""
    for i in range(len(content) // 2, len(content) // 2 + 4):
        content[i] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.flac: damaged or cut off"):
        io.load(path)


def test_rubbish_called_flac_is_not_given_to_ffmpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ffmpeg(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = tmp_path / "x.flac"
    path.write_bytes(b"no sound" * 40)
    with pytest.raises(InputError, match=r"x\.flac: not a readable FLAC file; export it again"):
        io.load(path)


def test_mp3_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    soundfile.write(path, np.tile(SOUND, 4), RATE)
    assert same_everywhere(path).duration == 8.0
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        InputError, match=r"x\.mp3: cut off: only \d\.\d+ s can be decoded of the 8"
    ):
        io.load(path)


def test_ogg_that_was_cut_off_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "x.ogg"
    soundfile.write(path, np.tile(SOUND, 4), RATE)
    assert codes(same_everywhere(path)) == []
    content = path.read_bytes()
    path.write_bytes(content[: 3 * len(content) // 4])
    assert codes(same_everywhere(path)) == ["sound-header"]


# --- decoding once, in blocks


def test_blocks_make_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = flac(tmp_path / "x.flac")
    whole = io.load(path)
    monkeypatch.setattr(decoding, "BLOCK", 1000)
    np.testing.assert_array_equal(io.load(path), whole)


def test_length_is_asked_of_a_sane_header_and_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    blocks = decoding._blocks

    def counted(path: Path, sound: soundfile.SoundFile):  # type: ignore[no-untyped-def]
        calls.append(path)
        return blocks(path, sound)

    monkeypatch.setattr(decoding, "_blocks", counted)
    sane = flac(tmp_path / "sane.flac")
    assert io.info(sane).duration == 2.0
    assert calls == []
    content = bytearray(sane.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    unknown = tmp_path / "unknown.flac"
    unknown.write_bytes(content)
    for _ in range(3):
        assert io.info(unknown).duration == 2.0
    assert calls == [unknown]
    flac(unknown, SOUND[:RATE])  # another file of the same name
    assert io.info(unknown).duration == 1.0


# --- ffmpeg, names


def test_a_part_that_ffmpeg_decodes_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = struct.pack(">4sIIIII", b".snd", 24, 0xFFFFFFFF, 6, RATE, 1)
    (tmp_path / "piped.au").write_bytes(header + SOUND.astype(">f4").tobytes())
    fake_ffmpeg(tmp_path, f'cat "{tmp_path}/piped.au"; echo invalid data >&2')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = tmp_path / "x.m4a"
    path.write_bytes(b"not for libsndfile" * 10)
    for reader in (io.load, io.info):
        with pytest.raises(
            InputError, match=r"x\.m4a: only a part could be decoded \(invalid data"
        ):
            reader(path)


@pytest.mark.skipif(sys.platform != "linux", reason="such names exist on Linux alone")
def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    wav(path)
    assert same_everywhere(path).duration == 2.0
    wav(path, data=0, riff=36)
    assert same_everywhere(path).duration == 2.0


def test_a_file_that_may_not_be_read_is_refused(without_privileges: Path) -> None:
    path = wav(without_privileges / "x.wav")
    path.chmod(0)
    with pytest.raises(InputError, match=r"x\.wav: cannot be read \(Permission denied\)"):
        io.load(path)
