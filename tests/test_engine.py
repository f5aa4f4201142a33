"""Engines: a cluster's workers train what this machine trains, and what cannot work is one line."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bayes_a2m import engine as engines
from bayes_a2m.datasets import load_folder
from bayes_a2m.engine import engine
from bayes_a2m.errors import InputError
from bayes_a2m.parallel import run_all
from bayes_a2m.studies.plan import plan_of
from bayes_a2m.studies.study import load_study
from bayes_a2m.version import __version__
from tests import tiny
from tests.studies import small
from tests.zygote import zygote

ROOT = Path(__file__).parents[1]


@dataclass
class Answers:
    """A cluster whose workers answer what they are told to."""

    threads: dict[str, int] = field(default_factory=lambda: {"tcp://a:1": 1, "tcp://b:1": 1})
    answer: Any = (__version__, [])

    def wait_for_workers(self, count: int, timeout: float) -> None:
        if not self.threads:
            raise TimeoutError

    def nthreads(self) -> dict[str, int]:
        return self.threads

    def run(self, call: Callable[..., Any], paths: list[str], on_error: str) -> dict[str, Any]:
        return dict.fromkeys(self.threads, self.answer)


@pytest.mark.parametrize(
    ("cluster", "says"),
    [
        (Answers(threads={}), "has no workers; start some with 'dask worker tcp://here:1 "),
        (Answers(threads={"tcp://a:1": 4}), "tcp://a:1 has 4 threads; start it with"),
        (Answers(answer=(None, [])), "tcp://a:1 has not the package bayes_a2m; install version"),
        (Answers(answer=("0.0.1", [])), f"has bayes_a2m 0.0.1, this is {__version__}; install"),
        (Answers(answer=(__version__, ["/data"])), "tcp://a:1 does not see /data; data and"),
        (Answers(answer=TypeError("code")), "cannot run what this Python sends (code)"),
    ],
)
def test_workers_that_could_not_do_the_work_are_told(cluster: Any, says: str) -> None:
    with pytest.raises(InputError) as told:
        engines._check(cluster, "tcp://here:1", [])
    assert says in str(told.value)
    assert str(told.value).startswith("--scheduler tcp://here:1: ")
    assert "\n" not in str(told.value)


def test_workers_that_can_are_taken() -> None:
    engines._check(Answers(), "tcp://here:1", [])  # type: ignore[arg-type]


def test_what_is_asked_of_a_worker(tmp_path: Path) -> None:
    assert engines._look()([str(tmp_path), "/not there"]) == (__version__, ["/not there"])


def test_a_scheduler_needs_its_engine() -> None:
    with (
        pytest.raises(InputError, match="--scheduler tcp://x:1: give --engine dask"),
        engine("loky", "tcp://x:1"),
    ):
        pass


def test_without_dask_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(InputError, match=r"pip install 'bayes_a2m\[scale\]'"),
        engine("dask"),
    ):
        pass


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(engines, "SECONDS", 0.2)
    level = logging.getLogger("distributed").level
    with (
        pytest.raises(InputError, match="no scheduler answers there; start one with"),
        engine(scheduler="tcp://127.0.0.1:9"),
    ):
        pass
    assert logging.getLogger("distributed").level == level


# ---- real workers ----


@dataclass
class Cluster:
    """A scheduler and its workers, each a process of its own on the loopback."""

    address: str
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add(self, *before: str) -> subprocess.Popen[bytes]:
        """Start another worker, after some statements of Python."""
        code = "; ".join(["import sys", *before, "from dask.__main__ import main", "main()"])
        options = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--host", "127.0.0.1"]
        options += ["--local-directory", str(self.folder)]
        worker = subprocess.Popen(
            [sys.executable, "-c", code, "worker", self.address, *options],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        self.workers.append(worker)
        return worker


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    pytest.importorskip("distributed")
    place = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "dask", "scheduler", *options, "--scheduler-file", str(place)],
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    made = Cluster("", tmp_path)
    try:
        import json

        deadline = time.monotonic() + 60
        while not place.is_file():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        made.address = json.loads(place.read_text())["address"]
        yield made
    finally:
        for process in (*made.workers, scheduler):
            process.kill()
            process.wait()


def started(cluster: Cluster, count: int) -> None:
    """Wait until there are so many workers."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=100)


