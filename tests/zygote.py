"""Many runs of the command, each a process of its own, without importing everything each time.

A server process imports what the verbs need and then forks for every run. The children are real
processes: they can be killed, may run out of memory or disk, and two of them can be in each
other's way. Where there is no ``fork`` the tests that need it are skipped.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

LAZY = (
    *("h5netcdf", "librosa", "lightning.pytorch", "matplotlib.backends.backend_agg", "mido"),
    *("matplotlib.backends.backend_svg", "mir_eval", "pandas", "PIL.Image", "scipy.optimize"),
    *("scipy.signal", "scipy.stats", "sklearn.neighbors", "soundfile", "soxr", "torch", "xarray"),
)
"""What the package imports when it is used."""

ENDING = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
"""Signals that end the command."""


@dataclass
class Running:
    """A run of the command.

    Attributes
    ----------
    pid
        Of its process.
    """

    zygote: Zygote
    pid: int
    folder: Path

    def wait(self, timeout: float = 120) -> Done:
        """Wait for its end; one that does not end in time is killed."""
        code = self.zygote.ask({"wait": self.pid, "timeout": timeout})["code"]
        return Done(
            code,
            (self.folder / "stdout").read_text(errors="replace"),
            (self.folder / "stderr").read_text(errors="replace"),
        )


@dataclass
class Done:
    """What came of a run; the code is None where it did not end in time, below 0 after a kill."""

    code: int | None
    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        """The last line of stderr, but for what joblib's tracker says after a process has ended."""
        tracker = ("resource_tracker", "warnings.warn(")
        lines = [line for line in self.stderr.splitlines() if not any(t in line for t in tracker)]
        return ([line for line in lines if line.strip()] or [""])[-1]


class Zygote:
    """The server.

    Parameters
    ----------
    folder
        Where what runs say is kept.
    resamples
        The most resamples that intervals have in the runs, for tests that do not look at them.
    """

    def __init__(self, folder: Path, resamples: int | None = None) -> None:
        self.folder = folder
        self.count = 0
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.zygote",
                *([] if resamples is None else [str(resamples)]),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """One message and its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def start(
        self,
        *arguments: object,
        cwd: Path | None = None,
        stdout: Path | None = None,
        largest_file: int | None = None,
        memory: int | None = None,
        env: dict[str, str] | None = None,
        code: str = "",
    ) -> Running:
        """Begin a run.

        Parameters
        ----------
        arguments
            Of the command.
        cwd
            The folder it runs in.
        stdout
            Where its output goes; a file of its own if left out.
        largest_file
            Bytes that a file may have: the disk is full beyond.
        memory
            Bytes that it may take beyond what it has at its start.
        env
            Its environment; the server's if left out.
        code
            Python that the process runs before the command.
        """
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        message = {
            "start": [str(a) for a in arguments],
            "cwd": str(cwd or folder),
            "stdout": str(stdout or folder / "stdout"),
            "stderr": str(folder / "stderr"),
            "largest_file": largest_file,
            "memory": memory,
            "env": env,
            "code": code,
        }
        (folder / "stdout").touch()
        return Running(self, self.ask(message)["pid"], folder)

    def run(self, *arguments: object, timeout: float = 120, **options: Any) -> Done:
        """Run the command to its end."""
        return self.start(*arguments, **options).wait(timeout)


@contextmanager
def zygote(folder: Path, resamples: int | None = None) -> Iterator[Zygote]:
    """A server for as long as the block lasts."""
    server = Zygote(folder, resamples)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def _serve() -> None:
    """Answer messages until there are no more."""
    if sys.argv[1:]:
        _resample_at_most(int(sys.argv[1]))
    _import_everything()
    pipes: dict[int, subprocess.Popen[bytes]] = {}
    # as a shell starts its commands: nothing is ignored
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in sys.stdin:
        message = json.loads(line)
        if "start" in message:
            # what is said on a full disk goes through a pipe, as to a terminal
            said = _pipe_into(message["stderr"]) if message["largest_file"] is not None else None
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # until the child is the command
            pid = os.fork()
            if pid == 0:
                _child(message, None if said is None else said.handle)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            if said is not None:
                os.close(said.handle)
                pipes[pid] = said.reader
            answer: dict[str, Any] = {"pid": pid}
        else:
            answer = {"code": _waited(message["wait"], message["timeout"])}
            if message["wait"] in pipes:
                pipes.pop(message["wait"]).wait()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


@dataclass
class _Pipe:
    """A pipe: the handle to write to, and the process that writes into a file what comes."""

    handle: int
    reader: subprocess.Popen[bytes]


def _pipe_into(path: str) -> _Pipe:
    """A pipe whose content goes into a file."""
    source, sink = os.pipe()
    with Path(path).open("wb") as file:
        reader = subprocess.Popen(["cat"], stdin=source, stdout=file)
    os.close(source)
    return _Pipe(sink, reader)


def _resample_at_most(most: int) -> None:
    """Let intervals have fewer resamples, before anything imports what draws them."""
    import bayes_a2m.resampling.bootstrap as bootstrap

    drawn = bootstrap.resample_weights
    bootstrap.resample_weights = lambda count, resamples, generator: drawn(
        count, min(resamples, most), generator
    )


def _import_everything() -> None:
    """Import what verbs import when they run, and make numba ready."""
    import importlib.util
    import pkgutil

    import numpy as np

    import bayes_a2m

    for module in pkgutil.walk_packages(bayes_a2m.__path__, "bayes_a2m."):
        if module.name != "bayes_a2m.__main__":
            with suppress(ImportError):  # of what is not installed
                importlib.import_module(module.name)
    for name in LAZY:
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    from bayes_a2m.cli.main import make_app
    from bayes_a2m.decoding.segment_kernels import _others

    make_app()
    _others(np.zeros(2), np.zeros(2))


def _child(message: dict[str, Any], stderr: int | None) -> None:
    """Become the command, with another handle for what it says, if any; never returns."""
    import faulthandler
    import resource

    for number in ENDING:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, default)
    os.setsid()
    os.chdir(message["cwd"])
    if message["env"] is not None:
        os.environ.clear()
        os.environ.update({**message["env"], "OMP_NUM_THREADS": "1"})
    for number, name, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, message["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, message["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        handle = stderr if number == 2 and stderr is not None else os.open(name, mode)
        os.dup2(handle, number)
    faulthandler.enable()  # a crash of native code says where it was
    if message["largest_file"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (message["largest_file"],) * 2)
    if message["memory"] is not None:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + message["memory"],) * 2)
    exec(message["code"])  # what a test wants to go wrong
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    sys.argv = ["bayes-a2m", *message["start"]]
    code = 70
    try:
        from bayes_a2m.cli.main import main
        from bayes_a2m.cli.signals import Signals

        Signals.raised = _unblocked(Signals.raised)  # type: ignore[method-assign]
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the process is over
        import traceback

        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = 120
    os._exit(code)


def _unblocked(raised: Any) -> Any:
    """``Signals.raised``, from which on signals come through.

    Between its fork and there the child is neither the server nor the command yet.
    """

    @contextmanager
    def let_through(signals: Any) -> Iterator[None]:
        with raised(signals):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            yield

    return let_through


def _waited(pid: int, timeout: float) -> int | None:
    """The exit code of a child."""
    deadline = time.monotonic() + timeout
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return None
        time.sleep(0.005)


if __name__ == "__main__":
    _serve()
