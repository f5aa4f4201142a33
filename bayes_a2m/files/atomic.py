"""Files and folders written whole or not at all.

What is named may be a link or a device: a link goes on pointing where it did, and what it points
to is written; a device, a pipe or a terminal is written to and stays what it is.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bayes_a2m.errors import InputError
from bayes_a2m.escape import encodable
from bayes_a2m.files.temporary import leftovers, remove, temporary_file, temporary_folder

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors that say that there is no more room."""

WRITERS = {"LibsndfileError", "SafetensorError"}
"""Errors of libraries that write files themselves and do not raise ``OSError``."""

_log = logging.getLogger(__name__)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that becomes ``path`` when the block ends well.

    If the block raises, the temporary file is removed and an older ``path`` is untouched. A link
    is followed; what is no regular file (``/dev/null``, a pipe) is written to at the end.

    Raises
    ------
    InputError
        If the folder of ``path`` cannot be made or written to, the disk is full, or ``path`` is a
        folder.
    """
    if _is_stream(path):
        with _into_stream(path) as temporary:
            yield temporary
        return
    target = linked(path)
    with _explained(path), made_parents(target), temporary_file(target) as temporary:
        yield temporary
        # mkstemp makes files private; what people ask for should have their usual mode
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)


def ensure_free(path: Path, replaces: Callable[[Path], bool] = lambda _: False) -> None:
    """Refuse to make a folder where something stands.

    Raises
    ------
    InputError
        If ``path`` exists, is not an empty folder, and is not one that ``replaces`` is true of.
    """
    with _explained(path):
        if not path.exists() or (path.is_dir() and (not any(path.iterdir()) or replaces(path))):
            return
    raise InputError(f"{path}: is there already; name another folder or delete it first")


@contextmanager
def atomic_folder(path: Path, replaces: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """A temporary folder beside ``path`` that becomes ``path`` when the block ends well.

    If the block raises, the temporary folder is removed and an older ``path`` is untouched. An
    older one that a killed process had moved away is moved back first.

    Parameters
    ----------
    path
        The folder to make.
    replaces
        Which folders with something in them may be replaced; none by default.

    Raises
    ------
    InputError
        As :func:`ensure_free`, or if the folder cannot be made.
    """
    for beside in leftovers(path):
        _restore(beside / "old", path)
        remove(beside)
    ensure_free(path, replaces)
    target = linked(path)
    with _explained(path), made_parents(target), temporary_folder(target) as beside:
        old, new = beside / "old", beside / "new"
        new.mkdir()
        with told_as(path, new):
            yield new
        ensure_free(path, replaces)  # somebody may have been faster
        if target.exists():
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically, the same bytes on every system."""
    with atomic_path(path) as temporary:
        temporary.write_text(encodable(text), encoding="utf-8", newline="")


def linked(path: Path) -> Path:
    """The place that a path stands for: what a link points to, else the path itself."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def real_path(path: Path) -> Path:
    """The path without links, as far as they lead somewhere; a loop of links is left as it is."""
    return Path(os.path.realpath(path))


def cannot_write(path: Path, error: Exception) -> InputError:
    """The line that says of a file or folder that it could not be written."""
    reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or str(type(error))
    told = re.search(r"\(os error (\d+)\)", reason)  # as libraries written in Rust say it
    number = int(told[1]) if told else getattr(error, "errno", None)
    mend = "; make room on the disk, or name another place" if number in FULL else ""
    return InputError(f"{path}: cannot write there ({reason}){mend}")


@contextmanager
def told_as(path: Path, temporary: Path) -> Iterator[None]:
    """Let an error that names a temporary folder name the folder that it is to become.

    People know a file by the name that it was to have.
    """
    try:
        yield
    except InputError as error:
        if str(temporary) not in str(error):
            raise
        words = str(error).replace(str(temporary), str(path))
        raise InputError(words) from error.__cause__ or error


@contextmanager
def made_parents(path: Path) -> Iterator[None]:
    """Make the folders above ``path``; where the block fails, those that were not there go again.

    Raises
    ------
    OSError
        If one cannot be made.
    """
    made: list[Path] = []
    above = path.parent
    while not above.exists() and above != above.parent:
        made.append(above)
        above = above.parent
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        with suppress(OSError):  # somebody else has put something there
            for folder in made:
                folder.rmdir()
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn a failure to write into one line that names ``path``."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    except ValueError as error:
        if "null" in str(error) and "\0" in str(path):
            raise InputError(f"{str(path)!r}: is no name of a file") from error
        raise
    except Exception as error:
        if type(error).__name__ in WRITERS:
            raise cannot_write(path, error) from error
        raise


def _restore(old: Path, path: Path) -> None:
    """Move a folder back that a killed process had moved away to replace it."""
    if old.is_dir() and not path.exists():
        old.rename(path)
        _log.warning("%s: put back; an interrupted run was about to replace it", path)


def _is_stream(path: Path) -> bool:
    """Whether a path names something that is written to and not replaced."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return False
    if stat.S_ISDIR(found.st_mode):
        return False
    return not stat.S_ISREG(found.st_mode) or _stdout_of(found) is not None


def _stdout_of(found: os.stat_result) -> int | None:
    """The number of standard output or standard error where the file is open as one of them."""
    for handle in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.fstat(handle), found):
                return handle
    return None


@contextmanager
def _into_stream(path: Path) -> Iterator[Path]:
    """A temporary file whose bytes go into a device, a pipe or a terminal at the end."""
    with tempfile.TemporaryDirectory(prefix="bayes-a2m-") as folder:
        temporary = Path(folder) / (path.name or "file")
        temporary.touch()
        with _explained(path):
            yield temporary
            handle = _stdout_of(path.stat())
            sys.stdout.flush()
            with (
                temporary.open("rb") as source,
                open(path if handle is None else os.dup(handle), "wb") as sink,  # noqa: PTH123
            ):
                shutil.copyfileobj(source, sink)
