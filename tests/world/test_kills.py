"""Processes killed at any moment: the same command comes to the same, nothing stands in its way."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from bayes_a2m.files import Manifest
from tests.world.conftest import Whole, World
from tests.world.verbs import (
    ONCE,
    WRITERS,
    assert_same,
    code_of,
    names,
    said_in_a_line,
    turns,
)
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.world]


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
    for _ in range(1 if verb == "demo" else turns(verb, 3)):
        running = server.start(*arguments, code=code_of(verb))
        time.sleep(generator.uniform(0.1, 1.0) * seconds)
        try:
            os.kill(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        running.wait(60)
        if (tmp_path / "o").is_dir() and verb in ONCE:
            break
        if verb == "train" and (tmp_path / "o.partial").exists() and "--resume" not in arguments:
            arguments.append("--resume")
    measured = tmp_path / "o" / "metrics.json"
    if verb == "train" and measured.is_file() and measured.read_text() != "null\n":
        return
    if verb == "export" and (tmp_path / "o").is_dir():
        assert_same(verb, tmp_path, wanted)
    else:
        time.sleep(0.1)
        done = server.run(*arguments, code=code_of(verb), timeout=600)
        assert done.code == 0, done.stderr
        assert_same(verb, tmp_path, wanted)


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
