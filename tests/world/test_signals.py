"""Signals and closed pipes: a line, an exit code, nothing half done."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.world.conftest import Whole, World
from tests.world.verbs import (
    PARTLY,
    QUICK,
    WRITERS,
    left,
    names,
    said_in_a_line,
    turns,
)
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.world]


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
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_one_line_and_leaves_nothing_half_done(
    server: Zygote,
    world: World,
    tmp_path: Path,
    verb: str,
    number: signal.Signals,
    whole: Whole,
) -> None:
    _, seconds = whole(verb)
    generator = random.Random(f"{verb} {number}")
    for turn in range(turns(verb, 3)):
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
        found, wanted = left(out, verb), left(whole(verb)[0], verb)
        if verb in PARTLY:
            assert set(found) <= set(wanted)
        else:
            assert found in ([], wanted)
