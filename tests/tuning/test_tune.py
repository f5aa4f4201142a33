"""``tune`` from the outside: a search of a real experiment's settings, gone on with."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder
from bayes_a2m.models import make_posterior
from bayes_a2m.tuning.objective import Objective, recording_nll
from bayes_a2m.tuning.runner import BESIDE, BEST
from bayes_a2m.tuning.space import Space, load_space
from bayes_a2m.tuning.study import JOURNAL
from tests import tiny
from tests.cli.command import run

pytestmark = pytest.mark.long

KNN = """
parameters:
  posterior.stored: {low: 200, high: 1000, step: 200}
  posterior.weights: {choices: [distance, uniform]}
known:
  - {posterior.stored: 400}
budget: {folds: 3, used: 1, epochs: null}
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_search_is_begun_gone_on_with_and_gives_an_experiment(
    tiny_folder: Path, tmp_path: Path
) -> None:
    space, out = tmp_path / "space.yaml", tmp_path / "out"
    space.write_text(KNN, encoding="utf-8")
    small = ["--set", "posterior.stored=1000", "--set", "posterior.components=8"]
    command = ["tune", "knn", "--data", tiny_folder, "--out", out, "--space", space, *small]
    done = run(*command, "--trials", 2)
    assert done.returncode == 0, done.stderr
    assert "0 of 2 trials are there; 1 of 3 folds" in done.stderr
    assert "0 left" not in done.stderr
    first = rows(out / "trials.csv")
    assert "the best of 2 trials" in (out / "best.yaml").read_text(encoding="utf-8")
    assert [row["posterior.stored"] for row in first[:2]] == ["1000", "400"]
    again = run(*command, "--trials", 4)
    assert again.returncode == 0, again.stderr
    assert "2 of 4 trials are there" in again.stderr
    second = rows(out / "trials.csv")
    assert [row["nll"] for row in second[:2]] == [row["nll"] for row in first]
    assert len(second) == 4
    best = min(second, key=lambda row: float(row["nll"]))
    experiment = load_experiment(out / "best.yaml")
    assert str(experiment.posterior.settings["stored"]) == best["posterior.stored"]
    assert experiment.posterior.settings["components"] == 8
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "1 of 3 folds of the train split" in page
    for picture in ("history.png", "slices.png", "importance.png"):
        assert (out / picture).is_file()
    assert not (out / "work").exists()
    other = run(*command[:-4], "--set", "posterior.components=9", "--trials", 5)
    assert other.returncode == 2
    assert "holds a study of other settings" in other.stderr


