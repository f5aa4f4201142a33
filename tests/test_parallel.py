"""Several calls at once: failures stop no other, kills are told, arrays can be written to."""

import os
import signal
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.parallel import run_all

pytestmark = pytest.mark.long


def calls(folder: Path) -> list[Callable[[], None]]:
    """A good one, one that fails, one whose process dies; by value, as made in a function."""

    def good() -> None:
        (folder / "good").touch()

    def bad() -> None:
        raise ValueError("no such thing")

    def dies() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return [good, bad, dies]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failure_stops_no_other(tmp_path: Path, jobs: int) -> None:
    good, bad, _ = calls(tmp_path)
    told: list[tuple[float, int]] = []
    reasons = run_all([bad, good], jobs=jobs, report=lambda *at: told.append(at))
    assert reasons == ["no such thing"]
    assert (tmp_path / "good").exists()
    assert told == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.slow
def test_a_kill_is_told(tmp_path: Path) -> None:
    _, _, dies = calls(tmp_path)
    assert run_all([dies, dies], jobs=2) == ["a process was killed"]


@pytest.mark.slow
def test_a_single_one_apart_does_not_take_this_process_with_it(tmp_path: Path) -> None:
    good, _, dies = calls(tmp_path)
    assert run_all([dies], jobs=1, apart=True) == ["a process was killed"]
    assert run_all([good], jobs=1, apart=True) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_call_has_one_thread(tmp_path: Path, jobs: int) -> None:
    import torch

    def tell(name: str) -> None:
        (tmp_path / name).write_text(str(torch.get_num_threads()))

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert run_all([partial(tell, "a"), partial(tell, "b")], jobs=jobs) == []
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert [(tmp_path / name).read_text() for name in "ab"] == ["1", "1"]


def test_nothing_to_do() -> None:
    assert run_all([]) == []


def test_arrays_are_shared_and_can_be_written_to(tmp_path: Path) -> None:
    """Read-only ones would make torch warn; what is written stays in the process."""
    large = np.ones(200_000, dtype=np.float32)

    def use(array: np.ndarray, name: str) -> None:
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            torch.from_numpy(array)[0] = 5
        (tmp_path / name).write_text(str(type(array).__name__))

    assert run_all([partial(use, large, "a"), partial(use, large, "b")], jobs=2) == []
    assert (tmp_path / "a").read_text() == "memmap"
    assert large[0] == 1


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Killed, a run leaves no worker behind that would write where the next one does."""
    import subprocess
    import sys
    import time

    code = """
import sys, time
from pathlib import Path
from bayes_a2m.parallel import run_all

def make(folder, name):
    def work():
        for i in range(1000):
            (Path(folder) / name).write_text(str(i))
            time.sleep(0.1)
    return work

run_all([make(sys.argv[1], "a"), make(sys.argv[1], "b")], jobs=2)
"""
    run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        deadline = time.monotonic() + 60
        while not all((tmp_path / name).exists() for name in "ab"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        run.kill()
        run.wait()
    deadline, last = time.monotonic() + 20, {}
    while time.monotonic() < deadline:
        now = {name: (tmp_path / name).read_text() for name in "ab"}
        if now == last:
            return
        last = now
        time.sleep(1.5)
    pytest.fail("the workers went on")
