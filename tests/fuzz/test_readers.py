"""Damaged and hostile files given to the readers themselves, many a second.

A reader gives what it read or raises ``InputError``; it raises nothing else, ends in time, and asks
for no more memory than there may be. Each runs in a process of its own, which has these bounds.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from bayes_a2m.errors import InputError
from tests.fuzz.damage import Damaged, damaged
from tests.fuzz.formats import READERS, apart, whole
from tests.fuzz.tally import READER, Tally
from tests.fuzz.test_fuzz import LIMIT, SECONDS, examples, patience

pytestmark = pytest.mark.slow

__all__ = ["whole"]

SHARE = 0.25
"""How long, of the time of the fuzz of verbs, the readers are tried."""

RATE = 40
"""Inputs a second that a quick reader takes; drawing them takes time, too."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("name", list(READERS))
@pytest.mark.timeout(LIMIT)
def test_a_reader_reads_or_refuses(name: str, whole: Path, tmp_path: Path, tally: Tally) -> None:
    path = whole / name
    if not path.is_file():
        pytest.skip("so small a model has no such part")
    content, others = path.read_bytes(), _others(whole)
    share = SHARE * SECONDS / len(READERS)
    until = time.monotonic() + share

    @settings(
        max_examples=examples(share, RATE, len(READERS), 5),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(content, others))
    def one(changed: Damaged) -> None:
        if time.monotonic() > until:
            return
        tally.add(READER)
        path.write_bytes(changed.content)
        signal.setitimer(signal.ITIMER_REAL, patience())
        try:
            READERS[name](path)
        except InputError as error:
            if "\n" in str(error):
                raise AssertionError("more than a line") from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    try:
        assert apart(one, tmp_path / "error") == ""
    finally:
        path.write_bytes(content)


def _others(folder: Path) -> tuple[bytes, ...]:
    """The contents of one file a kind."""
    kinds = {p.suffix: p for p in sorted(folder.rglob("*.*")) if p.is_file()}
    return tuple(path.read_bytes() for path in kinds.values())
