from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bayes_a2m.datasets import load_folder
from bayes_a2m.datasets.synthetic import (
    Synthesised,
    SynthesisSettings,
    synthesise,
    write_folder,
)
from bayes_a2m.datasets.verify import verify
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid
from bayes_a2m.music.notes import overlaps

GRID = FrameGrid()


def tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def samples(made: Synthesised) -> NDArray[np.float32]:
    assert made.recording.samples is not None
    return made.recording.samples


def test_a_recording_does_not_depend_on_how_many_there_are() -> None:
    few, many = SynthesisSettings(recordings=3), SynthesisSettings(recordings=500)
    assert np.array_equal(samples(synthesise(few, 2)), samples(synthesise(many, 2)))
    assert not np.array_equal(samples(synthesise(few, 1)), samples(synthesise(few, 2)))


def test_condition_and_labels_leave_the_voice_alone() -> None:
    plain = synthesise(SynthesisSettings(conditions=("studio",)), 0)
    other = synthesise(
        SynthesisSettings(
            conditions=("noisy",), severity=(5, 5), label_lag_ms=50, label_jitter_ms=20
        ),
        0,
    )
    assert np.array_equal(plain.clean, other.clean)
    assert not np.array_equal(samples(plain), samples(other))
    assert plain.score == other.score
    assert plain.recording.notes != other.recording.notes


def test_the_truth_is_json_and_f0_is_there_where_the_voice_sounds() -> None:
    made = synthesise(SynthesisSettings(out_of_vocabulary=0.3), 4)
    truth = json.loads(json.dumps(made.truth(GRID), allow_nan=False))
    sounding = made.sounding(GRID)
    assert [value is not None for value in truth["f0"]] == sounding.tolist()
    labelled = made.recording.labels(GRID, SynthesisSettings().vocabulary) > 0
    assert not (labelled[1:-1] & ~sounding[1:-1] & ~sounding[2:]).any()


@settings(max_examples=25, deadline=None)
@given(
    lowest=st.integers(45, 78),
    seconds=st.floats(0.5, 3.0),
    rate=st.sampled_from([8000, 16000, 22050, 44100]),
    severity=st.floats(0, 5),
    condition=st.sampled_from(["studio", "noisy", "laptop"]),
    tempo=st.floats(20, 400),
    outside=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 2**32),
)
def test_whatever_is_asked_for_comes_out_sound(
    lowest: int,
    seconds: float,
    rate: int,
    severity: float,
    condition: str,
    tempo: float,
    outside: float,
    seed: int,
) -> None:
    made = synthesise(
        SynthesisSettings(
            pitches=(lowest, lowest + 3),
            seconds=seconds,
            sample_rate=rate,
            severity=(severity, severity),
            conditions=(condition,),
            tempo=(tempo, tempo),
            out_of_vocabulary=outside,
            seed=seed,
        )
    )
    sound, notes = samples(made), made.recording.notes or ()
    assert len(sound) == round(round(seconds * 1000) / 1000 * rate)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1
    if condition != "laptop":  # only a laptop clips
        assert np.count_nonzero(np.abs(sound) >= np.abs(sound).max() * 0.99999) < 5
    assert made.score
    assert not overlaps(notes)
    assert all(0 <= n.onset < n.offset <= seconds for n in notes)


@pytest.mark.parametrize("octave", [0, pytest.param(-12, marks=pytest.mark.slow)])
def test_a_pitch_tracker_hears_what_was_asked_for(octave: int) -> None:
    """pYIN finds at least 97 % of sounding frames, 97 % of them within 50 cents (studio)."""
    import librosa

    wanted = SynthesisSettings(
        conditions=("studio",), severity=(0, 0), sounding_offset=octave, seed=11
    )
    sounding = found = right = 0
    for index in range(6):
        made = synthesise(wanted, index)
        low = 110.0 if octave == 0 else 65.4
        f0, voiced, _ = librosa.pyin(
            samples(made), fmin=low, fmax=8 * low, sr=16000, frame_length=1024, hop_length=96
        )
        asked, sounds = made.f0(GRID), made.sounding(GRID)
        f0, voiced = f0[: len(asked)], voiced[: len(asked)]
        heard = voiced & sounds
        sounding += int(sounds.sum())
        found += int(heard.sum())
        right += int((np.abs(1200 * np.log2(f0[heard] / asked[heard])) < 50).sum())
    assert found / sounding >= 0.97
    assert right / found >= 0.97


