"""Inputs are counted for each file, reader and verb, also by processes that a test forks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fuzz.tally import READER, Tally, table


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_child_processes_count_into_the_same_tally(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "inputs.txt")
    assert tally.counts() == {}
    tally.add("transcribe")
    child = os.fork()
    if child == 0:
        tally.add(READER)
        os._exit(0)
    os.waitpid(child, 0)
    assert tally.counts() == {"transcribe": 1, READER: 1}


def test_the_table_has_sums_by_file_by_verb_and_by_kind() -> None:
    counted = [
        {"file": "p.nc", "kind": "damaged", "counts": {READER: 40}},
        {"file": "p.nc", "kind": "damaged", "counts": {"report": 7}},
        {"file": "p.nc", "kind": "absent", "counts": {"report": 1}},
        {"file": "x.csv", "kind": "damaged", "counts": {"plot": 2, "verify": 3}},
        {"file": "x.csv", "kind": "absent", "counts": {"plot": 1, "verify": 1}},
    ]
    assert table(counted, failed=1) == [
        "| file | itself | verbs | no file in its place |",
        "|---|---|---|---|",
        "| p.nc | 40 | report 7 | 1 |",
        "| x.csv | 0 | plot 2, verify 3 | 2 |",
        "",
        "Given to: reader 40, plot 3, report 8, verify 4",
        "55 inputs: 52 damaged files; 3 pipes, folders, loops, nothing, unreadable files",
        "Not clean: 1",
    ]
