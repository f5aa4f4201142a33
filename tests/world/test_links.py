"""Links and devices in the place of what a verb writes: they are written through, and stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.world.conftest import Whole, World
from tests.world.verbs import QUICK, WRITERS, names
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.world]

THERE = "there"
"""The folder that links point into."""

RECORDS = ("verify", "evaluate", "compare", "transcribe", "report", "run", "audit", "train")
"""Verbs that write all they say to ``--json FILE``, too."""


@pytest.mark.parametrize("verb", QUICK)
def test_links_are_written_through(
    server: Zygote, world: World, tmp_path: Path, verb: str, whole: Whole
) -> None:
    (tmp_path / THERE).mkdir()
    arguments = WRITERS[verb](world, tmp_path)
    links = [a for a in arguments if isinstance(a, Path) and a.parent == tmp_path]
    for link in links:
        target = tmp_path / THERE / link.name
        if not link.suffix:
            target.mkdir()
        link.symlink_to(target)  # that of a file leads nowhere yet
    done = server.run(*arguments, timeout=300)
    assert done.code == 0, done.stderr
    assert links
    assert all(link.is_symlink() for link in links)
    assert names(tmp_path / THERE) == names(whole(verb)[0])
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([THERE, *(p.name for p in links)])


@pytest.mark.skipif(not Path(os.devnull).is_char_device(), reason="there are no devices here")
@pytest.mark.parametrize("verb", RECORDS)
def test_a_device_stays_one(server: Zygote, world: World, tmp_path: Path, verb: str) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(os.devnull)
    for place in (Path(os.devnull), link):
        (tmp_path / place.name).with_suffix("").mkdir()
        arguments = WRITERS[verb](world, (tmp_path / place.name).with_suffix(""))
        if "--json" in arguments:
            arguments = arguments[: arguments.index("--json")]
        done = server.run(*arguments, "--json", place, timeout=300)
        assert done.code == 0, done.stderr
        assert Path(os.devnull).is_char_device()
    assert link.is_symlink()


@pytest.mark.skipif(not Path(os.devnull).is_char_device(), reason="there are no devices here")
def test_files_of_features_and_networks_may_be_devices(
    server: Zygote, world: World, tmp_path: Path
) -> None:
    links = [tmp_path / name for name in ("features.npz", "network.onnx", "predictions.nc")]
    for link in links:
        link.symlink_to(os.devnull)
    for arguments in (
        ("features", world.data, "--out", links[0]),
        ("export", world.model, "--out", links[1]),
        ("evaluate", world.model, "--data", world.data, "--predictions", links[2]),
    ):
        done = server.run(*arguments)
        assert done.code == 0, done.stderr
        assert Path(os.devnull).is_char_device()
    assert all(link.is_symlink() for link in links)
