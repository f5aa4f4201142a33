"""A server that forks the command, and a small world of files for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from tests import tiny
from tests.studies import small
from tests.zygote import Zygote, zygote

EXPERIMENT = {
    "base": "crnn",
    "network": {
        "name": "crnn",
        "channels": [4, 6, 8],
        "projection": 16,
        "hidden": 12,
        "features": 8,
    },
    "features": {"bins": 84, "bins_per_octave": 12},
    "training": {"epochs": 2, "batch": 4, "learning_rate": 0.02},
}
"""A network that is trained in a second."""


RESAMPLES = 20
"""Resamples of intervals, which nobody looks at here."""

Whole: TypeAlias = Callable[[str], tuple[Path, float]]
"""From a verb to the folder that it left, undisturbed, and the seconds that it took."""


@dataclass(frozen=True)
class World:
    """What the verbs are given."""

    data: Path
    model: Path
    experiment: Path
    study: Path

    @property
    def song(self) -> Path:
        """A recording."""
        return self.data / "voice_001.wav"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Runs of the command; skipped where processes cannot fork."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    with zygote(tmp_path_factory.mktemp("runs"), RESAMPLES) as running:
        yield running


@pytest.fixture(scope="session")
def world(server: Zygote, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Recordings, a model, an experiment and a study."""
    folder = tmp_path_factory.mktemp("world")
    data = tiny.make_folder(folder / "data", recordings=16, seconds=1.0)
    experiment = folder / "small.yaml"
    experiment.write_text(yaml.safe_dump(EXPERIMENT))
    study = folder / "study.yaml"
    arms = {name: small.neighbours(k) for name, k in (("few", 1), ("many", 5))}
    values = {"seeds": [0], "split": "validation", "draws": 1, "arms": arms}
    study.write_text(yaml.safe_dump(values))
    model = folder / "model"
    done = server.run("train", experiment, "--data", data, "--out", model, timeout=300)
    assert done.code == 0, done.stderr
    return World(data, model, experiment, study)


@pytest.fixture(scope="session")
def whole(server: Zygote, world: World, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What each verb leaves when nothing disturbs it, and the seconds it takes."""
    from tests.world.verbs import WRITERS, code_of

    known: dict[str, tuple[Path, float]] = {}

    def run(verb: str) -> tuple[Path, float]:
        if verb not in known:
            out = tmp_path_factory.mktemp(f"whole-{verb}")
            start = time.monotonic()
            done = server.run(*WRITERS[verb](world, out), code=code_of(verb), timeout=600)
            assert done.code == 0, done.stderr
            known[verb] = out, time.monotonic() - start
        return known[verb]

    return run
