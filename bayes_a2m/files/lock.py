"""Locks between processes: one writes, the others wait or are told who writes.

A lock belongs to an open file and not to a name, so the system gives it back when its process
ends, however it ends. On Linux and macOS it is ``flock``; on Windows it is a locked byte far
behind the end of the file. Where a file system knows no locks, nothing is locked.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bayes_a2m.errors import InputError

PAUSE = 0.1
"""Seconds between two attempts to get a lock that another process has."""

_UNKNOWN = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}

_log = logging.getLogger(__name__)


def try_lock(handle: int) -> bool | None:
    """Lock an open file or folder without waiting.

    Returns
    -------
    bool or None
        True if it is locked now, False if another process has locked it, None where the file
        system (or, for folders, the operating system) knows no locks.
    """
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        try:
            os.lseek(handle, 1 << 30, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return False if error.errno in (errno.EACCES, errno.EDEADLK) else None
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _UNKNOWN:
            return None
        raise
    return True


def lock_file(path: Path) -> Path:
    """The place of a lock: beside the file or folder, or within a folder if not possible.

    The lock lies beside, because it is needed before the folder itself is there.
    """
    beside = path.parent / f".{path.name}.lock"
    if not os.access(path.parent, os.W_OK) and path.is_dir():
        return path / ".lock"
    return beside


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Keep other processes from writing to ``path`` for as long as the block lasts.

    Parameters
    ----------
    path
        The file or folder that is written to; it need not exist yet, its parent must.
    wait
        Whether to wait for another process, which is said in the log, or to refuse.

    Raises
    ------
    InputError
        If another process holds the lock and ``wait`` is false, or no lock can be made there.
    """
    place = lock_file(path)
    handle = _acquired(place, path, wait)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows does not remove what is open
            place.unlink(missing_ok=True)
        os.close(handle)


def _acquired(place: Path, path: Path, wait: bool) -> int:
    """The open and locked file."""
    told = False
    while True:
        try:
            handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise InputError(f"{path}: cannot write there ({error.strerror})") from error
        try:
            got = try_lock(handle)
            # one that its holder has just removed locks nobody out
            if got is not False and (got is None or _same(handle, place)):
                os.ftruncate(handle, 0)
                os.lseek(handle, 0, os.SEEK_SET)
                os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
                return handle
            holder = "another process" if got else _holder(handle)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if got:
            continue
        if not wait:
            raise InputError(
                f"{path}: {holder} is writing there; wait until it is done, or name another place"
            )
        if not told:
            _log.warning("%s: waiting for %s, which is writing there", path, holder)
            told = True
        time.sleep(PAUSE)


def _holder(handle: int) -> str:
    """Who says in a lock file that it holds the lock."""
    with suppress(OSError, UnicodeDecodeError):
        os.lseek(handle, 0, os.SEEK_SET)
        words = os.read(handle, 200).decode().split("\n")[0]
        if words.startswith("process "):
            return words
    return "another process"


def _same(handle: int, place: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle), place.stat())
    except OSError:
        return False
