"""A verb replaces in a folder what it wrote there, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.files import Manifest, OutputFolder, write_text
from bayes_a2m.files.output import files_in


def fill(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def made(path: Path, verb: str = "report", *, force: bool = False, **files: str) -> OutputFolder:
    output = OutputFolder(path, verb, force=force)
    with output.replacing() as new:
        fill(new, **files)
    return output


def shown(folder: Path) -> dict[str, str]:
    """What people see."""
    return {
        name: (folder / name).read_text()
        for name in files_in(folder)
        if not name.startswith(".bayes-a2m")
    }


def test_again_replaces_and_removes_what_was_written(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    made(out, page="1", tables__a="1", sound__b="1")
    fill(out, notes="mine", own__deep="mine")
    (out / "empty").mkdir()
    made(out, page="2", tables__c="2")
    assert shown(out) == {"page": "2", "tables/c": "2", "notes": "mine", "own/deep": "mine"}
    assert not (out / "sound").exists()
    assert (out / "empty").is_dir()
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_what_was_changed_since_is_somebodys(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made(out, page="1", table="1")
    fill(out, page="edited", table="edited")
    with pytest.raises(InputError, match=r"out/page: is there already and not as bayes-a2m report"):
        made(out, page="2")
    assert shown(out) == {"page": "edited", "table": "edited"}
    made(out, force=True, page="2")
    assert shown(out) == {"page": "2", "table": "edited"}  # obsolete, but no longer ours


def test_what_is_not_ours_is_refused_before_any_work(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, page="mine")
    with pytest.raises(InputError, match=r"out/page: is there already and not what bayes-a2m"):
        OutputFolder(out, "report").check(["page"])
    OutputFolder(out, "report", force=True).check(["page"])
    OutputFolder(out, "report").check(["other"])
    with pytest.raises(InputError, match=r"out/page: is there already, and a folder has to"):
        OutputFolder(out, "report").check(["page/deep"])
    (out / "folder").mkdir()
    with pytest.raises(InputError, match=r"out/folder: is a folder, and a file has to stand"):
        OutputFolder(out, "report", force=True).check(["folder"])
    with pytest.raises(InputError, match=r"page: is no folder"):
        OutputFolder(out / "page", "report").check()
    with pytest.raises(InputError, match=r"cannot be made there"):
        OutputFolder(out / "page" / "deep", "report").check()


def test_verbs_replace_nothing_of_each_other(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made(out, "synth", voice="sung")
    made(out, "report", page="1")
    assert shown(out) == {"voice": "sung", "page": "1"}
    with pytest.raises(InputError, match="voice: is there already"):
        made(out, "report", voice="report")


def test_a_verb_that_wants_to_be_alone_does_not_begin_among_others(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, thesis="mine", data="mine")
    alone = OutputFolder(out, "run", beside=("data",))
    with pytest.raises(InputError, match=r"out/thesis: is there already"):
        alone.check()
    (out / "thesis").unlink()
    with alone.replacing() as new:
        fill(new, page="1")
    fill(out, thesis="mine")
    with alone.replacing() as new:
        fill(new, page="2")
    assert shown(out) == {"data": "mine", "thesis": "mine", "page": "2"}


def test_adding_keeps_what_was_added_before(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path / "out", "transcribe")
    for text in ("1", "2"):
        with output.adding() as new:
            fill(new, **{f"song{text}": text}, page=text)
    assert shown(output.path) == {"song1": "1", "song2": "2", "page": "2"}
    fill(output.path, song1="by hand")
    with pytest.raises(InputError, match="song1"), output.adding() as new:
        fill(new, song1="3", song3="3")
    assert shown(output.path) == {"song1": "by hand", "song2": "2", "page": "2"}


def test_a_link_to_a_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "far")
    made(link, page="1")
    made(link, page="2")
    assert link.is_symlink()
    assert shown(tmp_path / "far") == {"page": "2"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, InputError])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    def fail(path: Path) -> None:
        with OutputFolder(path, "report").replacing() as new:
            fill(new, page="2")
            raise error

    with pytest.raises(error):
        fail(tmp_path / "deep" / "out")
    assert list(tmp_path.iterdir()) == []
    out = tmp_path / "out"
    made(out, page="1")
    before = files_in(tmp_path)
    with pytest.raises(error):
        fail(out)
    assert shown(out) == {"page": "1"}
    assert files_in(tmp_path) == before


def test_what_cannot_be_written_has_the_name_that_it_was_to_have(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path / "out", "report")

    def fill_it() -> None:
        with output.replacing() as new:
            (new / "a.txt").mkdir()
            write_text(new / "a.txt", "a")

    with pytest.raises(InputError, match=rf"^{re.escape(str(tmp_path / 'out' / 'a.txt'))}: cannot"):
        fill_it()
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_manifest_reaches_nothing_outside(tmp_path: Path) -> None:
    out = tmp_path / "out"
    output = made(out, page="1")
    fill(tmp_path, precious="mine")
    (out / "link").symlink_to(tmp_path)
    manifest = out / output.manifest_name
    digest = Manifest.of_files(tmp_path, ["precious"]).hashes["precious"][0]
    lines = [
        f"{digest}  ../precious",
        f"{digest}  link/precious",
        f"{digest}  /{tmp_path}/precious",
    ]
    manifest.write_text(manifest.read_text() + "\n".join(lines) + "\n\0\xff broken")
    made(out, page="2")
    assert (tmp_path / "precious").read_text() == "mine"
    manifest.write_bytes(b"\xff\xfe\0 no manifest")
    with pytest.raises(InputError, match="page"):
        made(out, page="3")


KILL = """
import os, pathlib, sys
from bayes_a2m.files.output import OutputFolder
count = int(sys.argv[1])
for name in ("replace", "rename", "unlink"):
    def step(self, *a, _real=getattr(pathlib.Path, name), **k):
        global count
        if count == 0:
            os.kill(os.getpid(), 9)
        count -= 1
        return _real(self, *a, **k)
    setattr(pathlib.Path, name, step)
