"""Full disks, and devices in place of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.world.conftest import Whole, World
from tests.world.verbs import (
    QUICK,
    SLOW,
    WRITERS,
    left,
    names,
    said_in_a_line,
)
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.world]


@pytest.mark.parametrize("verb", QUICK)
@pytest.mark.parametrize("largest", [100, 4000, 20000])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    server: Zygote, world: World, tmp_path: Path, verb: str, largest: int
) -> None:
    (tmp_path / "mine").write_text("mine")
    done = server.run(*WRITERS[verb](world, tmp_path), largest_file=largest, timeout=300)
    if done.code == 0:  # all files are smaller
        assert max(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) <= largest
        return
    said_in_a_line(done, 2)
    # it names the file, by the name that it was to have; of a process that had no room to say why
    # it ended nothing is known but that it did
    killed = verb == "run" and "its process was killed" in done.last_line
    assert killed or str(tmp_path) in done.last_line
    assert ".a2m-" not in done.last_line
    assert left(tmp_path, verb) == ["mine"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("verb", [verb for verb in QUICK if verb not in SLOW])
def test_an_output_that_is_full_is_one_line_and_loses_no_file(
    server: Zygote, world: World, tmp_path: Path, verb: str, whole: Whole
) -> None:
    done = server.run(*WRITERS[verb](world, tmp_path), stdout=Path("/dev/full"), timeout=300)
    said_in_a_line(done, 2)
    assert names(tmp_path) == names(whole(verb)[0])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("verb", ["evaluate", "compare", "verify"])
def test_a_full_device_that_is_named_is_one_line(server: Zygote, world: World, verb: str) -> None:
    arguments = WRITERS[verb](world, Path("/nowhere"))
    arguments[arguments.index("--json") + 1 :] = ["/dev/full"]
    said_in_a_line(server.run(*arguments), 2)


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
