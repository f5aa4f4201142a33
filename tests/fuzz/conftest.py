"""What the tests of the fuzz share: who counts their inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fuzz.tally import PROPERTY, Tally


@pytest.fixture
def tally(
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
    tmp_path: Path,
    name: str,
) -> Iterator[Tally]:
    """Count the inputs of a test of one file; the sum is said at the end of the run."""
    kept = Tally(tmp_path / "inputs.txt")
    kind = "absent" if "kind" in request.fixturenames else "damaged"
    counted: dict[str, object] = {"file": name, "kind": kind, "counts": {}}
    record_property(PROPERTY, counted)
    yield kept
    counted["counts"] = kept.counts()
