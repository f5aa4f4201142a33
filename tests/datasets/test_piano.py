"""A piano, played by a soundfont, is trained on and transcribed by the commands of voices."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bayes_a2m.datasets import load_folder
from bayes_a2m.music import midi
from experiments.benchmarks import piano
from tests import tiny
from tests.cli.command import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("fluidsynth") is None
        or not any(Path(font).is_file() for font in piano.SOUNDFONTS),
        reason="needs fluidsynth and a soundfont",
    ),
]


def test_a_piano_is_trained_on_and_transcribed(tmp_path: Path) -> None:
    data, model, out = tmp_path / "piano", tmp_path / "model", tmp_path / "out"
    piano.make(data, recordings=10, seconds=9.0)
    recordings = load_folder(data)
    assert len(recordings.vocabulary) == 89
    assert len(recordings.split("train")) == 8
    # the highest note: the melody, but for its rests
    heard = [note.pitch for note in recordings[0].notes or ()]
    assert max(heard) >= 60
    assert recordings[0].duration >= 8.0
    sets = [part for s in (*tiny.SMALL, "training.epochs=2") for part in ("--set", s)]
    done = run("train", "crnn", "--data", data, "--out", model, *sets)
    assert done.returncode == 0, done.stderr
    sound = data / "2001" / "piece_004.wav"
    done = run("transcribe", sound, "-m", model, "-o", out, "--draws", 1)
    assert done.returncode == 0, done.stderr
    midi.read(out / "piece_004.mid")
