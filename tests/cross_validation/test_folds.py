"""Folds by take; models that are there are not trained again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.cross_validation.folds import folds_of, out_of_fold
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.datasets.splits import folds
from bayes_a2m.errors import InputError
from tests import tiny


def recordings(counts: dict[tuple[str, str], int]) -> list[Recording]:
    """So many of every (condition, take)."""
    samples, made = np.zeros(10, dtype=np.float32), []
    for (condition, take), count in counts.items():
        for _ in range(count):
            made.append(
                Recording(
                    f"r{len(made)}",
                    samples=samples,
                    sample_rate=16000,
                    condition=condition,
                    take=take,
                )
            )
    return made


def test_takes_stay_whole_and_conditions_are_spread() -> None:
    data = recordings({("noisy", "a"): 12, ("noisy", ""): 18, ("studio", ""): 25})
    fold = folds(data, 5, seed=1)
    assert set(fold) == {r.id for r in data}
    assert len({fold[r.id] for r in data if r.take == "a"}) == 1
    for number in range(5):
        studio = [r for r in data if fold[r.id] == number and r.condition == "studio"]
        assert len(studio) == 5
    sizes = np.bincount(list(fold.values()))
    assert sizes.max() - sizes.min() <= 8  # the large take fills its fold
    assert fold == folds(data[::-1], 5, seed=1)
    assert fold != folds(data, 5, seed=2)


def test_too_few_takes() -> None:
    with pytest.raises(InputError, match=r"1 take.s. cannot be parted into 2 folds"):
        folds(recordings({("", "a"): 9}), 2)
    with pytest.raises(InputError, match="cannot be parted into 1 folds"):
        folds(recordings({("", ""): 9}), 1)


def test_every_recording_is_held_out_once(tiny_data: Dataset) -> None:
    parts = folds_of(tiny_data, 4)
    held = [r.id for fold in parts for r in fold.held_out]
    assert sorted(held) == sorted(tiny_data.ids)
    for fold in parts:
        together = {*fold.fit.ids, *fold.tune.ids, *fold.held_out.ids}
        assert together == set(tiny_data.ids)
        assert len(fold.fit) + len(fold.tune) + len(fold.held_out) == len(tiny_data)


def test_models_are_trained_once(tiny_data: Dataset, tmp_path: Path) -> None:
    plan = load_experiment("crnn", [*tiny.SMALL, "training.epochs=1"])
    laplace = load_experiment("laplace", [*tiny.SMALL, "training.epochs=1"])
    said: list[str] = []

    def go() -> list[bytes]:
        every = out_of_fold(
            tiny_data, laplace, tmp_path, start=plan, count=2, progress=False, say=said.append
        )
        return [model.predict(fold.held_out, 2).log_probs.tobytes() for fold, model in every]

    first = go()
    assert len(said) == 4  # a network and a posterior a fold
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "laplace_0",
        "laplace_1",
        "point_0",
        "point_1",
    ]
    assert go() == first
    assert len(said) == 4
    fewer = tiny_data.where(lambda r: r.id != tiny_data[0].id)
    with pytest.raises(
        InputError, match="was made of other settings, recordings or labels than fold"
    ):
        list(out_of_fold(fewer, laplace, tmp_path, start=plan, count=2))