def test_several_at_once_make_no_trial_twice(tiny_folder: Path, tmp_path: Path) -> None:
    space, out = tmp_path / "space.yaml", tmp_path / "out"
    space.write_text(KNN, encoding="utf-8")
    small = ["--set", "posterior.stored=1000", "--set", "posterior.components=8"]
    command = ["tune", "knn", "--data", tiny_folder, "--out", out, "--space", space, *small]
    done = run(*command, "--trials", 3, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    found = rows(out / "trials.csv")
    assert [row["state"] for row in found] == ["complete"] * 3
    # the known settings first, whoever took them
    assert [row["posterior.stored"] for row in found[:2]] == ["1000", "400"]


@pytest.mark.slow
def test_a_search_that_is_killed_goes_on_from_its_journal(
    tiny_folder: Path, tmp_path: Path
) -> None:
    space, out = tmp_path / "space.yaml", tmp_path / "out"
    space.write_text(
        "parameters: {training.learning_rate: {low: 0.002, high: 0.03, log: true}}\n"
        "budget: {folds: 4, used: 1, epochs: 2}\n",
        encoding="utf-8",
    )
    sets = [part for s in tiny.SMALL for part in ("--set", s)]
    command = ["tune", "crnn", "--data", tiny_folder, "--out", out, "--space", space, *sets]
    command += ["--trials", 4]
    process = subprocess.Popen(
        [sys.executable, "-m", "bayes_a2m", *map(str, command)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 300
        while not (out / "study.journal").is_file() or len(valued(out)) < 1:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    before = valued(out)
    done = run(*command, timeout=600)
    assert done.returncode == 0, done.stderr
    found = rows(out / "trials.csv")
    assert sum(row["state"] in ("complete", "pruned") for row in found) == 4
    # what was done is not done again
    assert valued(out)[: len(before)] == before
    rates = [row["training.learning_rate"] for row in found if row["state"] != "fail"]
    assert len(set(rates)) == len(rates)


def test_a_lock_that_a_kill_left_stands_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).touch()
    (tmp_path / f"{JOURNAL}.lock").symlink_to(tmp_path / JOURNAL)
    OutputFolder(tmp_path, "tune", beside=BESIDE).check([BEST])


def valued(out: Path) -> list[float]:
    """The NLL of every trial that the journal holds as complete."""
    lines = (out / "study.journal").read_text(encoding="utf-8").splitlines()
    values = [json.loads(line).get("values") for line in lines if line.endswith("}")]
    return [value[0] for value in values if value]


def test_a_misspelt_key_of_a_space_is_one_line(tiny_folder: Path, tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text("parameters: {posterior.storred: {low: 1, high: 2}}\n", encoding="utf-8")
    done = run("tune", "knn", "--data", tiny_folder, "--out", tmp_path / "out", "--space", space)
    assert done.returncode == 2
    assert "(did you mean 'stored'?)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_network_is_tuned_and_the_best_file_trains(tiny_folder: Path, tmp_path: Path) -> None:
    space, out = tmp_path / "space.yaml", tmp_path / "out"
    space.write_text(
        "parameters: {training.learning_rate: {low: 0.002, high: 0.03, log: true}}\n"
        "budget: {folds: 4, used: 2, epochs: 3}\n",
        encoding="utf-8",
    )
    sets = [part for s in tiny.SMALL for part in ("--set", s)]
    done = run(
        "tune", "crnn", "--data", tiny_folder, "--out", out, "--space", space, "--trials", 2, *sets
    )
    assert done.returncode == 0, done.stderr
    assert {row["state"] for row in rows(out / "trials.csv")} <= {"complete", "pruned"}
    best = load_experiment(out / "best.yaml")
    assert 0.002 <= best.training.learning_rate <= 0.03
    # the budget's epochs were for the search alone; what was overridden is in the file
    assert best.training.epochs == 24
    assert best.network is not None
    assert best.network.settings["hidden"] == 12


def test_the_objective_is_the_nll_of_recordings_that_were_not_learned(
    tiny_folder: Path,
) -> None:
    """By hand, from the model's own probabilities; no recording is on both sides of a fold."""
    data = load_folder(tiny_folder).split("train")
    experiment = load_experiment("knn", ("posterior.stored=500", "posterior.components=8"))
    space = Space.model_validate(
        {
            "parameters": {"posterior.stored": {"low": 100, "high": 500}},
            "budget": {"folds": 3, "used": 3, "epochs": None},
        }
    )
    objective = Objective.of(experiment, space, data, tiny_folder, seed=0)
    held_out = [r.id for fold in objective.folds for r in fold.held_out]
    assert sorted(held_out) == sorted(data.ids)
    for fold in objective.folds:
        assert not {r.id for r in fold.held_out} & {r.id for r in (*fold.fit, *fold.tune)}
    fold = objective.folds[0]
    model = make_posterior(experiment).fit(fold.fit, fold.tune)
    nll, frames = recording_nll(model, fold.held_out, 1)
    assert frames.tolist() == [len(r.labels(model.grid, data.vocabulary)) for r in fold.held_out]
    recording = fold.held_out[1]
    probabilities = model.predict([recording]).mean()[0]
    labels = recording.labels(model.grid, data.vocabulary)
    wanted = -np.log(probabilities[np.arange(len(labels)), labels]).sum()
    assert nll[1] == pytest.approx(float(wanted), rel=1e-4)


def test_networks_to_start_from_are_trained_once_a_fold(tiny_data: Dataset, tmp_path: Path) -> None:
    """The variational network's priors: every trial goes on from the same weights."""
    file = tmp_path / "space.yaml"
    small = {s.partition("=")[0]: s.partition("=")[2] for s in tiny.SMALL}
    sets = "".join(f"    {key}: {value}\n" for key, value in small.items())
    file.write_text(
        "start:\n  experiment: crnn\n  set:\n" + sets + "    training.epochs: 2\n"
        "parameters: {posterior.prior_scale: {low: 0.1, high: 10.0, log: true}}\n"
        "budget: {folds: 4, used: 1, epochs: 2}\n",
        encoding="utf-8",
    )
    experiment = load_experiment("variational", (*tiny.SMALL, "posterior.epochs=1"))
    space = load_space(file, experiment)
    objective = Objective.of(experiment, space, tiny_data.split("train"), tmp_path)

    class Recorder:
        number = 0

        def __init__(self) -> None:
            self.reports: list[int] = []

        def report(self, value: float, step: int) -> None:
            assert np.isfinite(value)
            self.reports.append(step)

        def should_prune(self) -> bool:
            return False

    one, other = Recorder(), Recorder()
    objective(one, {"posterior.prior_scale": 1.0})  # type: ignore[arg-type]
    start = tmp_path / "start" / "fold_0" / "model.safetensors"
    made = start.stat().st_mtime_ns
    objective(other, {"posterior.prior_scale": 0.2})  # type: ignore[arg-type]
    assert start.stat().st_mtime_ns == made
    assert len(other.reports) == len(objective.folds[0].held_out)


def test_splits_are_those_that_a_training_draws(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--seed is of folds and trials: splits of a folder without any come from the experiment's."""
    from bayes_a2m.cli.tune import tune

    seeds = []

    def stop(folder: Path, seed: int = 0) -> Dataset:
        seeds.append(seed)
        raise InputError("enough")

    monkeypatch.setattr("bayes_a2m.datasets.load_folder", stop)
    for settings in ([], ["seed=3"]):
        with pytest.raises(InputError, match="enough"):
            tune("knn", data=tiny_folder, out=tmp_path / "out", seed=5, settings=settings)
    assert seeds == [0, 3]
