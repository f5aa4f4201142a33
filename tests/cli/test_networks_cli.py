"""``networks`` measures what it prints."""

from __future__ import annotations

import pytest

from bayes_a2m.networks.network import make_network
from tests.cli.command import run


@pytest.mark.long
def test_the_table_has_a_row_a_network_and_counts_its_parameters() -> None:
    done = run("networks", "tcn", "--repeats", "1", "--seconds", "1", "--set", "features.bins=84")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    for name in ("crnn", "tcn"):
        count = make_network(name, {}, bins=84, classes=4).parameter_count
        assert rows[name][1] == f"{count:,}"
    assert rows["crnn"][-2:] == ["1.00", "1.00"]
    assert "256 / 256" in done.stdout


def test_what_is_no_network_is_told() -> None:
    done = run("networks", "knn")
    assert done.returncode == 2
    assert "knn: has no network to measure" in done.stderr
