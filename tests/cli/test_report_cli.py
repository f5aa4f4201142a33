"""``report`` from outside: what it writes, what it refuses."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from bayes_a2m.datasets import Dataset
from bayes_a2m.files import read_json
from bayes_a2m.music import Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from tests import tiny
from tests.cli.command import refused, run


@pytest.fixture(scope="module")
def theirs(tiny_data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions of another model, of the validation recordings: right, and 0.9 sure."""
    data = tiny_data.split("validation")
    probs = [np.where(np.eye(4)[y] > 0, 0.9, 0.1 / 3) for y in data.labels]
    path = tmp_path_factory.mktemp("theirs") / "theirs.nc"
    FramePosterior.from_probs(probs, ids=data.ids).save(path)
    return path


@pytest.fixture(scope="module")
def report(
    tiny_model: Path, theirs: Path, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    done = run("report", tiny_model, "--predictions", theirs, "--data", tiny_folder, "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("index.html")
    return out


def test_everything_is_there(report: Path) -> None:
    text = (report / "index.html").read_text()
    assert "How far can they be trusted?" in text
    for word in ('src="figures', 'src="http', 'href="http', "@import"):
        assert word not in text  # the page can be sent on alone
    figures = {p.name for p in (report / "figures").iterdir()}
    for name in ("confusion", "reliability", "variance", "entropy", "ecdf_confidence"):
        for ending in ("png", "svg"):
            assert f"{name}_tiny.{ending}" in figures
            assert f"{name}_theirs.{ending}" in figures
    assert {"risk_coverage.svg", "places.svg", "features_tiny.png"} <= figures
    assert "features_theirs.png" not in figures
    assert "theirs: there is no trunk to look into." in text


def test_tables_and_record_agree(report: Path) -> None:
    record = read_json(report / "report.json")
    assert [one["name"] for one in record["models"]] == ["tiny", "theirs"]
    with (report / "tables" / "classes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    verdicts = [v for one in record["models"] for v in one["verdicts"]]
    assert [float(row["precision"]) for row in rows] == [v["precision"]["value"] for v in verdicts]
    perfect = record["models"][1]
    assert perfect["metrics"]["metrics"]["accuracy"]["value"] == 1
    assert perfect["metrics"]["metrics"]["ece"]["value"] == pytest.approx(0.1, abs=1e-6)
    assert {v["kind"] for v in perfect["verdicts"]} == {"unknown"}  # of four recordings
    with (report / "tables" / "recordings.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 8  # four recordings, two models


def test_requirements_pass_or_fail(report: Path, theirs: Path, tiny_folder: Path) -> None:
    out = report.parent / "required"
    asked = ("--require", "precision:E4>=0.9", "--require", "ece<=0.01", "--no-sound")
    done = run("report", "--predictions", theirs, "--data", tiny_folder, "--out", out, *asked)
    assert done.returncode == 1, done.stderr
    assert "passed: precision:E4>=0.9, theirs: 1.000" in done.stderr
    assert "FAILED: ece<=0.01, theirs: 0.100" in done.stderr
    kept = read_json(out / "report.json")["requirements"]
    assert [(one["requirement"], one["passed"]) for one in kept] == [
        ("precision:E4>=0.9", True),
        ("ece<=0.01", False),
    ]
    assert "failed</strong> <code>ece&lt;=0.01</code>" in (out / "index.html").read_text()
    for wrong, said in (
        ("precision>0.9", "write SCORE>=NUMBER"),
        ("e>=1x", "write SCORE"),
        ("acuracy>=0.9", "there is no score 'acuracy' (did you mean 'accuracy'?)"),
    ):
        line = refused(
            "report", "--predictions", theirs, "--data", tiny_folder, "--out", out,
            "--require", wrong,
        )  # fmt: skip
        assert said in line


def test_recordings_that_were_trained_on_are_said(
    tiny_model: Path, tiny_folder: Path, report: Path, tmp_path: Path
) -> None:
    options = ("--data", tiny_folder, "--split", "train", "--no-sound", "--worst", 1)
    done = run("report", tiny_model, *options, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "index.html").read_text()
    assert "tiny was fitted or tuned on 12 of these recordings" in text
    assert "never met" not in text
    assert '<button type="button">model</button>' not in text
    page = (report / "index.html").read_text()
    assert "never met" not in page  # of theirs it is not known
    assert "Whether theirs was fitted or tuned on any of these recordings is not known." in page
    assert "holds no labels" in page


def test_an_earlier_report_is_replaced_and_nothing_else(
    report: Path, theirs: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    shutil.copytree(report, again)
    (again / "mine.txt").touch()
    (again / "figures" / "mine").mkdir()
    options = ("--predictions", theirs, "--data", tiny_folder, "--no-sound", "--worst", 1)
    assert run("report", *options, "--out", again).returncode == 0
    assert (again / "mine.txt").exists()
    assert (again / "figures" / "mine").is_dir()
    assert not (again / "sound").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").touch()
    assert "thesis.txt: is there already" in refused("report", *options, "--out", mine)
    (again / "index.html").write_text("edited")
    assert "index.html: is there already" in refused("report", *options, "--out", again)
    assert run("report", *options, "--out", again, "--force").returncode == 0
    assert (again / "index.html").read_text() != "edited"
    assert (again / "mine.txt").exists()


def test_what_cannot_be_reported_is_refused_in_a_line(
    tiny_model: Path, tiny_folder: Path, tiny_data: Dataset, tmp_path: Path
) -> None:
    base = ("--data", tiny_folder, "--out", tmp_path / "out")
    assert "nothing to report" in refused("report", *base)
    other = tmp_path / "other.nc"
    ids = tiny_data.split("validation").ids
    probs = [np.full((200, 3), 1 / 3)] * 4
    FramePosterior.from_probs(probs, ids=ids, vocabulary=Vocabulary((60, 62))).save(other)
    assert "speaks of C4, D4" in refused("report", "--predictions", other, *base)
    short = tmp_path / "short.nc"
    FramePosterior.from_probs([np.full((9, 4), 0.25)] * 4, ids=ids).save(short)
    assert "9 frames for recording" in refused("report", "--predictions", short, *base)
    strange = tmp_path / "strange.nc"
    FramePosterior.from_probs([np.full((9, 4), 0.25)], ids=["x"]).save(strange)
    assert "none of the recordings" in refused("report", "--predictions", strange, *base)
    missing = refused("report", "--predictions", strange, *base, "--split", "validation")
    assert "no predictions for 4 of the 4 recordings" in missing
    alien = tmp_path / "alien"
    tiny.copy_to_change(tiny_model, alien)
    config = yaml.safe_load((alien / "config.yaml").read_text())
    config["vocabulary"]["pitches"] = [60, 62, 64]
    (alien / "config.yaml").write_text(yaml.safe_dump(config))
    told = refused("report", tiny_model, alien, *base)
    assert f"{alien} knows the pitches C4, D4, E4, data has C4, E4, G4" in told
    assert "--accept-error 2" in refused("report", tiny_model, *base, "--accept-error", 2)
    assert not (tmp_path / "out").exists()


def test_one_recording_and_a_class_that_never_occurs_make_a_page(
    tiny_folder: Path, tiny_data: Dataset, tmp_path: Path
) -> None:
    recording = tiny_data[0]
    lone = tmp_path / "data"
    lone.mkdir()
    for name in (f"voice_{recording.id}.wav", f"midi_{recording.id}.mid"):
        shutil.copyfile(tiny_folder / name, lone / name)
    probs = np.tile([0.97, 0.03, 0.0, 0.0], (200, 1))
    FramePosterior.from_probs([probs], ids=[recording.id]).save(tmp_path / "quiet.nc")
    out = tmp_path / "out"
    done = run("report", "--predictions", tmp_path / "quiet.nc", "--data", lone, "--out", out)
    assert done.returncode == 0, done.stderr
    text = (out / "index.html").read_text()
    assert "Too few recordings" in text
    assert "never predicted" in text
    assert ">nan" not in text
    assert " nan " not in text


def test_notes_of_any_tool_are_reported(
    tiny_folder: Path, tiny_data: Dataset, tmp_path: Path
) -> None:
    data = tiny_data.split("validation")
    theirs = tmp_path / "theirs.csv"
    rows = [f"{r.id},{n.onset},{n.offset},{n.pitch},0.8" for r in data for n in r.notes or ()]
    theirs.write_text("\n".join(["recording,onset,offset,pitch,confidence", *rows]) + "\n")
    base = ("--data", tiny_folder, "--out", tmp_path / "out")
    done = run("report", "--notes", theirs, *base)
    assert done.returncode == 0, done.stderr
    assert "Notes (onset within 50 ms)" in done.stdout
    record = read_json(tmp_path / "out" / "report.json")
    assert record["recordings"] == list(data.ids)  # those that the table names
    assert record["notes"][0]["name"] == "theirs"
    assert record["notes"][0]["results"]["ece"]["value"] == pytest.approx(0.2)
    broken = tmp_path / "broken.jams"
    broken.write_text("{}")
    assert "broken.jams: not a JAMS file" in refused("report", "--notes", broken, *base)
    assert "no such file" in refused("report", "--notes", tmp_path / "none.csv", *base)
