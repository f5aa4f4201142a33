"""A journal of a search that stays whole when its process is killed, or its disk is full.

Optuna appends lines of JSON to a file. A process that ends within a line leaves a part of it, to
which the next one would append its own: then nobody can read the journal any more. Here such a
part is cut off before anything is appended, and after an attempt that failed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import get_lock_file

from bayes_a2m.errors import InputError
from bayes_a2m.files.atomic import cannot_write

BLOCK = 4096
"""Bytes that are looked at together, from the end, for the end of the last whole line."""

START = b'{"op_code":'
"""How every line begins; what begins otherwise is not ours to cut off."""


class WholeLinesBackend(JournalFileBackend):
    """Optuna's journal file, in which every line is whole."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append entries; all of them, or none.

        Raises
        ------
        InputError
            If the journal cannot be written to, or ends with something else than a part of a line.
        """
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        path = Path(self._file_path)
        with get_lock_file(self._lock):
            try:
                with path.open("r+b") as file:
                    end = _end_of_lines(file)
                    file.seek(end)
                    rest = file.read(len(START))
                    if not START.startswith(rest):
                        raise InputError(f"{path}: is no journal of a search; move it away")
                    file.truncate(end)
                    try:
                        file.seek(end)
                        file.write(lines.encode("utf-8"))
                        file.flush()
                        os.fsync(file.fileno())
                    except BaseException:
                        os.truncate(path, end)
                        raise
            except OSError as error:
                raise cannot_write(path, error) from error


def _end_of_lines(file: BinaryIO) -> int:
    """The number of bytes up to the end of the last whole line."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - BLOCK)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
