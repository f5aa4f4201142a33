"""The command in a world that kills it, fills its disk, goes away, or crowds it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from bayes_a2m.files import Manifest
from tests.world.conftest import World
from tests.zygote import Done, Zygote

pytestmark = [pytest.mark.slow, pytest.mark.world]

Arguments: TypeAlias = Callable[[World, Path], list[object]]

Whole: TypeAlias = Callable[[str], tuple[Path, float]]

WRITERS: dict[str, Arguments] = {
    "synth": lambda w, out: ["synth", out / "o", "--recordings", 4, "--seconds", 1],
    "plot": lambda w, out: ["plot", w.data, "--out", out / "o", "--limit", 3],
    "features": lambda w, out: ["features", w.data, "--out", out / "o.npz"],
    "verify": lambda w, out: ["verify", w.data, "--json", out / "o.json"],
    "transcribe": lambda w, out: ["transcribe", w.model, w.song, "-o", out / "o"],
    "evaluate": lambda w, out: [
        *("evaluate", w.model, "--data", w.data),
        *("--json", out / "o.json", "--predictions", out / "o.nc"),
    ],
    "compare": lambda w, out: [
        *("compare", w.model, "--versus", w.model, "--data", w.data, "--json", out / "o.json")
    ],
    "report": lambda w, out: [
        *("report", w.model, "--data", w.data, "--out", out / "o", "--no-sound", "--worst", 1)
    ],
    "train": lambda w, out: ["train", w.experiment, "--data", w.data, "--out", out / "o"],
    "run": lambda w, out: [
        *("run", w.study, "--data", w.data, "--out", out / "o", "--no-report", "--jobs", 1)
    ],
    "audit": lambda w, out: [
        *("audit", w.data, "--experiment", "knn", "--folds", 2, "--show", 1, "--no-sound"),
        *("--out", out / "o"),
    ],
    "demo": lambda w, out: ["demo", "--out", out / "o", "--recordings", 9],
}
"""Every verb that writes, and how it is called."""

QUICK = [name for name in WRITERS if name != "demo"]

SAME_BYTES = ("synth", "plot", "features", "verify", "transcribe")
"""Verbs whose files hold no time or memory that was measured."""

RESUMED = {"train": ("o.partial",), "run": ("o",), "audit": ("o",)}
"""Verbs that keep the state of their trainings to go on from, and where."""


def tree(folder: Path) -> dict[str, bytes]:
    """Every file and its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def said_in_a_line(done: Done, code: int) -> None:
    """One line of ours at the end, and no traceback."""
    assert done.code == code, (done.code, done.stderr)
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    assert done.last_line.startswith("bayes-a2m: "), done.stderr


def left(folder: Path, verb: str) -> list[str]:
    """What is left in a folder, but for the state that the verb goes on from."""
    kept = RESUMED.get(verb, ())
    return [n for n in names(folder) if not n.startswith(tuple(f"{k}/" for k in kept))]


