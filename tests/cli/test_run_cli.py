"""``run`` from outside: what it plans, makes, prints and refuses; killed, and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.files import read_json
from tests.cli.command import refused, run
from tests.studies import small


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network against nearest neighbours."""
    arms = {
        "network": {"experiment": "crnn", "set": small.network(12)},
        "neighbours": small.neighbours(3),
    }
    return small.write(tmp_path_factory.mktemp("study"), arms)


@pytest.fixture(scope="module")
def whole(study: Path, tiny_folder: Path) -> Path:
    """What a run leaves that nothing stops."""
    out = study.parent / "whole"
    done = run("run", study, "--data", tiny_folder, "--out", out, "--no-report", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    (out / "stdout.txt").write_text(done.stdout)
    (out / "stderr.txt").write_text(done.stderr)
    return out


def test_it_says_what_it_will_do_and_what_came_out(whole: Path) -> None:
    said, shown = (whole / "stderr.txt").read_text(), (whole / "stdout.txt").read_text()
    assert "small: 2 arms, 2 seeds; 4 cells, 0 done, 4 to make: about" in said
    assert (whole / "table.md").read_text() in shown
    assert shown.splitlines()[-1] == str(whole / "compare.json")
    assert read_json(whole / "compare.json")["reference"] == "network"
    assert sorted(p.name for p in whole.iterdir() if not p.name.startswith("std")) == [
        ".bayes-a2m-run.sha256",
        "arms.png",
        "cells",
        "compare.json",
        "differences.csv",
        "table.csv",
        "table.md",
    ]


def test_a_plan_makes_nothing(study: Path, tiny_folder: Path, tmp_path: Path) -> None:
    done = run("run", study, "--data", tiny_folder, "--out", tmp_path / "out", "--plan")
    assert done.returncode == 0, done.stderr
    assert "4 cells, 0 done, 4 to make" in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_out_it_goes_into_reports(
    study: Path, whole: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    command = ["run", study, "--data", tiny_folder, "--cells", whole / "cells", "--no-report"]
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 done, 0 to make" in done.stderr
    assert done.stdout.splitlines()[-1] == str(Path("reports") / "small" / "compare.json")
    assert (tmp_path / "reports" / "small" / "table.md").is_file()


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_to_the_same_numbers(
    study: Path, whole: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["run", study, "--data", tiny_folder, "--out", out, "--no-report", "--jobs", 2]
    process = subprocess.Popen(
        [sys.executable, "-m", "bayes_a2m", *map(str, command)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while _rows(out) < 3:  # some epochs of the network, and not all of them
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not all((cell / "model").is_dir() for cell in (out / "cells").iterdir())
    again = run(*command)
    assert again.returncode == 0, again.stderr
    theirs = {p.name: p for p in (whole / "cells").iterdir()}
    ours = {p.name: p for p in (out / "cells").iterdir()}
    assert set(ours) == set(theirs)
    for name, cell in ours.items():
        (one,), (other,) = cell.glob("scores-*.npz"), theirs[name].glob("scores-*.npz")
        _assert_same(Scored.load(one), Scored.load(other))
    ours_found, theirs_found = (read_json(f / "compare.json") for f in (out, whole))
    one, other = (f["comparisons"]["neighbours"] for f in (ours_found, theirs_found))
    for key in ("metrics", "per_class", "per_condition", "stages"):
        assert one[key] == other[key]


def test_a_failed_cell_is_told_at_the_end(tiny_folder: Path, tmp_path: Path) -> None:
    broken = {**small.network(1), "training.learning_rate": 1e30}
    arms = {"neighbours": small.neighbours(3), "broken": {"experiment": "crnn", "set": broken}}
    file = small.write(tmp_path, arms, seeds=[0])
    out = tmp_path / "out"
    done = run("run", file, "--data", tiny_folder, "--out", out, "--no-report", "--jobs", 1)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "failed: broken, seed 0: " in done.stderr.splitlines()[-1]
    assert "| neighbours | 1 |" in done.stdout


def test_it_refuses_in_one_line(study: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "did you mean 'baselines'" in refused("run", "baselins", "--out", out)
    assert "--data" in refused("run", study, "--out", out)
    assert "--seeds 1,x" in refused("run", study, "--out", out, "--seeds", "1,x")
    settings = ("--data", tiny_folder, "--out", out, "--set", "training.epoch=3")
    assert "did you mean 'epochs'" in refused("run", study, *settings)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").touch()
    assert "is there already" in refused("run", study, "--data", tiny_folder, "--out", foreign)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("arms: {a: {experment: crnn}}")
    assert "did you mean 'experiment'" in refused("run", wrong, "--out", out)
    assert not out.exists()


def _rows(out: Path) -> int:
    """Epochs that the network's training has written down, of the seed furthest on."""
    logs = list(out.glob("cells/network-*/work/**/training.csv"))
    return max((log.read_text().count("\n") - 1 for log in logs), default=0)


def _assert_same(one: Scored, other: Scored) -> None:
    assert one.ids == other.ids
    for counts, wanted in [
        (one.notes, other.notes),
        *((one.parts[name], other.parts[name]) for name in one.parts),
    ]:
        for field in fields(counts):
            np.testing.assert_array_equal(getattr(counts, field.name), getattr(wanted, field.name))
