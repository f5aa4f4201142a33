"""Several calls at once: failures stop no other, kills are told, arrays can be written to."""

import os
import signal
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.training.parallel import run_all


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


def test_a_kill_is_told(tmp_path: Path) -> None:
    _, _, dies = calls(tmp_path)
    assert run_all([dies, dies], jobs=2) == ["a process was killed"]


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
