"""Engines: where tasks run that are handed over by joblib.

``loky`` is processes of this machine, ``dask`` the workers of a cluster of any number of machines
(https://distributed.dask.org). What hands over tasks does not know which: it calls
:func:`bayes_a2m.parallel.run_all`, and the engine is whatever stands around the call.

Tasks leave their results in files, so all machines must see the data and the results under the
same paths, as on a shared disk. A worker has one thread: the random numbers of a training are those
of its process. A worker that dies loses nothing but time, for another takes its task over, and
trainings go on from their last whole epoch.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bayes_a2m.errors import InputError
from bayes_a2m.version import __version__

if TYPE_CHECKING:
    from distributed import Client

Name = Literal["loky", "dask"]

START = "dask worker {} --nthreads 1"
"""The command that starts a worker."""

SECONDS = 10.0
"""Seconds to wait for a scheduler, and for its first worker."""

SAID = 30.0
"""Seconds without any worker after which that is said."""

GIVEN_UP = 600.0
"""Seconds without any worker after which tasks are given up."""

PAUSE = 2.0
"""Seconds between two looks at the workers."""

PATIENCE = {"distributed.comm.timeouts.tcp": "600s"}
"""How long a connection lasts whose other end is too busy to read, in Dask's words."""

_log = logging.getLogger(__name__)


@contextmanager
def engine(
    name: Name | None = None,
    scheduler: str | None = None,
    *,
    jobs: int | None = None,
    shared: Sequence[Path | None] = (),
) -> Iterator[None]:
    """Let tasks that are handed over within the block run on an engine.

    Parameters
    ----------
    name
        ``loky``, ``dask``, or None: ``dask`` where a scheduler is given.
    scheduler
        The address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``. None: ``dask`` starts
        workers of its own on this machine.
    jobs
        The number of such workers of its own; one a processor where left out.
    shared
        Files and folders that every worker must see: those of the data and of the results.

    Raises
    ------
    InputError
        If Dask is not installed, no scheduler answers, or a worker has not this package, has
        several threads, or does not see a folder.
    """
    name = name or ("loky" if scheduler is None else "dask")
    if name == "loky":
        if scheduler is not None:
            raise InputError(f"--scheduler {scheduler}: give --engine dask, whose it is")
        yield
        return
    import joblib

    with ExitStack() as opened:
        opened.enter_context(_quiet())
        client = _connected(scheduler, jobs, opened)
        _check(client, scheduler, [_there(path) for path in shared if path is not None])
        opened.enter_context(joblib.parallel_config(backend=_backend(client)))
        yield


def _backend(client: Client) -> Any:
    """joblib's backend of Dask, which sends tasks to a cluster of one worker, too.

    joblib runs all tasks in the process that hands them over where only one can run at a time.
    """
    from joblib._dask import DaskDistributedBackend

    class Remote(DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, int(super().effective_n_jobs(n_jobs)))

    return Remote(client=client)


def active_client() -> Client | None:
    """The connection to Dask that tasks are handed to here; None where the engine is loky."""
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    return getattr(backend, "client", None)


def capacity() -> int:
    """Tasks that the engine runs at once: one a worker of Dask, or one a processor."""
    client = active_client()
    if client is None:
        return os.cpu_count() or 1
    threads: dict[str, int] = client.nthreads()
    return max(1, sum(threads.values()))


