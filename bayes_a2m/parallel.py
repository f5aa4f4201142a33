"""Several trainings run at once through joblib, on this machine or wherever its engine runs."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bayes_a2m import registry
from bayes_a2m.engine import active_client, capacity, is_worker, watched_workers
from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

Watch = Callable[[], tuple[float, int]]

WATCHDOG = "bayes-a2m-watchdog"
"""The name of the thread that ends a worker whose parent is gone."""

SHARED = "100K"
"""The size from which on arrays are shared between processes through the disk, not copied."""


def run_all(
    calls: Sequence[Callable[[], None]],
    *,
    jobs: int | None = None,
    apart: bool = False,
    watch: Watch | None = None,
    what: str = "trainings",
    report: Callable[[float, int], None] = lambda done, total: None,
) -> list[str]:
    """Run every call in a process of joblib's engine; one that fails stops no other.

    Parameters
    ----------
    calls
        Functions that can be pickled and leave their results in files.
    jobs
        The number of calls at once; one a processor where left out. With one, they run in this
        process; so they do within a call that is itself one of several, where the processors are
        taken. Every call has one thread, however many there are, so that it gives the same
        numbers. Where :func:`bayes_a2m.engine.engine` sends them to a cluster, they are as many as
        there are workers.
    apart
        Whether calls have processes of their own also where there is one at a time, so that one
        that is killed does not take this process with it.
    watch
        A function that says how many are done, parts of them counted, and of how many; a bar
        shows it.
    what
        The word for the calls in the bar.
    report
        A function that is told, after each call, how many have ended, and of how many.

    Returns
    -------
    list of str
        The reasons why calls failed. A process that is killed takes the others with it; see by
        what they left which calls have to be run again. (A cluster gives the calls of a worker that
        dies to another; only a call that several die of is told as killed.)

    Raises
    ------
    InputError
        If a call cannot be handed to a process, as where the disk is full, or the cluster is gone.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError

    if not calls:
        return []
    within = is_worker()
    client = None if within else active_client()
    if client is not None:
        return _run_on_cluster(client, calls, watch, what, report)
    jobs = 1 if within else min(jobs or capacity(), len(calls))
    if apart and not within:
        jobs = max(jobs, 2)
    reasons: list[str] = []
    registered_parts = registry.registered()
    with _bar(watch, what):
        try:
            # copy on write: torch warns of arrays that it cannot write to
            done = Parallel(
                n_jobs=jobs, max_nbytes=SHARED, mmap_mode="c", return_as="generator_unordered"
            )(delayed(_run)(call, jobs, registered_parts) for call in calls)
            report(0, len(calls))
            for ended, reason in enumerate(done, start=1):
                report(ended, len(calls))
                reasons += [reason] if reason else []
        except TerminatedWorkerError:
            reasons.append("a process was killed")
        except BrokenProcessPool as error:
            raise InputError(
                f"{what}: a task could not be handed to its process; make room in "
                f"{tempfile.gettempdir()}, or name another folder in TMPDIR"
            ) from error
    return reasons


def _run_on_cluster(
    client: Client,
    calls: Sequence[Callable[[], None]],
    watch: Watch | None,
    what: str,
    report: Callable[[float, int], None],
) -> list[str]:
    """Hand every call to a worker of Dask, and wait for all of them."""
    from distributed import KilledWorker
    from joblib import Parallel, delayed

    reasons: list[str] = []
    registered_parts, folder = registry.registered(), str(Path.cwd())
    open_there = _opener()
    with _bar(watch, what), watched_workers(client, what) as given_up:
        try:
            # a batch of one: a task that was lost with its worker is done again, and no other
            done = Parallel(return_as="generator_unordered", batch_size=1)(
                delayed(open_there)(_packed(call, registered_parts), folder) for call in calls
            )
            report(0, len(calls))
            for ended, reason in enumerate(done, start=1):
                report(ended, len(calls))
                if not isinstance(reason, str):  # tasks that were cancelled end so
                    raise ConnectionError(f"the tasks were cancelled: {reason}")
                reasons += [reason] if reason else []
        except KilledWorker:
            reasons.append("a process was killed")
        except (OSError, TimeoutError, RuntimeError, CancelledError) as error:
            if client.status == "running" and not isinstance(error, ConnectionError | TimeoutError):
                raise
            if given_up.is_set() or (
                isinstance(error, TimeoutError) and client.status == "running"
            ):
                words = "the cluster has no workers any more; what is done is kept: start some"
            else:
                words = "the connection to the scheduler is lost; start it again if it is gone"
            # caused by the system, so that what is trained already is kept
            raise InputError(f"{what}: {words}, and the same command goes on") from ConnectionError(
                str(error)
            )
    return reasons


def _packed(call: Callable[[], None], known: Sequence[tuple[str, Any]]) -> bytes:
    """A call as bytes, which only the worker that runs it opens.

    A scheduler opens the tasks that it passes on: it would import what they need, and could answer
    nobody meanwhile. On a busy machine that takes longer than connections last.
    """
    from distributed.protocol import pickle

    packed: bytes = pickle.dumps(partial(_run, call, 1, known))
    return packed


def _opener() -> Callable[[bytes, str], str]:
    """What a worker of Dask does; made in a function, it is sent by value and not by its name."""

    def open_there(packed: bytes, folder: str) -> str:
        import pickle
        from contextlib import chdir

        with chdir(folder):  # relative paths mean what they mean here
            try:
                call = pickle.loads(packed)
            except Exception as error:  # noqa: BLE001 - the caller is told
                return f"a worker cannot run what this Python sends ({error})"
            reason: str = call()
            return reason

    return open_there


def _run(call: Callable[[], None], jobs: int, known: Sequence[tuple[str, Any]] = ()) -> str:
    """One call, in a worker that knows what its parent does; why it failed, or nothing."""
    import torch

    for name, part in known:
        registry.register(part, name=name)
    if jobs > 1:
        _die_with_parent()
    # sums of another number of threads round otherwise, and training makes much of it
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the others go on, and the caller is told
        return str(error) or type(error).__name__
    finally:
        torch.set_num_threads(threads)
    return ""


def _die_with_parent() -> None:
    """End this worker once the process that started it is gone.

    One whose parent was killed would go on, and write where the next run writes. (Windows keeps
    naming the parent that is gone; there the worker ends when its call does.)
    """
    if any(thread.name == WATCHDOG for thread in threading.enumerate()):
        return
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=look, name=WATCHDOG, daemon=True).start()


@contextmanager
def _bar(watch: Watch | None, what: str) -> Iterator[None]:
    """A bar that asks once a second how far things are."""
    if watch is None:
        yield
        return
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.completed:.1f} of {task.total}"),
        TimeRemainingColumn(),
    )
    over = threading.Event()
    shown = Progress(*columns, console=console, transient=True)
    # a bar that is not shown ends with an empty line in some versions of rich
    with shown if console.is_terminal else nullcontext(shown) as bar:
        task = bar.add_task(what, total=watch()[1])

        def look() -> None:
            while not over.wait(1):
                done, total = watch()
                bar.update(task, completed=done, total=total)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
    done, total = watch()
    console.print(f"{what}: {int(done)} of {total} done")
