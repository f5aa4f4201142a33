"""One boundary for all that is read: any failure is one line that names the file and the mend.

What a person or another program gives may be anything: missing, a folder, a pipe that never ends,
cut off, of another encoding, nested a million deep, or larger than the memory. Every reader opens
its file through :func:`ensure_regular` and parses it within :func:`reading`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayes_a2m.errors import InputError

TEXT_LIMIT = 64 * 2**20
"""Bytes that a text file (JSON, CSV) may have; what it stands for takes many times as much."""


def is_given(path: Path) -> bool:
    """Whether something stands under the name of a file that may be left out.

    It need not be a file: a reader that took a pipe, a folder or a link that leads nowhere for no
    file at all would go on with what stands in its place.
    """
    try:
        return os.path.lexists(path)
    except ValueError:  # a NUL in the name
        return False


def ensure_regular(path: Path, what: str, *, limit: int | None = None) -> int:
    """Refuse what is no regular file, or too large, before it is opened.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, with its article: ``"a sound file"``.
    limit
        Bytes that it may have.

    Returns
    -------
    int
        Its size in bytes.

    Raises
    ------
    InputError
        If it is missing, cannot be looked at, is a folder, a device or a pipe, or too large.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such {_noun(what)}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # a NUL in the name
        raise InputError(f"{str(path)!r}: is no name of a file") from error
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: is a folder, not {what}; name a file")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: is a device or a pipe, not {what}; save it as a file first")
    if limit is not None and found.st_size > limit:
        raise InputError(
            f"{path}: has {found.st_size / 2**20:,.0f} MiB, and {what} of at most "
            f"{limit / 2**20:,.0f} MiB is read; is it the right file?"
        )
    return found.st_size


@contextmanager
def reading(path: Path, what: str, mend: str = "") -> Iterator[None]:
    """Turn any failure within the block into one line that names the file.

    Parameters
    ----------
    path
        The file that is read.
    what
        What it should be, with its article.
    mend
        What to do, if it is not.

    Raises
    ------
    InputError
        If the block raises anything but an interruption.
    """
    then = f"; {mend}" if mend else ""
    try:
        yield
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"{path}: {error}") from error
    except MemoryError as error:
        raise InputError(
            f"{path}: asks for more memory than there is; it is damaged, or too large{then}"
        ) from error
    except RecursionError as error:
        raise InputError(f"{path}: is nested too deep for {what}{then}") from error
    except OSError as error:
        reason = error.strerror or _reason(error)
        raise InputError(f"{path}: cannot be read ({reason}){then}") from error
    except Exception as error:  # parsers raise what they like, down to IndexError
        raise InputError(f"{path}: not readable as {what} ({_reason(error)}){then}") from error


def read_text(path: Path, what: str, *, limit: int = TEXT_LIMIT) -> str:
    """The text of a UTF-8 file, a byte order mark left out.

    Raises
    ------
    InputError
        If it cannot be read, is no UTF-8, or larger than ``limit`` bytes.
    """
    ensure_regular(path, what, limit=limit)
    with reading(path, what):
        return path.read_text(encoding="utf-8-sig")


def read_bytes(path: Path, what: str, *, limit: int) -> bytes:
    """The content of a file.

    Raises
    ------
    InputError
        If it cannot be read, or is larger than ``limit`` bytes.
    """
    ensure_regular(path, what, limit=limit)
    with reading(path, what):
        return path.read_bytes()


def _noun(what: str) -> str:
    """What a file is called where there is none.

    >>> _noun("a sound file"), _noun("YAML")
    ('sound file', 'file')
    """
    return what.partition(" ")[2] if what.startswith(("a ", "an ")) and "file" in what else "file"


def _reason(error: Exception) -> str:
    """What an error says, on one line of bearable length."""
    words = " ".join(str(error).split())
    return (words[:200] + " …" if len(words) > 200 else words) or type(error).__name__
