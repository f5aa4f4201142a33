"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.files import (
    atomic_folder,
    atomic_path,
    content_hash,
    read_json,
    write_json,
    write_text,
)
from bayes_a2m.files.atomic import cannot_write


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "x.txt"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".txt"
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert names(path.parent) == ["x.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("ha")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x.txt"]


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    write_text(path, "a longer text")
    write_text(path, "µ")
    assert path.read_bytes() == b"\xc2\xb5"
    assert names(tmp_path) == ["x.txt"]


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "x.txt", "")
        assert stat.S_IMODE((tmp_path / "x.txt").stat().st_mode) == 0o644
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"x\.txt: cannot write there"):
        write_text(tmp_path / "file" / "x.txt", "text")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder: cannot write there"):
        write_text(tmp_path / "folder", "text")
    assert names(tmp_path) == ["file", "folder"]


def test_json_survives(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, True], "µ": "C♯4"}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == value
    assert "C♯4" in (tmp_path / "x.json").read_text(encoding="utf-8")


def test_json_has_no_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"nll": float("nan")})
    assert read_json(tmp_path / "x.json") == 1
    assert names(tmp_path) == ["x.json"]


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.json: no such file"):
        read_json(tmp_path / "x.json")
    for content in (b"{", b"\xff\xfe"):
        (tmp_path / "x.json").write_bytes(content)
        with pytest.raises(InputError, match=r"x\.json: not readable as JSON"):
            read_json(tmp_path / "x.json")
    with pytest.raises(InputError, match="is a folder, not JSON"):
        read_json(tmp_path)


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"sound")
    (tmp_path / "b").write_bytes(b"sound")
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b")
    assert content_hash(tmp_path / "a") == hashlib.sha256(b"sound").hexdigest()


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("1")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "a").read_text() == "1"
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "other") as folder:
        (folder / "a").write_text(str(1 / 0))
    assert names(tmp_path) == ["out"]


def test_a_folder_replaces_only_what_it_may(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with atomic_folder(out) as folder:  # an empty one is nobody's
        (folder / "mine").write_text("1")
    with pytest.raises(InputError, match="is there already"), atomic_folder(out):
        pass
    with atomic_folder(out, lambda path: (path / "mine").exists()) as folder:
        (folder / "mine").write_text("2")
    assert (out / "mine").read_text() == "2"
    with (
        pytest.raises(RuntimeError),
        atomic_folder(out, lambda path: (path / "mine").exists()),
    ):
        raise RuntimeError
    assert (out / "mine").read_text() == "2"
    assert names(tmp_path) == ["out"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "real.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    write_json(link, 1)
    assert link.is_symlink()
    assert read_json(target) == 1
    dangling = tmp_path / "dangling.json"
    dangling.symlink_to(tmp_path / "far" / "new.json")
    write_json(dangling, 2)
    assert dangling.is_symlink()
    assert read_json(tmp_path / "far" / "new.json") == 2
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path / "far" / "made")
    with atomic_folder(folder) as new:
        (new / "a").touch()
    assert folder.is_symlink()
    assert names(tmp_path / "far") == ["made", "new.json", "real.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_device_and_a_pipe_stay_what_they_are(tmp_path: Path) -> None:
    import threading

    write_text(Path(os.devnull), "gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "through")
    reader.join(10)
    assert told == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names(tmp_path) == ["pipe"]


def test_folders_made_for_nothing_go_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "new" / "deep" / "x.txt"):
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    def full() -> None:
        with atomic_path(tmp_path / "x.txt"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match=r"x\.txt: cannot write there .*make room on the disk"):
        full()
    assert names(tmp_path) == []


def killed(code: str, folder: Path) -> None:
    """Run Python that kills itself with -9 in the middle of writing."""
    text = f"import os, pathlib\nfrom bayes_a2m.files import *\n{code}"
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, check=False)
    assert done.returncode == -9


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EFBIG, "File too large"),
        ValueError("Error while serializing: I/O error: File too large (os error 27)"),
    ],
)
def test_where_there_is_no_room_it_is_said_what_to_do(error: Exception) -> None:
    line = str(cannot_write(Path("a.bin"), error))
    assert line.startswith("a.bin: cannot write there (")
    assert line.endswith("; make room on the disk, or name another place")


def test_what_a_killed_process_left_is_said_and_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed("with atomic_path(pathlib.Path('x.txt')) as t:\n    os.kill(os.getpid(), 9)", tmp_path)
    killed("with atomic_folder(pathlib.Path('d')) as t:\n    os.kill(os.getpid(), 9)", tmp_path)
    assert len(names(tmp_path)) == 2
    write_text(tmp_path / "x.txt", "whole")
    with atomic_folder(tmp_path / "d"):
        pass
    assert names(tmp_path) == ["d", "x.txt"]
    assert caplog.text.count("removed what an interrupted run left half written") == 2


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "x.txt") as first:
        os.utime(first, (0, 0))  # as if it had been at it for long
        write_text(tmp_path / "x.txt", "second")
        assert first.exists()
        first.write_text("first")
    assert (tmp_path / "x.txt").read_text() == "first"


def test_an_old_folder_that_was_moved_away_is_put_back(tmp_path: Path) -> None:
    out = tmp_path / "d"
    out.mkdir()
    (out / "precious").touch()
    # killed between the two renames: the old one is away, the new one not yet there
    killed(
        "import pathlib\n"
        "rename = pathlib.Path.rename\n"
        "def once(self, to):\n"
        "    rename(self, to)\n"
        "    os.kill(os.getpid(), 9)\n"
        "pathlib.Path.rename = once\n"
        "with atomic_folder(pathlib.Path('d'), lambda path: True):\n    pass",
        tmp_path,
    )
    assert not out.exists()
    with pytest.raises(InputError, match="is there already"), atomic_folder(out):
        pass
    assert names(out) == ["precious"]
    assert names(tmp_path) == ["d"]
