"""``audit`` from outside: wrong labels are found, decisions are kept and taken by ``train``."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import pytest

from bayes_a2m.datasets import load_folder
from bayes_a2m.files import read_json
from bayes_a2m.label_audit.decisions import Decision, Decisions
from bayes_a2m.models import load_model
from bayes_a2m.music import Note, midi
from tests import tiny
from tests.cli.command import refused, run

SETTINGS = [word for setting in tiny.SMALL for word in ("--set", setting)]
OPTIONS = ("--experiment", "laplace", *SETTINGS, "--folds", 2, "--draws", 4, "--show", 3)


def tree(folder: Path) -> dict[str, str]:
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.is_file()
    }


@pytest.fixture(scope="module")
def wrong(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny folder, of which recording 005 has another's MIDI and 009 an octave too much."""
    folder = tmp_path_factory.mktemp("wrong") / "data"
    shutil.copytree(tiny_folder, folder)
    shutil.copyfile(folder / "midi_006.mid", folder / "midi_005.mid")
    notes = midi.read(folder / "midi_009.mid")
    midi.write(folder / "midi_009.mid", notes, transpose=12)
    return folder


@pytest.fixture(scope="module")
def audit(wrong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("audit")
    before = tree(wrong)
    out, copy = parent / "out", parent / "aligned"
    done = run("audit", wrong, "--out", out, *OPTIONS, "--write-aligned", copy)
    assert done.returncode == 0, done.stderr
    assert "outside the vocabulary, by whole octaves" in done.stdout
    assert tree(wrong) == before
    return out


def test_the_wrong_ones_come_first(audit: Path) -> None:
    found = read_json(audit / "audit.json")
    first, second = found["suspects"][:2]
    assert (first["id"], first["cause"]) == ("009", "octave")
    assert second["id"] == "005"
    assert second["agreement"] < 0.7
    assert found["recordings"] == 16
    assert abs(found["lag"]["data_set"]["value"]) < 0.03
    with (audit / "tables" / "suspects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["recording"] for row in rows] == [one["id"] for one in found["suspects"]]
    text = (audit / "index.html").read_text()
    assert text.count("<audio") == 3
    assert 'src="http' not in text


def test_the_aligned_copy_moves_what_can_be_moved(audit: Path, wrong: Path) -> None:
    copy = audit.parent / "aligned"
    assert (copy / "midi_009.mid").read_bytes() == (wrong / "midi_009.mid").read_bytes()
    with (copy / "alignment.csv").open(newline="") as file:
        moved = {row["id"]: float(row["moved_ms"]) for row in csv.DictReader(file)}
    assert moved["009"] == 0
    assert any(moved.values())
    assert max(map(abs, moved.values())) < 60


def test_again_nothing_is_trained_and_decisions_are_shown(audit: Path, wrong: Path) -> None:
    Decisions({"005": Decision("exclude", "wrong <file>")}).save(audit / "decisions.json")
    before = {p: p.stat().st_mtime_ns for p in (audit / "models").rglob("*.safetensors")}
    done = run("audit", wrong, "--out", audit, *OPTIONS, "--no-sound")
    assert done.returncode == 0, done.stderr
    assert "laplace on" not in done.stderr
    assert {p: p.stat().st_mtime_ns for p in (audit / "models").rglob("*.safetensors")} == before
    text = (audit / "index.html").read_text()
    assert "wrong &lt;file&gt;" in text
    assert "<audio" not in text


def test_models_of_other_labels_are_not_used(audit: Path, tiny_folder: Path) -> None:
    assert "is there already" in refused("audit", tiny_folder, "--out", tiny_folder, *OPTIONS)
    said = refused("audit", tiny_folder, "--out", audit, *OPTIONS)
    assert "other recordings or labels" in said
    said = refused("audit", tiny_folder, "--out", audit, *OPTIONS, "--folds", 3)
    assert "another number of folds" in said


def test_train_leaves_out_what_is_excluded(tiny_folder: Path, tmp_path: Path) -> None:
    train = load_folder(tiny_folder).split("train")
    decisions = tmp_path / "decisions.json"
    out = ("--data", tiny_folder, "--out", tmp_path / "model", "--exclude", decisions)
    Decisions({r.id: Decision("exclude") for r in train}).save(decisions)
    assert "leaves nothing" in refused("train", "crnn", *SETTINGS, *out)
    Decisions({"001": Decision("exclude"), "999": Decision("exclude")}).save(decisions)
    assert "excludes 999, but" in refused("train", "crnn", *SETTINGS, *out)
    wrong = load_folder(tiny_folder).split("validation").ids[0]
    made = {"001": Decision("exclude"), "002": Decision("keep"), wrong: Decision("exclude")}
    Decisions(made).save(decisions)
    done = run("train", "crnn", *SETTINGS, "--set", "training.epochs=1", *out)
    assert done.returncode == 0, done.stderr
    seen = read_json(tmp_path / "model" / "seen.json")
    known = {*seen["fit"], *seen["tune"]}
    assert known == set(train.ids) - {"001"}
    # nor is it measured on: what the audit found wrong is wrong there, too
    assert set(seen["excluded"]) == {"001", wrong}
    left = load_model(tmp_path / "model").seen.unseen(load_folder(tiny_folder))
    assert set(left.ids) == set(load_folder(tiny_folder).split("validation").ids) - {wrong}


def test_silence_throughout_is_said(tmp_path: Path) -> None:
    folder = tiny.make_folder(tmp_path / "data", recordings=8)
    for path in folder.glob("midi_*.mid"):
        midi.write(path, [Note(0.0, 0.001, 60)] if path.stem == "midi_001" else [])
    done = run("audit", folder, "--out", tmp_path / "out", *OPTIONS, "--set", "training.epochs=1")
    assert done.returncode == 0, done.stderr
    assert "one class only" in done.stderr
    assert "there is no lag to measure" in done.stdout
    assert "there is no lag to measure" in (tmp_path / "out" / "index.html").read_text()
