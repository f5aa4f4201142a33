"""The command from outside, quickly: each run is a process of its own, forked from one server."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.zygote import Zygote


@dataclass
class Completed:
    """The end of a run; named as in :class:`subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object, cwd: Path | None = None, timeout: float = 280) -> Completed:
    """Run the command in a process of its own, in the folder of the tests if none is given.

    A run that waits for the imports of a new interpreter takes seconds, most of the time of the
    tests here; :func:`run_new` is for those that are about these imports.
    """
    if not hasattr(os, "fork"):
        return run_new(*arguments, cwd=cwd)
    done = _server().run(*arguments, cwd=cwd or Path.cwd(), timeout=timeout, env=dict(os.environ))
    assert done.code is not None, f"no end within {timeout} s: {done.stderr}"
    return Completed(done.code, done.stdout, done.stderr)


def run_new(*arguments: object, cwd: Path | None = None) -> Completed:
    """Run the command in a new interpreter."""
    command = [sys.executable, "-m", "bayes_a2m", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=cwd, check=False
    )
    return Completed(done.returncode, done.stdout, done.stderr)


def refused(*arguments: object) -> str:
    """Run what must fail as bad input: code 2, one line on stderr, no traceback."""
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("bayes-a2m: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@cache
def _server() -> Zygote:
    """The server of this process of pytest."""
    folder = tempfile.TemporaryDirectory(prefix="bayes-a2m-runs-")
    server = Zygote(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(server.process.kill)
    return server
