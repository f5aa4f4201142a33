"""A search goes on after a kill, is shared by processes, and repeats nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.tuning.pruning import RECORDINGS
from bayes_a2m.tuning.runner import run_trials
from bayes_a2m.tuning.space import Parameter, Space
from bayes_a2m.tuning.study import DIED, Search, open_search

pytestmark = pytest.mark.long

SPACE = Space(
    parameters={
        "x": Parameter(low=-2.5, high=4.5),
        "shape": Parameter(choices=([1, 2], [3, 4])),
        "n": Parameter(low=1, high=6),
    }
)
FIRST: list[dict[str, Any]] = [
    {"x": 3.5, "shape": [3, 4], "n": 2},
    {"x": -1.5, "shape": [1, 2], "n": 5},
]


def opened(folder: Path, **options: Any) -> Search:
    inputs = options.pop("inputs", {"experiment": 1, "fit": 2})
    return open_search(folder, SPACE, first=FIRST, inputs=inputs, **options)


def bowl(trial: Any, values: dict[str, Any]) -> float:
    """Least at x = 1, shape [3, 4] and n = 4."""
    return float((values["x"] - 1) ** 2 + (values["shape"] == [1, 2]) + abs(values["n"] - 4))


def numbers(search: Search) -> list[tuple[Any, ...]]:
    return [(t.number, t.state.name, t.value, tuple(t.params.items())) for t in search.trials]


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_known_settings_come_first_and_then_better_ones(tmp_path: Path, sampler: Any) -> None:
    search = opened(tmp_path, sampler=sampler)
    told: list[str] = []
    run_trials(search, bowl, 25, tell=lambda t: told.append(t.sentence))
    trials = search.trials
    assert len(trials) == 25
    assert [search.values_of(t) for t in trials[:2]] == FIRST
    assert trials[0].value == pytest.approx(6.25 + 0 + 2)
    assert search.best is not None
    assert search.best.value is not None
    # the known ones have 8.25 and 8.25; a uniform draw reaches 1 with one draw in forty
    assert search.best.value < 1
    assert len(told) == 25
    assert "best" in told[-1]


def test_a_search_that_goes_on_is_one_that_never_stopped(tmp_path: Path) -> None:
    whole = opened(tmp_path / "whole")
    run_trials(whole, bowl, 12)
    for wanted in (4, 9, 12):
        run_trials(opened(tmp_path / "parts"), bowl, wanted)
    assert numbers(opened(tmp_path / "parts")) == numbers(whole)
    run_trials(whole, bowl, 12)  # there are enough
    assert len(whole.trials) == 12


def test_the_same_settings_are_not_tried_twice(tmp_path: Path) -> None:
    """Where all is categorical draws repeat: their value is known."""
    space = Space(parameters={"shape": Parameter(choices=(1, 2))})
    search = open_search(tmp_path, space, first=[], inputs={})
    calls: list[int] = []

    def objective(trial: Any, values: dict[str, Any]) -> float:
        calls.append(values["shape"])
        return float(values["shape"])

    run_trials(search, objective, 8)
    assert sorted(calls) == [1, 2]
    assert search.count("COMPLETE") == 8


def test_a_study_of_something_else_is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    with pytest.raises(InputError, match=r"holds a study of other recordings or labels; name"):
        opened(tmp_path, inputs={"experiment": 1, "fit": 3})


def test_a_broken_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "study.journal").write_text("no journal\nat all\n")
    with pytest.raises(InputError, match=r"study.journal: not readable as a study"):
        opened(tmp_path)


def test_failures_stop_no_search_but_a_hopeless_one(tmp_path: Path) -> None:
    def objective(trial: Any, values: dict[str, Any]) -> float:
        if trial.number % 3 == 1:
            raise InputError("training: the loss is nan")
        return bowl(trial, values)

    search = opened(tmp_path / "some")
    run_trials(search, objective, 9)
    assert (search.count("COMPLETE"), search.count("FAIL")) == (6, 3)

    def hopeless(trial: Any, values: dict[str, Any]) -> float:
        raise InputError("there is no such folder")

    with pytest.raises(InputError, match="the first 3 trials failed: there is no such folder"):
        run_trials(opened(tmp_path / "none"), hopeless, 9)


def test_hopeless_trials_end_early(tmp_path: Path) -> None:
    """By recordings that are all worse than the best's; by an epoch worse than the median."""
    search = opened(tmp_path, epochs=6)
    ended: dict[str, list[int]] = {"epochs": [], "recordings": []}

    def objective(trial: Any, values: dict[str, Any]) -> float:
        from optuna import TrialPruned

        slow = trial.number == 6
        for epoch in range(6):
            trial.report(10.0 if slow else 1.0 + 0.01 * trial.number, epoch)
            if trial.should_prune():
                ended["epochs"].append(trial.number)
                raise TrialPruned
        worse = 0.5 if trial.number == 3 else 0.0
        for recording in range(12):
            trial.report(0.1 * recording + worse, RECORDINGS + recording)
        if trial.should_prune():
            ended["recordings"].append(trial.number)
            raise TrialPruned
        return 1.0 + worse

    run_trials(search, objective, 8)
    assert ended["recordings"] == [3]
    assert 6 in ended["epochs"]
    assert search.count("PRUNED") == len(ended["epochs"]) + 1


SCRIPT = """
    import os, sys, time
    from pathlib import Path
    from bayes_a2m.tuning.runner import run_trials
    from tests.tuning.test_study import bowl, opened

    folder, wanted, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])

    def objective(trial, values):
        trial.set_user_attr("process", os.getpid())
        (folder / f"at_{trial.number}").touch()
        time.sleep(pause)
        return bowl(trial, values)

    run_trials(opened(folder), objective, wanted)
"""


def worker(folder: Path, wanted: int, pause: float) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(wanted), str(pause)],
        env=environment,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.long
def test_processes_share_a_study_and_repeat_no_trial(tmp_path: Path) -> None:
    workers = [worker(tmp_path / "shared", 14, 0.3) for _ in range(2)]
    for one in workers:
        assert one.wait(timeout=200) == 0
    search = opened(tmp_path / "shared")
    assert search.count("COMPLETE") == 14
    assert len(search.study.get_trials()) == 14
    assert len({tuple(t.params.items()) for t in search.trials}) == 14
    assert len({t.user_attrs["process"] for t in search.trials}) == 2


@pytest.mark.long
def test_a_killed_trial_is_failed_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    process = worker(folder, 3, 300)
    deadline = time.monotonic() + 120
    while not (folder / "at_0").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    search = opened(folder)
    run_trials(search, bowl, 3)
    everything = search.study.get_trials()
    dead = [t for t in everything if DIED in t.user_attrs]
    assert [t.number for t in dead] == [0]
    assert dead[0].state.name == "FAIL"
    assert search.count("COMPLETE") == 3
    settings = [search.values_of(t) for t in search.trials]
    assert settings.count(FIRST[0]) == 1  # tried again, and once
    assert FIRST[1] in settings


def test_a_trial_at_work_elsewhere_is_left_alone(tmp_path: Path) -> None:
    search = opened(tmp_path)
    with search.asked(5) as taken:
        assert taken is not None
        search.recover()
        assert search.count("RUNNING") == 1
    search.recover()
    assert search.count("RUNNING") == 0
