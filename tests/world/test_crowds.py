"""Two processes on one folder, and people's files in it."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from bayes_a2m.files import Manifest
from tests.world.conftest import Whole, World
from tests.world.verbs import (
    ONCE,
    QUICK,
    WRITERS,
    assert_same,
    said_in_a_line,
    turns,
)
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.world]


@pytest.mark.parametrize("verb", [name for name in QUICK if name not in ONCE])
def test_two_processes_on_one_folder_both_end_well(
    server: Zygote,
    world: World,
    tmp_path: Path,
    verb: str,
    whole: Whole,
) -> None:
    wanted, seconds = whole(verb)
    generator = random.Random(verb)
    for turn in range(turns(verb, 10)):
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


def test_what_people_put_into_a_folder_stays(
    server: Zygote, world: World, tmp_path: Path, whole: Whole
) -> None:
    for verb in ("synth", "wide", "plot", "transcribe", "onnx", "report", "run", "audit"):
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
