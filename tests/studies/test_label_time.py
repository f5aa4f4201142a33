"""The study of label times, from its plan to its conclusion, on tones."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from bayes_a2m.files import read_json
from bayes_a2m.studies.study import find_study
from tests import tiny
from tests.cli.command import run

# each cell is a process of its own: those whose network or posterior has a loss of its own
ARMS = ("plain", "latent_times", "evidential")


@pytest.mark.slow
def test_losses_are_compared_out_of_fold(tiny_folder: Path, tmp_path: Path) -> None:
    values = yaml.safe_load(find_study("label_time").read_text())
    values["arms"] = {arm: values["arms"][arm] for arm in ARMS}
    study, out = tmp_path / "label_time.yaml", tmp_path / "out"
    study.write_text(yaml.safe_dump(values))
    changes = (*tiny.SMALL, "training.epochs=3", "training.precision=32-true")
    settings = [word for setting in changes for word in ("--set", setting)]
    command = ("run", study, "--data", tiny_folder, "--out", out, "--folds", 2, "--no-report")
    done = run(*command, *settings, timeout=800)
    assert done.returncode == 0, done.stderr
    assert read_json(out / "compare.json")["reference"] == "plain"
    with (out / "table.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert {value for row in rows for value in row.values()} >= set(ARMS)
    assert len(list((out / "cells").iterdir())) == 2 * len(ARMS)
