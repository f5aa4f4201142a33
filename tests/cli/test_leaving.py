"""A signal ends the process soon, tidied, whatever threads of libraries are at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bayes_a2m.cli.signals import Signals, Terminated

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no such signals")

WORK = """
import atexit, sys, threading, time
from pathlib import Path
from bayes_a2m.cli import leaving, main

def busy():
    while True:
        sum(range(1000))

def run(arguments):
    atexit.register(Path("left").touch)
    for target, daemon in ((busy, True), (threading.Event().wait, False)):
        threading.Thread(target=target, daemon=daemon).start()
    try:
        print("ready", flush=True)
        time.sleep(600)
    finally:
        time.sleep(0.4)
        Path("tidied").touch()

{more}
main._run = run
main.main()
"""
"""A command that works for ten minutes, with a thread at work and one that never ends."""


def started(folder: Path, more: str = "") -> subprocess.Popen[str]:
    """The command, at work."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORK.format(more=more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        # a shell's background job ignores Ctrl-C, and its children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_threads_and_a_second_signal_break_nothing_off(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = started(tmp_path)
    process.send_signal(number)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    word = "interrupted" if number == signal.SIGINT else "terminated"
    assert (process.returncode, said) == (128 + number, f"bayes-a2m: {word}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["left", "tidied"]


def test_what_never_ends_at_the_exit_is_not_waited_for(tmp_path: Path) -> None:
    never = "leaving.PATIENCE = 0.2; atexit.register(time.sleep, 600)"
    process = started(tmp_path, never)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (143, "bayes-a2m: terminated\n")
    assert (tmp_path / "left").exists()


def test_a_signal_waits_until_numba_has_loaded_its_machine_code() -> None:
    """An exception raised there makes numba call what is not there, and the process crashes."""
    loaded: list[str] = []

    def hook() -> None:
        signal.raise_signal(signal.SIGTERM)
        loaded.append("all of it")

    loading = {"__name__": "llvmlite.binding.executionengine", "hook": hook}
    exec("def load():\n    hook()", loading)
    earlier = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signals = Signals()
    try:
        with signals.raised():
            loading["load"]()  # type: ignore[operator]
            time.sleep(10)
    except Terminated:
        loaded.append("then it ends")
    finally:
        signal.signal(signal.SIGTERM, earlier)
    assert loaded == ["all of it", "then it ends"]
    assert signals.code == 143


GENERATOR = """
import signal, sys, time
import numpy as np
from numba import njit
from bayes_a2m.cli.signals import Signals, Terminated

@njit
def draw(generator):
    return generator.random()

def stop(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "cast":
        sys.setprofile(None)
        print("in", frame.f_globals["__name__"])
        signal.raise_signal(signal.SIGTERM)

generator = np.random.default_rng(0)
draw(generator)
try:
    with Signals().raised():
        sys.setprofile(stop)
        draw(generator)
        print("drawn")
        time.sleep(10)
except Terminated:
    print("then it ends")
"""
"""A signal at the moment when numba asks ctypes for the addresses of a random generator."""


@pytest.mark.slow
def test_a_signal_waits_until_numba_knows_a_random_generator() -> None:
    done = subprocess.run([sys.executable, "-c", GENERATOR], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "in ctypes\ndrawn\nthen it ends\n"), done.stderr
