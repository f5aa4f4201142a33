"""Temporary files and folders beside what they become, known again when a process was killed.

Their names hold the process that made them, and they are locked as long as it lives. What a killed
process left is therefore told from what another one is writing, and removed by the next run.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayes_a2m.files.lock import try_lock

MARK = ".a2m-"
"""Part of every temporary name."""

FRESH = 2.0
"""Seconds within which one that is not locked may be about to be."""

STALE = 86400.0
"""Seconds after which one is taken for left behind where there are no locks."""

LONGEST = 120
"""Bytes of the final name that go into a temporary one; a name has 255 at most."""

_log = logging.getLogger(__name__)


@contextmanager
def temporary_file(path: Path) -> Iterator[Path]:
    """A new, empty file beside ``path`` with the same suffix; gone after the block.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    for old in leftovers(path):
        remove(old)
    suffix = _suffix(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path), suffix=suffix)
    if os.name == "nt":  # pragma: no cover - Windows neither writes to nor renames what is locked
        os.close(handle)
    else:
        try_lock(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        if os.name != "nt":  # pragma: no branch
            os.close(handle)


@contextmanager
def temporary_folder(path: Path, parent: Path | None = None) -> Iterator[Path]:
    """A new folder beside ``path``, or in ``parent``; gone after the block.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    name = tempfile.mkdtemp(dir=parent or path.parent, prefix=_prefix(path))
    handle = os.open(name, os.O_RDONLY) if os.name != "nt" else None
    try:
        if handle is not None:
            try_lock(handle)
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def leftovers(path: Path, parent: Path | None = None) -> list[Path]:
    """Temporary files and folders left by killed processes that wrote ``path``, in name order.

    Parameters
    ----------
    path
        What was to be written.
    parent
        The folder that is searched; that of ``path`` if left out.
    """
    stem = re.escape(_prefix(path, process=False))
    pattern = re.compile(rf"{stem}(\d+)-[A-Za-z0-9_]+{re.escape(_suffix(path))}")
    try:
        names = sorted(os.listdir(parent or path.parent))  # noqa: PTH208 - names are enough
    except OSError:
        return []
    found = []
    for name in names:
        match = pattern.fullmatch(name) or re.fullmatch(rf"{stem}(\d+)-[A-Za-z0-9_]+", name)
        if match:
            found.append(((parent or path.parent) / name, int(match[1])))
    return [one for one, process in found if _left_behind(one, process)]


def remove(path: Path) -> None:
    """Remove what was left behind, and say so in the log."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    _log.warning("%s: removed what an interrupted run left half written", path)


def _left_behind(path: Path, process: int) -> bool:
    """Whether nobody is writing a temporary file or folder any more."""
    try:
        age = time.time() - path.stat().st_mtime
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        got = None if os.name == "nt" else try_lock(handle)
    except OSError:
        got = None
    finally:
        os.close(handle)
    if got is None:
        return age > STALE
    # between its making and its locking lies a moment
    return got and (age > FRESH or not _alive(process))


def _alive(process: int) -> bool:
    """Whether a process of this machine is running."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _prefix(path: Path, *, process: bool = True) -> str:
    whole = path.name.removesuffix(_suffix(path)).encode(errors="ignore")  # it may be no UTF-8
    stem = whole[:LONGEST].decode(errors="ignore")
    return f".{stem}{MARK}{os.getpid()}-" if process else f".{stem}{MARK}"


def _suffix(path: Path) -> str:
    """The ending, by which libraries tell the format."""
    return path.suffix if len(path.suffix) <= 12 else ""
