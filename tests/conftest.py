"""What tests share: the real recordings, where they are, and a small model of made-up ones."""

from __future__ import annotations

import copy
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.music import Note, midi
from tests import tiny
from tests.fuzz.tally import pytest_terminal_summary

if TYPE_CHECKING:
    from bayes_a2m.posteriors.point import Point

__all__ = ["pytest_terminal_summary"]

# In CI every run draws the same examples, so that one that fails has failed for what was changed.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
# Elsewhere they vary; nowhere does a busy machine fail one.
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

NOBODY = 65534
"""The user without any rights."""

SLOW_SECONDS = 900
"""Time limit of a test that is marked as slow; others have that of pyproject.toml."""

TRAINED = frozenset({"tiny_point", "tiny_model", "tiny_knowing"})
"""Fixtures that fit a model: who uses one takes long."""

LONG_ROOMS = frozenset(
    {
        *("baselines", "cli", "comparison", "cross_validation", "demo", "label_audit"),
        *("posteriors", "runtime", "studies", "training"),
        *("datasets/conditions", "datasets/synthetic"),
    }
)
"""Folders most of whose tests fit a model, simulate, or sing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests their time; mark those that take long by their room or their fixtures.

    Files with such tests come first, so that no process is left with a long one at the end while
    the others have nothing to do.
    """
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))
        room = item.path.parent.relative_to(Path(__file__).parents[1]).as_posix()
        if room.removeprefix("tests/") in LONG_ROOMS or not TRAINED.isdisjoint(
            getattr(item, "fixturenames", ())
        ):
            item.add_marker(pytest.mark.long)
    first = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in first)


@pytest.fixture
def without_privileges() -> Iterator[Path]:
    """An empty folder, and a process that permissions hold for, also where root runs the tests."""
    if not hasattr(os, "geteuid"):
        pytest.skip("there are no such permissions here")
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    folder.chmod(0o777 if root else 0o700)
    if root:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def same_weights() -> None:
    """Let every test start its networks from the same weights in every run.

    torch draws them from its global generator, which it seeds anew in every process.
    """
    import torch

    torch.manual_seed(0)


@pytest.fixture(scope="session")
def voices() -> Path:
    """The folder of real recordings; tests that need it are skipped where it is absent.

    ``BAYES_A2M_VOICES`` says where it is, else it is looked for beside the repository.
    """
    beside = Path(__file__).parents[2] / "shared" / "voice_c4e4g4"
    folder = Path(os.environ.get("BAYES_A2M_VOICES", beside))
    if not folder.is_dir():
        pytest.skip(f"the real recordings are not there ({folder})")
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of 16 short recordings of tones."""
    return tiny.make_folder(tmp_path_factory.mktemp("tiny") / "data")


@pytest.fixture(scope="session")
def tiny_data(tiny_folder: Path) -> Dataset:
    """The recordings of :func:`tiny_folder`."""
    return load_folder(tiny_folder)


@pytest.fixture(scope="session")
def tiny_point(tiny_data: Dataset) -> Point:
    """A small network that has learned them."""
    from bayes_a2m.config.experiment import load_experiment
    from bayes_a2m.posteriors.point import Point

    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    return Point.of_experiment(load_experiment("crnn", tiny.SMALL)).fit(fit, tune)


@pytest.fixture(scope="session")
def tiny_model(tiny_point: Point, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its model directory; tests that break it copy it first."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    tiny_point.save(path)
    return path


@pytest.fixture(scope="session")
def tiny_knowing(tiny_point: Point, tmp_path_factory: pytest.TempPathFactory) -> Point:
    """:func:`tiny_point` with the densities of 40 recordings, enough to tell what is new."""
    from bayes_a2m.posteriors.novelty import NoveltyDetector
    from bayes_a2m.posteriors.training_data import TrainingData

    data = load_folder(tiny.make_folder(tmp_path_factory.mktemp("more") / "data", 44))
    fit, tune = data.split("train").with_tuning_part(0.2)
    shared = TrainingData.of(fit, tune, tiny_point.experiment, tiny_point.normalizer)
    model = copy.copy(tiny_point)
    assert tiny_point.fitted is not None
    novelty = NoveltyDetector.fit(tiny_point.network, shared)
    model.fitted = dataclasses.replace(tiny_point.fitted, novelty=novelty)
    return model


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Adds a recording to a data folder, ``tmp_path / "data"``, and returns the folder.

    ``put("001")`` adds a good one of 1 s with two notes; every keyword makes it different,
    and ``samples=None`` or ``notes=None`` leaves that file out.
    """
    folder = tmp_path / "data"
    folder.mkdir()

    def add(
        id_: str,
        notes: Iterable[Note] | None = (Note(0.2, 0.5, 60), Note(0.6, 0.9, 64)),
        samples: np.ndarray | str | None = "tones",
        *,
        seconds: float = 1.0,
        rate: int = 16000,
        subtype: str = "PCM_16",
        suffix: str = ".wav",
    ) -> Path:
        if isinstance(samples, str):
            samples = _tones(notes or (), seconds, rate, seed=int(id_))
        if samples is not None:
            soundfile.write(folder / f"voice_{id_}{suffix}", samples, rate, subtype=subtype)
        if notes is not None:
            midi.write(folder / f"midi_{id_}.mid", notes)
        return folder

    return add


def _tones(notes: Iterable[Note], seconds: float, rate: int, seed: int) -> np.ndarray:
    """A sine for every note over faint noise, shape ``(samples,)``."""
    time = np.arange(round(seconds * rate)) / rate
    samples = 0.002 * np.random.default_rng(seed).standard_normal(time.size)
    for note in notes:
        hertz = 440 * 2 ** ((note.pitch - 69) / 12)
        sounding = (time >= note.onset) & (time < note.offset)
        samples += sounding * 0.4 * np.sin(2 * np.pi * hertz * time)
    return samples