@pytest.fixture(scope="module")
def whole(server: Zygote, world: World, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What each verb leaves when nothing disturbs it, and the seconds it takes."""
    known: dict[str, tuple[Path, float]] = {}

    def run(verb: str) -> tuple[Path, float]:
        if verb not in known:
            out = tmp_path_factory.mktemp(f"whole-{verb}")
            start = time.monotonic()
            done = server.run(*WRITERS[verb](world, out), timeout=600)
            assert done.code == 0, done.stderr
            known[verb] = out, time.monotonic() - start
        return known[verb]

    return run


def assert_same(verb: str, found: Path, wanted: Path) -> None:
    """The same files; the same bytes where nothing in them was measured."""
    assert names(found) == names(wanted)
    if verb in SAME_BYTES:
        mine, theirs = tree(found), tree(wanted)
        assert [
            n for n in mine if mine[n].replace(b"\0", b"") != theirs[n].replace(b"\0", b"")
        ] == []


@pytest.mark.parametrize("verb", QUICK)
def test_a_closed_pipe_is_141_and_loses_no_file(
    server: Zygote,
    world: World,
    tmp_path: Path,
    verb: str,
    whole: Whole,
) -> None:
    closed = "r, w = os.pipe(); os.close(r); os.dup2(w, 1)"
    done = server.run(*WRITERS[verb](world, tmp_path), code=closed, timeout=300)
    assert done.code == 141, done.stderr
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == names(whole(verb)[0])


@pytest.mark.parametrize("verb", QUICK)
@pytest.mark.parametrize("largest", [100, 4000])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    server: Zygote, world: World, tmp_path: Path, verb: str, largest: int
) -> None:
    (tmp_path / "mine").write_text("mine")
    done = server.run(*WRITERS[verb](world, tmp_path), largest_file=largest, timeout=300)
    if done.code == 0:  # all files are smaller
        assert max(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) <= largest
        return
    said_in_a_line(done, 2)
    assert left(tmp_path, verb) == ["mine"]


@pytest.mark.parametrize("verb", QUICK)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_one_line_and_leaves_nothing(
    server: Zygote,
    world: World,
    tmp_path: Path,
    verb: str,
    number: signal.Signals,
    whole: Whole,
) -> None:
    _, seconds = whole(verb)
    generator = random.Random(f"{verb} {number}")
    for turn in range(3):
        out = tmp_path / str(turn)
        out.mkdir()
        running = server.start(*WRITERS[verb](world, out))
        time.sleep(generator.uniform(0.05, 0.9) * seconds)
        try:
            os.kill(running.pid, number)
        except ProcessLookupError:
            continue
        done = running.wait(60)
        if done.code == 0:  # it was quicker
            continue
        said_in_a_line(done, 128 + number)
        assert left(out, verb) in ([], left(whole(verb)[0], verb))


@pytest.mark.parametrize("verb", list(WRITERS))
def test_killed_at_any_moment_the_same_command_comes_to_the_same(
    server: Zygote,
    world: World,
    tmp_path: Path,
    verb: str,
    whole: Whole,
) -> None:
    wanted, seconds = whole(verb)
    generator = random.Random(verb)
    arguments = WRITERS[verb](world, tmp_path)
    for _ in range(3 if verb != "demo" else 1):
        running = server.start(*arguments)
        time.sleep(generator.uniform(0.1, 1.0) * seconds)
        try:
            os.kill(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        running.wait(60)
        if (tmp_path / "o").is_dir() and verb == "train":
            break
        if verb == "train" and (tmp_path / "o.partial").exists() and "--resume" not in arguments:
            arguments.append("--resume")
    if not (
        verb == "train"
        and (tmp_path / "o" / "metrics.json").is_file()
        and (tmp_path / "o" / "metrics.json").read_text() != "null\n"
    ):
        time.sleep(0.1)
        done = server.run(*arguments, timeout=600)
        assert done.code == 0, done.stderr
        assert_same(verb, tmp_path, wanted)


@pytest.mark.parametrize("verb", [name for name in QUICK if name != "train"])
def test_two_processes_on_one_folder_both_end_well(
    server: Zygote,
    world: World,
    tmp_path: Path,
    verb: str,
    whole: Whole,
) -> None:
    wanted, seconds = whole(verb)
    generator = random.Random(verb)
    for turn in range(10 if verb in ("synth", "transcribe") else 2):
        out = tmp_path / str(turn)
        out.mkdir()
        first = server.start(*WRITERS[verb](world, out))
        time.sleep(generator.uniform(0, 0.5) * seconds)
        second = server.start(*WRITERS[verb](world, out))
        for done in (first.wait(300), second.wait(300)):
            assert done.code == 0, done.stderr
        assert_same(verb, out, wanted)


def test_the_second_training_is_told_who_is_at_it(
    server: Zygote, world: World, tmp_path: Path
) -> None:
    first = server.start(*WRITERS["train"](world, tmp_path))
    deadline = time.monotonic() + 60
    while not (tmp_path / "o.partial").is_dir():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    done = server.run(*WRITERS["train"](world, tmp_path))
    assert first.wait().code == 0
    said_in_a_line(done, 2)
    assert f"process {first.pid} " in done.last_line or "is there already" in done.last_line


def test_a_model_saved_before_it_was_measured_is_finished(
    server: Zygote, world: World, tmp_path: Path
) -> None:
    killed = (
        "import bayes_a2m.studies.fitted as fitted\n"
        "fitted.describe_fitted = lambda *a: os.kill(os.getpid(), 9)"
    )
    arguments = WRITERS["train"](world, tmp_path)
    assert server.run(*arguments, code=killed).code == -9
    assert (tmp_path / "o" / "metrics.json").read_text() == "null\n"
    said_in_a_line(server.run(*arguments), 2)
    done = server.run(*arguments, "--resume")
    assert done.code == 0, done.stderr
    assert "ended before it was measured" in done.stderr
    assert names(tmp_path) == [f"o/{p.name}" for p in sorted((tmp_path / "o").iterdir())]
    assert Manifest.read(tmp_path / "o" / "checksums.sha256").damaged(tmp_path / "o") is None
    assert "metrics.json" in Manifest.read(tmp_path / "o" / "checksums.sha256").hashes
    said_in_a_line(server.run(*arguments, "--resume"), 2)


def test_a_training_that_failed_does_not_stand_in_the_way(
    server: Zygote, world: World, tmp_path: Path
) -> None:
    arguments = WRITERS["train"](world, tmp_path)
    done = server.run(*arguments, "--set", "training.learning_rate=1e30")
    said_in_a_line(done, 2)
    assert names(tmp_path) == []
    assert server.run(*arguments).code == 0


def test_an_audit_that_was_refused_does_not_stand_in_the_way(
    server: Zygote, world: World, tmp_path: Path
) -> None:
    arguments = WRITERS["audit"](world, tmp_path)
    said_in_a_line(server.run(*arguments, "--folds", 99), 2)
    assert names(tmp_path) == []
    broken = tmp_path / "data"
    shutil.copytree(world.data, broken)
    sound = (broken / "voice_003.wav").read_bytes()
    (broken / "voice_003.wav").write_bytes(sound[:20] + b"broken")
    arguments = [broken if a == world.data else a for a in arguments]
    said_in_a_line(server.run(*arguments), 2)
    (broken / "voice_003.wav").write_bytes(sound)
    inside = server.run(*arguments, "--write-aligned", broken / "sub")
    said_in_a_line(inside, 2)
    assert not (tmp_path / "o").exists()
    assert server.run(*arguments).code == 0


def test_what_people_put_into_a_folder_stays(
    server: Zygote, world: World, tmp_path: Path, whole: Whole
) -> None:
    for verb in ("synth", "plot", "transcribe", "report", "run", "audit"):
        out = tmp_path / verb
        shutil.copytree(whole(verb)[0], out)
        (out / "o" / "mine.txt").write_text("mine")
        (out / "o" / "own").mkdir()
        arguments = WRITERS[verb](world, out)
        assert server.run(*arguments, timeout=300).code == 0
        assert (out / "o" / "mine.txt").read_text() == "mine"
        assert (out / "o" / "own").is_dir()
        (manifest,) = (out / "o").glob(".bayes-a2m-*.sha256")
        name = sorted(Manifest.read(manifest).hashes)[0]
        (out / "o" / name).write_bytes(b"by hand")
        done = server.run(*arguments, timeout=300)
        said_in_a_line(done, 2)
        assert name in done.last_line
        assert (out / "o" / name).read_bytes() == b"by hand"
        assert server.run(*arguments, "--force", timeout=300).code == 0
        assert (out / "o" / name).read_bytes() != b"by hand"


@pytest.mark.parametrize("verb", ["evaluate", "compare", "verify"])
def test_a_device_that_is_named_stays_one(server: Zygote, world: World, verb: str) -> None:
    arguments = WRITERS[verb](world, Path("/nowhere"))
    place = arguments.index("--json")
    arguments[place + 1 :] = [os.devnull]
    assert server.run(*arguments).code == 0
    assert Path(os.devnull).is_char_device()
    arguments[place + 1 :] = ["/dev/stdout"]
    done = server.run(*arguments)
    assert done.code == 0
    assert done.stdout.startswith("{")