@contextmanager
def watched_workers(client: Client, what: str) -> Iterator[threading.Event]:
    """Look, as long as the block lasts, whether a cluster has any worker left.

    Dask waits for workers as long as it takes, and says nothing. Here it is said after
    :data:`SAID` seconds; after :data:`GIVEN_UP` the connection is closed, which ends all tasks.

    Parameters
    ----------
    client
        The connection.
    what
        The word for the tasks.

    Yields
    ------
    threading.Event
        Set where the tasks were given up.
    """
    over, given_up = threading.Event(), threading.Event()

    def look() -> None:
        last, told = time.monotonic(), False
        while not over.wait(PAUSE):
            try:
                there = bool(client.nthreads())
            except Exception:  # noqa: BLE001 - the scheduler is gone, which the tasks tell
                return
            alone = 0.0 if there else time.monotonic() - last
            if there:
                last, told = time.monotonic(), False
            elif alone > GIVEN_UP:
                given_up.set()
                client.close()
                return
            elif alone > SAID and not told:
                told = True
                address = client.scheduler.address if client.scheduler else "ADDRESS"
                _log.warning(
                    "%s: the cluster has no workers any more; start some with '%s'; what is done "
                    "is kept, and in %.0f minutes this is given up",
                    *(what, START.format(address), (GIVEN_UP - alone) / 60),
                )

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield given_up
    finally:
        over.set()
        thread.join(PAUSE)


def is_worker() -> bool:
    """Whether this call is itself a task, of either engine."""
    from joblib.parallel import get_active_backend

    # joblib counts the levels of its own processes, but not those of Dask's
    worker = sys.modules.get("distributed.worker")
    if worker is not None and hasattr(worker.thread_state, "execution_state"):
        return True
    backend, _ = get_active_backend()
    return bool(backend.nesting_level)


def _connected(scheduler: str | None, jobs: int | None, opened: ExitStack) -> Client:
    """A connection to a scheduler, or to workers of its own, closed with the stack."""
    try:
        from dask import config
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError(
            "--engine dask: Dask is not installed; pip install 'bayes_a2m[scale]'"
        ) from None
    opened.enter_context(config.set(PATIENCE))
    if scheduler is None:
        cluster = opened.enter_context(
            LocalCluster(
                n_workers=jobs or os.cpu_count() or 1,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        )
        local: Client = opened.enter_context(Client(cluster, set_as_default=False))
        return local
    try:
        client: Client = Client(scheduler, timeout=SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"--scheduler {scheduler}: no scheduler answers there; start one with 'dask scheduler'"
        ) from error
    opened.enter_context(client)
    return client


def _check(client: Client, scheduler: str | None, shared: Sequence[str]) -> None:
    """Refuse workers that could not do the work, before any of it is handed to them."""
    place = f"--scheduler {scheduler}" if scheduler else "--engine dask"
    start = START.format(scheduler or "ADDRESS")
    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except TimeoutError:
        raise InputError(f"{place}: has no workers; start some with '{start}'") from None
    for worker, threads in sorted(client.nthreads().items()):
        if threads > 1:
            raise InputError(f"{place}: {worker} has {threads} threads; start it with '{start}'")
    answers = client.run(_look(), [str(Path.cwd()), *shared], on_error="return")
    for worker, answer in sorted(answers.items()):
        if not isinstance(answer, tuple):
            raise InputError(f"{place}: {worker} cannot run what this Python sends ({answer})")
        version, missing = answer
        if version is None:
            raise InputError(
                f"{place}: {worker} has not the package bayes_a2m; install version {__version__} "
                "where the worker runs, and start it again"
            )
        if version != __version__:
            raise InputError(
                f"{place}: {worker} has bayes_a2m {version}, this is {__version__}; install the "
                "same version there, and start it again"
            )
        if missing:
            raise InputError(
                f"{place}: {worker} does not see {missing[0]}; data and results must lie on a disk "
                "that all workers share, under the same path"
            )


def _look() -> Callable[[Sequence[str]], tuple[str | None, list[str]]]:
    """What a worker is asked; made in a function, it is sent by value and not by its name here."""

    def look(paths: Sequence[str]) -> tuple[str | None, list[str]]:
        from pathlib import Path

        try:
            from bayes_a2m.version import __version__ as version
        except ImportError:
            return None, []
        return version, [path for path in paths if not Path(path).exists()]

    return look


def _there(path: Path) -> str:
    """The path, or the nearest folder above it that is there already."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return str(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask says of lost connections and large tasks from standard error."""
    loggers: list[Any] = [logging.getLogger(name) for name in ("distributed", "tornado")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="distributed")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
