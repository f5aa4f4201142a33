"""Damaged and hostile files for every reader, through the verbs that read them.

Whatever is in a file, a verb ends in time with one line or does its work; it shows no traceback,
calls no fault unexpected, takes no more memory than it should, and touches nothing but its own.
``make test-slow`` tries for a minute, ``make fuzz`` for an hour: ``BAYES_A2M_FUZZ_SECONDS``. Who
wants a number of inputs, however long it takes, says ``BAYES_A2M_FUZZ_INPUTS``.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.damage import Damaged, damaged
from tests.fuzz.readers import READERS, WRITTEN, Call, Origin, make_origin
from tests.fuzz.tally import Tally
from tests.world.conftest import World, server, world
from tests.zygote import Done, Zygote

pytestmark = pytest.mark.slow

__all__ = ["server", "world"]

INPUTS = int(os.environ.get("BAYES_A2M_FUZZ_INPUTS", "0"))
"""Damaged files that verbs and readers are given in all; 0 is as many as there is time for."""

SECONDS = float("inf") if INPUTS else float(os.environ.get("BAYES_A2M_FUZZ_SECONDS", "60"))
"""Seconds that the verbs are tried."""

LIMIT = 3 * 3600.0 if INPUTS else max(900.0, 2 * SECONDS)
"""Seconds that a test may take."""

USUAL = 0.5
"""Seconds that a verb takes, to know how many inputs fit."""

LONGEST = 20.0
"""Seconds that a verb may take where nobody else wants the processors."""

MEMORY = 2 * 2**30
"""Bytes that a verb may take."""


@pytest.fixture(scope="module")
def origin(server: Zygote, world: World, tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """A world in which every file is whole."""
    return make_origin(server, world, tmp_path_factory.mktemp("origin"))


def patience() -> float:
    """Seconds that a verb may take as crowded as the machine is."""
    return LONGEST * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def assert_well(done: Done) -> None:
    """It ended in time, with its work or a line."""
    assert done.code is not None, "it did not end"
    assert done.code in (0, 1, 2), (done.code, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    assert "unexpected" not in done.stderr, done.stderr
    if done.code == 2:
        assert done.last_line.startswith("bayes-a2m: "), done.stderr


def examples(share: float, rate: float, files: int, least: int) -> int:
    """How many inputs a file has.

    Parameters
    ----------
    share
        Seconds for it.
    rate
        Inputs a second.
    files
        How many files have as many; half of :data:`INPUTS` is given to verbs, half to readers.
    least
        The least number where the time counts.
    """
    return math.ceil(INPUTS / 2 / files) if INPUTS else max(least, int(share * rate))


def contents(folder: Path, damaged_file: str) -> dict[Path, bytes]:
    """What no verb may touch: every file but the damaged one and those that verbs write."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and path != folder / damaged_file
        and path.relative_to(folder).parts[0] not in WRITTEN
    }


@pytest.mark.parametrize("name", list(READERS))
@pytest.mark.timeout(LIMIT)
def test_damaged_files_are_told_in_a_line(
    server: Zygote,
    origin: Origin,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    tally: Tally,
) -> None:
    if not (origin.folder / name).is_file():
        pytest.skip("so small a model has no such part")
    content = (origin.folder / name).read_bytes()
    folder = tmp_path_factory.mktemp("fuzz")
    place = origin.copy(folder / "world")
    others = tuple(
        path.read_bytes() for path in sorted(origin.folder.rglob("*.*")) if path.is_file()
    )
    before = contents(place, name)
    share = SECONDS / len(READERS)
    until = time.monotonic() + share
    failed: list[Damaged] = []  # it is tried again when its time is over, lest it be called flaky

    @settings(
        max_examples=examples(share, 1 / USUAL, len(READERS), 3),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(content, others), st.sampled_from(READERS[name]))
    def one(changed: Damaged, call: Call) -> None:
        if time.monotonic() > until and changed not in failed:
            return
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(changed.content)
        out = folder / "out"
        arguments = call(place, out)
        tally.add(str(arguments[0]))
        failed.append(changed)
        done = server.run(*arguments, timeout=patience(), memory=MEMORY)
        assert_well(done)
        assert contents(place, name) == before
        failed.remove(changed)
        shutil.rmtree(out, ignore_errors=True)
        if name.startswith("started"):
            for made in WRITTEN:
                shutil.rmtree(place / made, ignore_errors=True)
            shutil.copytree(origin.folder / WRITTEN[1], place / WRITTEN[1])

    one()


AS_ANYBODY = """
import ctypes
libc = ctypes.CDLL(None)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of capabilities, of this process
data = (ctypes.c_uint32 * 6)()
assert not libc.capget(header, data)
data[0] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
assert not libc.capset(header, data)
"""
"""Python that gives up the right to read what permissions forbid (Linux)."""


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "nothing", "unreadable"])
@pytest.mark.parametrize("name", list(READERS))
def test_what_is_no_file_is_refused_at_once(
    server: Zygote, origin: Origin, tmp_path: Path, name: str, kind: str, tally: Tally
) -> None:
    place = origin.copy(tmp_path / "world")
    path = place / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "unreadable":
        if not (origin.folder / name).exists():
            pytest.skip("so small a model has no such part")
        shutil.copy(origin.folder / name, path)
        path.chmod(0)
    # root may read everything, unless it gives that up
    before = AS_ANYBODY if kind == "unreadable" and os.geteuid() == 0 else ""
    for call in READERS[name][:2]:
        arguments = call(place, tmp_path / "out")
        tally.add(str(arguments[0]))
        done = server.run(*arguments, timeout=patience(), memory=MEMORY, code=before)
        assert_well(done)
        # who transcribes needs no scores, and does not open them
        unopened = kind == "unreadable" and name == "model/metrics.json"
        if kind != "nothing" and not unopened:
            assert done.code in (1, 2), (done.stdout, done.stderr)
            assert path.stem in done.stdout + done.stderr
