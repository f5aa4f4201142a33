"""A transcription by the exported model that ships needs numpy and its like, and no torch."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bayes_a2m.datasets import Recording
from bayes_a2m.models import load_model
from bayes_a2m.music import Note, midi
from bayes_a2m.runtime.location import pretrained_directory
from bayes_a2m.runtime.model import RuntimeModel
from bayes_a2m.transcription import transcription_of
from tests.cli.command import run
from tests.tiny import tone

ROOT = Path(__file__).parents[2]

BARE = """
import sys
from importlib.abc import MetaPathFinder

FORBIDDEN = {forbidden}

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in FORBIDDEN:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in FORBIDDEN else find(name)
from bayes_a2m.cli.main import main
sys.argv = ["bayes-a2m", *sys.argv[1:]]
try:
    main()
finally:
    print("imported", sorted(FORBIDDEN & set(sys.modules)))
"""

FORBIDDEN = {
    *("torch", "lightning", "pyro", "librosa", "sklearn", "matplotlib", "pandas", "typer", "click"),
    *("pydantic", "yaml", "rich", "safetensors", "joblib", "xarray", "arviz", "pretty_midi"),
    *("h5py", "mir_eval", "optuna", "PIL", "jinja2", "lazy_loader"),
}


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three notes, at another rate than the model's."""
    notes = [Note(0.5, 1.2, 60), Note(1.4, 2.1, 64), Note(2.3, 3.0, 67)]
    path = tmp_path_factory.mktemp("sound") / "song.wav"
    samples = tone(notes, 5.0, np.random.default_rng(0))
    soundfile.write(path, samples, 16000)
    return path


def transcribe(song: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the verb in a process in which none of the forbidden packages can be imported."""
    code = BARE.format(forbidden=repr(FORBIDDEN))
    command = [sys.executable, "-c", code, "transcribe", str(song), "-o", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_same_notes_without_what_is_not_needed(song: Path, tmp_path: Path) -> None:
    done = transcribe(song, tmp_path / "out", "--format", "mid,csv,jsonl,jams")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "imported []"
    recording = Recording("song", path=song)
    _, expected = transcription_of(load_model("pretrained"), recording)
    assert [note.pitch for note in expected.notes] == [60, 64, 67]
    with (tmp_path / "out" / "song.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["onset_seconds"], int(row["pitch"])) for row in rows] == [
        (f"{note.onset:.4f}", note.pitch) for note in expected.notes
    ]
    stated = [float(row["probability"]) for row in rows]
    np.testing.assert_allclose(stated, expected.probabilities or (), atol=1e-4)
    written = midi.read(tmp_path / "out" / "song.mid")
    assert [note.pitch for note in written] == [60, 64, 67]


def test_what_needs_more_says_so(song: Path, tmp_path: Path) -> None:
    done = transcribe(song, tmp_path / "out", "--format", "png")
    assert done.returncode == 2
    assert "--format png: not known without matplotlib" in done.stderr
    code = BARE.format(forbidden=repr(FORBIDDEN))
    train = subprocess.run(
        [sys.executable, "-c", code, "train", "crnn"], capture_output=True, text=True, check=False
    )
    assert train.returncode == 2
    assert "train: needs all that the package depends on" in train.stderr


def test_the_model_that_ships_has_its_export(song: Path) -> None:
    exported = RuntimeModel.load(pretrained_directory())
    recording = Recording("song", path=song)
    expected, found = load_model("pretrained").predict([recording]), exported.predict([recording])
    np.testing.assert_allclose(np.exp(found.log_probs), np.exp(expected.log_probs), atol=1e-4)
    assert (
        sum(
            (pretrained_directory() / name).stat().st_size
            for name in ("model.safetensors", "network.onnx")
        )
        < 1_000_000
    )


@pytest.mark.slow
def test_the_wheel_and_its_few_requirements_transcribe(song: Path, tmp_path: Path) -> None:
    """A fresh environment: the wheel without its dependencies, and requirements-onnx.txt."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels = tmp_path / "wheels"
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(wheels), str(ROOT)], check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)
    subprocess.run([*install, "-r", str(ROOT / "requirements-onnx.txt")], check=True)
    # no socket opens: whatever asked for the network would fail
    offline = "import socket; socket.socket.connect = None; "
    run = "import sys; from bayes_a2m.cli.main import main; sys.argv[0] = 'bayes-a2m'; main()"
    out = tmp_path / "out"
    command = [str(python), "-c", offline + run, "transcribe", str(song), "-o", str(out)]
    subprocess.run(command, check=True, cwd=tmp_path)
    _, expected = transcription_of(load_model("pretrained"), Recording("song", path=song))
    with (out / "song.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["pitch"]) for row in rows] == [note.pitch for note in expected.notes]
    stated = [float(row["probability"]) for row in rows]
    np.testing.assert_allclose(stated, expected.probabilities or (), atol=1e-4)
    known = subprocess.run(
        [str(python), "-c", "import importlib.util as u; print(u.find_spec('torch'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert known.stdout.strip() == "None"


@pytest.mark.parametrize("options", [(), ("--lowest", "C4")], ids=["light", "whole"])
def test_what_is_not_listened_for_is_said(
    tiny_model: Path, song: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A model of three pitches is heard beside by the one of all, but not by onnxruntime."""
    export = tmp_path / "export"
    exported = run("export", tiny_model, "--out", export)
    assert exported.returncode == 0, exported.stderr
    # a model directory may stand first, as with torch
    arguments = ("-o", tmp_path / "out", "--engine", "onnx", "--format", "mid", *options)
    done = run("transcribe", export, song, *arguments)
    assert done.returncode == 0, done.stderr
    assert "caution: whether other pitches are sung" in done.stderr
    assert "only level, noise floor, bandwidth and clipping are known" in done.stderr
    shipped = run("transcribe", song, "-o", tmp_path / "other", "--engine", "onnx")
    assert (tmp_path / "other" / "song.png").is_file()  # as without it, unless formats are named
    assert "other pitches" not in shipped.stderr
