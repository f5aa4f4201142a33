"""Every line of a journal is whole, also after a kill within one and on a full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.tuning.journal import BLOCK, WholeLinesBackend

FIRST, SECOND, THIRD = {"op_code": 1}, {"op_code": 2}, {"op_code": 3}


@pytest.mark.parametrize("rest", [b"", b'{"op_', b'{"op_code":"' + b"x" * 3 * BLOCK])
def test_what_a_killed_process_left_of_a_line_is_cut_off(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "study.journal"
    WholeLinesBackend(str(path)).append_logs([FIRST, SECOND])
    whole = path.read_bytes()
    path.write_bytes(whole + rest)
    journal = WholeLinesBackend(str(path))
    assert list(journal.read_logs(0)) == [FIRST, SECOND]
    journal.append_logs([THIRD])
    assert list(journal.read_logs(0)) == [FIRST, SECOND, THIRD]
    assert path.read_bytes() == whole + b'{"op_code":3}\n'


def test_a_first_line_that_was_never_whole_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    path.write_bytes(b'{"op_co')
    WholeLinesBackend(str(path)).append_logs([FIRST])
    assert path.read_bytes() == b'{"op_code":1}\n'


def test_what_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    path.write_bytes(b"what I learned today")
    with pytest.raises(InputError, match=r"study\.journal: is no journal of a search"):
        WholeLinesBackend(str(path)).append_logs([FIRST])
    assert path.read_bytes() == b"what I learned today"


def test_a_full_disk_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.journal"
    journal = WholeLinesBackend(str(path))
    journal.append_logs([FIRST])
    whole = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(InputError, match=r"study\.journal: cannot write there .*make room"):
            journal.append_logs([SECOND])
    assert path.read_bytes() == whole
    assert not path.with_name("study.journal.lock").is_symlink()
    journal.append_logs([THIRD])
    assert list(journal.read_logs(0)) == [FIRST, THIRD]
