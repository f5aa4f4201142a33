"""What is in a synthetic folder, file by file; bytes and replacing are in ``test_synthesis.py``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.synthetic import SynthesisSettings, synthesise, write_folder
from bayes_a2m.datasets.verify import verify
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, midi

WANTED = SynthesisSettings(recordings=4, seconds=1.5, conditions=("noisy", "studio"), seed=5)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of four recordings; tests only read it."""
    path = tmp_path_factory.mktemp("synthetic") / "voices"
    write_folder(path, WANTED)
    return path


def test_sound_and_notes_are_those_that_were_made(folder: Path) -> None:
    made = synthesise(WANTED, 2)
    samples, rate = soundfile.read(folder / "voice_003.wav", dtype="float32")
    assert rate == 16000
    assert soundfile.info(folder / "voice_003.wav").subtype == "PCM_16"
    assert made.recording.samples is not None
    np.testing.assert_allclose(samples, made.recording.samples, rtol=0, atol=2**-15)
    written, asked = midi.read(folder / "midi_003.mid"), made.recording.notes or ()
    tick = 60 / 120 / 480
    for a, b in zip(written, asked, strict=True):
        assert (a.pitch, a.velocity) == (b.pitch, b.velocity)
        assert a.onset == pytest.approx(b.onset, abs=tick)
        assert a.offset == pytest.approx(b.offset, abs=tick)


def test_truth_is_written_beside_every_recording(folder: Path) -> None:
    for index in range(4):
        truth = json.loads((folder / "truth" / f"{index + 1:03d}.json").read_text("utf-8"))
        asked = synthesise(WANTED, index).truth(FrameGrid())
        assert truth == json.loads(json.dumps(asked))
        assert truth["id"] == f"{index + 1:03d}"
        assert len(truth["f0"]) == 250  # 24000 samples, 96 a frame
        assert any(truth["f0"])


def test_f0_of_the_truth_agrees_with_the_labels(folder: Path) -> None:
    data = load_folder(folder)
    for recording, labels in zip(data, data.labels, strict=True):
        truth = json.loads((folder / "truth" / f"{recording.id}.json").read_text("utf-8"))
        f0 = np.array([np.nan if v is None else v for v in truth["f0"]])
        sung = labels > 0
        pitch = 69 + 12 * np.log2(f0 / 440)
        asked = np.array([0, *data.vocabulary.pitches])[labels]
        assert np.median(np.abs(pitch - asked)[sung & ~np.isnan(f0)]) < 0.5
        # the label of a frame begins with the frame that holds the onset: one frame of grace
        assert np.count_nonzero(sung == np.isnan(f0)) <= 2 * len(truth["score"])


def test_metadata_name_condition_and_split(folder: Path) -> None:
    lines = (folder / "metadata.csv").read_text().splitlines()
    assert lines[0] == "id,condition,split,take"
    rows = [line.split(",") for line in lines[1:]]
    assert [row[0] for row in rows] == ["001", "002", "003", "004"]
    assert [row[1] for row in rows] == ["noisy", "studio", "noisy", "studio"]
    assert all(row[2] in {"train", "validation", "test"} for row in rows)


def test_the_same_folder_can_be_made_from_what_it_says_of_itself(
    folder: Path, tmp_path: Path
) -> None:
    values = yaml.safe_load((folder / "synthesis.yaml").read_text())
    write_folder(tmp_path / "again", SynthesisSettings(**values))
    assert content(tmp_path / "again") == content(folder)


def test_flac_holds_the_same_samples_to_one_step(folder: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "flac", WANTED, ending=".flac")
    for path in folder.glob("voice_*.wav"):
        wav, _ = soundfile.read(path, dtype="int16")
        flac, _ = soundfile.read(tmp_path / "flac" / f"{path.stem}.flac", dtype="int16")
        # libsndfile rounds for FLAC, and for WAV takes the whole number below
        assert np.abs(wav.astype(int) - flac).max() <= 1


def test_progress_is_told_after_every_recording(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    short = SynthesisSettings(recordings=3, seconds=0.5)
    write_folder(tmp_path / "voices", short, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_earlier_set_outlives_an_interrupted_one(tmp_path: Path) -> None:
    out = tmp_path / "voices"
    write_folder(out, SynthesisSettings(recordings=2, seconds=0.5))
    before = content(out)

    def stop(done: int, total: int) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_folder(out, SynthesisSettings(recordings=3, seconds=0.5, seed=1), stop)
    assert content(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["voices"]


def test_another_set_leaves_no_file_of_the_earlier_one(tmp_path: Path) -> None:
    out = tmp_path / "voices"
    write_folder(out, SynthesisSettings(recordings=3, seconds=0.5), ending=".flac")
    write_folder(out, SynthesisSettings(recordings=1, seconds=0.5))
    assert set(content(out)) == {
        ".bayes-a2m-synth.sha256",  # what it wrote, so that it replaces no more than that
        "voice_001.wav",
        "midi_001.mid",
        "truth/001.json",
        "metadata.csv",
        "dataset.yaml",
        "synthesis.yaml",
    }


def test_a_file_in_the_way_is_refused_before_anything_is_sung(tmp_path: Path) -> None:
    (tmp_path / "voices").write_text("mine")
    told: list[int] = []
    with pytest.raises(InputError) as caught:
        write_folder(tmp_path / "voices", WANTED, lambda done, total: told.append(done))
    assert "\n" not in str(caught.value)
    assert told == []
    assert (tmp_path / "voices").read_text() == "mine"


def test_verify_finds_nothing_wrong_at_any_length(tmp_path: Path) -> None:
    write_folder(tmp_path / "voices", SynthesisSettings(recordings=8, seconds=1.01))
    assert verify(tmp_path / "voices").problems == ()


def test_verify_finds_nothing_wrong_with_late_labels(tmp_path: Path) -> None:
    late = SynthesisSettings(recordings=12, seconds=1.5, label_lag_ms=40, pitches=(60, 62, 64))
    write_folder(tmp_path / "voices", late)
    assert verify(tmp_path / "voices").problems == ()
