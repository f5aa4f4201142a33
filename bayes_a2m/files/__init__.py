"""Files written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bayes_a2m.errors import InputError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that becomes ``path`` when the block ends well.

    If the block raises, the temporary file is removed and an older ``path`` is untouched.

    Raises
    ------
    InputError
        If the folder of ``path`` cannot be made or written to, or ``path`` is a folder.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
        os.close(handle)
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror})") from error
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; what people ask for should have their usual mode
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        try:
            temporary.replace(path)
        except OSError as error:  # a folder stands there
            raise InputError(f"{path}: cannot write there ({error.strerror})") from error
    finally:
        temporary.unlink(missing_ok=True)


def ensure_free(path: Path, replaces: Callable[[Path], bool] = lambda _: False) -> None:
    """Refuse to make a folder where something stands.

    Raises
    ------
    InputError
        If ``path`` exists, is not an empty folder, and is not one that ``replaces`` is true of.
    """
    if not path.exists() or (path.is_dir() and (not any(path.iterdir()) or replaces(path))):
        return
    raise InputError(f"{path}: is there already; name another folder or delete it first")


@contextmanager
def atomic_folder(path: Path, replaces: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """A temporary folder beside ``path`` that becomes ``path`` when the block ends well.

    If the block raises, the temporary folder is removed and an older ``path`` is untouched.

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
    ensure_free(path, replaces)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror})") from error
    old = beside / "old"
    try:
        new = beside / "new"
        new.mkdir()
        yield new
        ensure_free(path, replaces)  # somebody may have been faster
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically, the same bytes on every system."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, indented, non-finite numbers refused (JSON has none)."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    InputError
        If it is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: not readable as JSON ({error})") from error


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
