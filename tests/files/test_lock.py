"""One process writes; another waits or is told who writes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.files import locked

HOLD = """
import pathlib, sys, time
from bayes_a2m.files import locked
with locked(pathlib.Path("model")):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process, which has locked ``model``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_who_holds_it_is_said(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    path = tmp_path / "model"
    with (
        pytest.raises(InputError, match=rf"model: process {holder.pid} on .* is writing there"),
        locked(path, wait=False),
    ):
        pass
    holder.kill()
    holder.wait()
    with locked(path, wait=False):  # a killed process holds nothing
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_second_waits_and_says_so(
    tmp_path: Path, holder: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert holder.stdin is not None
    threading.Timer(0.5, holder.stdin.close).start()
    start = time.monotonic()
    with locked(tmp_path / "model"):
        assert time.monotonic() - start > 0.3
    assert f"waiting for process {holder.pid}" in caplog.text
    holder.wait()


def test_where_nothing_can_be_locked_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write there"), locked(tmp_path / "no" / "model"):
        pass