with OutputFolder(pathlib.Path("out"), "report").replacing() as new:
    for name in ("a", "b", "c"):
        (new / name).write_text("2")
print("done")
"""


@pytest.mark.parametrize("step", [0, 1, 2, 3, 4, 5, 6, 7])
def test_killed_at_any_step_the_next_run_finds_the_old_or_finishes_the_new(
    tmp_path: Path, step: int, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    made(out, a="1", b="1", d="1")
    fill(out, mine="mine")
    done = subprocess.run([sys.executable, "-c", KILL, str(step)], cwd=tmp_path, check=False)
    with OutputFolder(out, "report").lock():
        pass
    found = shown(out)
    assert found.pop("mine") == "mine"
    new = {"a": "2", "b": "2", "c": "2"}
    assert found in ({"a": "1", "b": "1", "d": "1"}, new)
    if done.returncode == -9:
        assert "interrupted run" in caplog.text
    else:
        assert found == new
    made(out, a="3")
    assert shown(out) == {"a": "3", "mine": "mine"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    assert sorted(p.name for p in out.iterdir()) == [".bayes-a2m-report.sha256", "a", "mine"]


WRITE = """
import pathlib, sys
from bayes_a2m.files.output import OutputFolder
for turn in range(10):
    with OutputFolder(pathlib.Path("out"), "report").replacing() as new:
        for name in ("a", "b", "c", sys.argv[1]):
            (new / name).write_text(sys.argv[1] + str(turn))
"""


def test_two_processes_take_turns(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, who], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        for who in ("x", "y")
    ]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    found = shown(tmp_path / "out")
    assert len(set(found.values())) == 1
    assert len(found) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
        st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1, max_size=3),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_name_survives_in_a_manifest(hashes: dict[str, list[str]]) -> None:
    from bayes_a2m.files.manifest import _is_within

    kept = {name: tuple(found) for name, found in hashes.items() if _is_within(name)}
    assert Manifest.parse(Manifest(kept).text()).hashes == kept


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_sha256sum_reads_a_manifest(tmp_path: Path) -> None:
    output = made(tmp_path / "out", page="1", tables__a="2")
    check = ["sha256sum", "--check", "--strict", output.manifest_name]
    assert subprocess.run(check, cwd=output.path, check=False).returncode == 0


def test_damage_is_found(tmp_path: Path) -> None:
    fill(tmp_path, a="1", b="2")
    known = Manifest.of_files(tmp_path, ["a", "b"])
    assert known.damaged(tmp_path) is None
    fill(tmp_path, b="3")
    assert known.damaged(tmp_path) == "b"
    (tmp_path / "a").unlink()
    assert known.damaged(tmp_path) == "a"


def test_a_folder_that_cannot_be_written_to_is_said(without_privileges: Path) -> None:
    out = without_privileges / "out"
    out.mkdir(mode=0o500)
    with pytest.raises(InputError, match="Permission denied"):
        OutputFolder(out, "report").check()


def test_text_is_written_in_the_name_of_nobody_else(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path / "out", "report")
    with output.lock(), output.adding() as new:
        write_text(new / "a", "1")
    assert shown(output.path) == {"a": "1"}