def killed_in_training(victim: subprocess.Popen[bytes], folder: Path) -> None:
    """Kill a worker once a training below a folder has had a few epochs."""
    deadline = time.monotonic() + 400
    while not any(log.read_text().count("\n") > 2 for log in folder.rglob("training.csv")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    victim.kill()
    assert victim.wait() == -9


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_an_ensemble_and_a_study_are_those_of_one_machine(
    cluster: Cluster, tiny_folder: Path, tmp_path: Path
) -> None:
    """From the command line, a worker killed in the middle: another takes its task over."""
    from safetensors.numpy import load_file

    victim = cluster.add()
    cluster.add()
    there = ("--engine", "dask", "--scheduler", cluster.address)
    (tmp_path / "runs").mkdir()
    with zygote(tmp_path / "runs", resamples=20) as server:

        def same(name: str, *command: object) -> None:
            """Run it here and there, and kill the victim there."""
            done = server.run(*command, "--out", tmp_path / f"{name}_here", timeout=600)
            assert done.code == 0, done.stderr
            out = tmp_path / f"{name}_there"
            running = server.start(*command, "--out", out, *there)
            folder = out if name == "study" else out.with_name(f"{out.name}.partial")
            killed_in_training(victim, folder)
            done = running.wait(600)
            assert done.code == 0, done.stderr

        started(cluster, 2)
        changes = ["posterior.members=3", "posterior.jobs=1", *tiny.SMALL, "training.epochs=6"]
        settings = [word for change in changes for word in ("--set", change)]
        same("model", "train", "ensemble", "--data", tiny_folder, *settings)
        ours, theirs = (
            load_file(tmp_path / f"model_{place}" / "model.safetensors")
            for place in ("here", "there")
        )
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)

        victim = cluster.add()
        started(cluster, 2)
        arms = {
            name: {
                "experiment": "crnn",
                "set": {**small.network(6), "training.learning_rate": rate},
            }
            for name, rate in (("slow", 0.01), ("fast", 0.02))
        }
        file = small.write(tmp_path, arms, seeds=[0], draws=1)
        same("study", "run", file, "--data", tiny_folder, "--no-report", "--jobs", 1)
    study, experiments = load_study(file)
    plans = [
        plan_of(study, experiments, load_folder(tiny_folder), tmp_path / f"study_{place}" / "cells")
        for place in ("here", "there")
    ]
    for mine, other in zip(*(plan.every for plan in plans), strict=True):
        first, second = mine.read(), other.read()
        assert first.ids == second.ids
        np.testing.assert_array_equal(first.parts["all"].nll, second.parts["all"].nll)


@pytest.mark.slow
def test_what_goes_wrong_on_a_cluster_is_told(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = cluster.add("sys.modules['bayes_a2m'] = None")
    started(cluster, 1)
    with pytest.raises(InputError, match="has not the package bayes_a2m"):
        engine(scheduler=cluster.address).__enter__()
    bare.kill()
    bare.wait()
    cluster.add()
    started(cluster, 1)

    def good(name: str) -> None:
        Path(name).touch()  # relative: it means what it means here

    def bad() -> None:
        raise ValueError("no such thing")

    def within() -> None:
        run_all([partial(good, "nested"), bad], jobs=2)

    monkeypatch.chdir(tmp_path)
    told: list[tuple[float, int]] = []
    with engine(scheduler=cluster.address):
        reasons = run_all(
            [bad, partial(good, "a"), within], jobs=2, report=lambda *at: told.append(at)
        )
    assert reasons == ["no such thing"]
    assert told[-1] == (3, 3)
    assert (tmp_path / "a").exists()
    assert (tmp_path / "nested").exists()


class Alone:
    """A connection to a scheduler whose workers come and go as a list says."""

    def __init__(self, *workers: int) -> None:
        self.workers, self.closed = list(workers), False
        self.scheduler = None

    def nthreads(self) -> dict[str, int]:
        count = self.workers.pop(0) if len(self.workers) > 1 else self.workers[0]
        return {str(i): 1 for i in range(count)}

    def close(self) -> None:
        self.closed = True


def test_a_cluster_without_workers_is_told_and_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engines, "PAUSE", 0.01)
    monkeypatch.setattr(engines, "SAID", 0.0)
    monkeypatch.setattr(logging.getLogger("bayes_a2m"), "propagate", True)
    lively: Any = Alone(1)
    with engines.watched_workers(lively, "trainings") as given_up:
        time.sleep(0.1)
    assert not given_up.is_set()
    assert not caplog.messages
    back: Any = Alone(1, 0, 0, 1)
    with engines.watched_workers(back, "trainings") as given_up:
        time.sleep(0.2)
    assert not given_up.is_set()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("trainings: the cluster has no workers any more; start")
    monkeypatch.setattr(engines, "GIVEN_UP", 0.1)
    gone: Any = Alone(1, 0)
    with engines.watched_workers(gone, "trainings") as given_up:
        assert given_up.wait(10)
    assert gone.closed


@pytest.mark.slow
def test_tasks_whose_workers_all_died_end_in_a_line(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PAUSE", 0.2)
    monkeypatch.setattr(engines, "GIVEN_UP", 2.0)
    worker = cluster.add()
    started(cluster, 1)

    def last() -> None:
        os._exit(1)

    with (
        engine(scheduler=cluster.address),
        pytest.raises(InputError, match="no workers any more; what is done is kept: start some"),
    ):
        run_all([last], what="trainings")
    assert worker.wait(60) == 1
