"""Studies that take seconds: nearest neighbours and tiny networks on the recordings of tones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests import tiny

NEIGHBOURS = {
    "features.bins": 84,
    "features.bins_per_octave": 12,
    "posterior.stored": 300,
    "posterior.context": 0,
    "posterior.smoothing": 1.0,
}


def network(epochs: int) -> dict[str, object]:
    """Settings of a tiny CRNN."""
    values = dict(setting.split("=") for setting in tiny.SMALL)
    return {**{k: yaml.safe_load(v) for k, v in values.items()}, "training.epochs": epochs}


def write(folder: Path, arms: dict[str, object], **study: object) -> Path:
    """A study file; two seeds and three draws unless told otherwise."""
    path = folder / "small.yaml"
    path.write_text(
        yaml.safe_dump({"seeds": [0, 1], "draws": 3, **study, "arms": arms}, sort_keys=False)
    )
    return path


def neighbours(k: int, **more: object) -> dict[str, object]:
    """An arm of k nearest neighbours."""
    return {"experiment": "knn", "set": {**NEIGHBOURS, "posterior.k": k, **more}}


@contextmanager
def no_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar that shows nothing."""
    yield lambda done, total: None