def test_the_same_seed_writes_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    wanted = SynthesisSettings(recordings=3, seconds=1.5, seed=7)
    write_folder(tmp_path / "here", wanted)
    code = (
        "import sys; from pathlib import Path\n"
        "from bayes_a2m.datasets.synthetic import SynthesisSettings, write_folder\n"
        "write_folder(Path(sys.argv[1]), SynthesisSettings(recordings=3, seconds=1.5, seed=7))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "123"}
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")], check=True, env=environment
    )
    assert tree_hash(tmp_path / "here") == tree_hash(tmp_path / "there")
    write_folder(tmp_path / "other", SynthesisSettings(recordings=3, seconds=1.5, seed=8))
    assert tree_hash(tmp_path / "here") != tree_hash(tmp_path / "other")


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_verify_finds_nothing_wrong_and_the_folder_loads(tmp_path: Path, ending: str) -> None:
    out = tmp_path / "voices"
    wanted = SynthesisSettings(
        recordings=24, seconds=2.0, pitches=(48, 50, 52), sounding_offset=12, seed=3
    )
    write_folder(out, wanted, ending=ending)
    report = verify(out)
    assert report.problems == ()
    data = load_folder(out)
    assert data.vocabulary == wanted.vocabulary
    assert set(data.splits) == {"train", "validation", "test"}
    assert [r.condition for r in data][:3] == ["studio", "noisy", "laptop"]
    assert len(list((out / "truth").iterdir())) == 24


def test_a_synthetic_folder_is_replaced_and_no_other(tmp_path: Path) -> None:
    out = tmp_path / "voices"
    write_folder(out, SynthesisSettings(recordings=3, seconds=1.0))
    write_folder(out, SynthesisSettings(recordings=1, seconds=1.0))
    assert len(list(out.glob("voice_*"))) == 1
    (out / "decisions.txt").write_text("mine")
    (out / "voice_002.wav").write_bytes(b"mine")
    write_folder(out, SynthesisSettings(recordings=1, seconds=1.0))
    assert (out / "decisions.txt").read_text() == "mine"
    with pytest.raises(InputError, match=r"voice_002\.wav: is there already"):
        write_folder(out, SynthesisSettings(recordings=2, seconds=1.0))
    assert (out / "voice_002.wav").read_bytes() == b"mine"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "voice_001.wav").write_bytes(b"mine")
    with pytest.raises(InputError, match="is there already"):
        write_folder(mine, SynthesisSettings(recordings=1, seconds=1.0))
    assert (mine / "voice_001.wav").read_bytes() == b"mine"


def test_an_interrupted_synthesis_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "voices", SynthesisSettings(recordings=2, seconds=1.0), stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"pitches": (60, 200)}, "200"),
        ({"pitches": (120,)}, "these voices reach"),
        ({"pitches": (20,)}, "these voices reach"),
        ({"seconds": 0}, "seconds"),
        ({"recordings": 0}, "recordings"),
        ({"conditions": ("kitchen",)}, "there are: studio, noisy, laptop"),
        ({"conditions": ("studo",)}, "studio"),
        ({"severity": (3, 9)}, "severity"),
        ({"severity": (3, 1)}, "severity"),
        ({"tempo": (5, 60)}, "tempo"),
        ({"seed": -1}, "seed"),
        ({"tempi": (60, 90)}, "tempi"),
    ],
)
def test_what_cannot_be_sung_is_refused_in_one_line(values: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        SynthesisSettings(**values)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Value error" not in str(caught.value)
