"""Global statistics: two numbers for everything."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bayes_a2m.audio.normalizer import Normalizer, Scope
from bayes_a2m.errors import InputError


def test_statistics_are_those_of_everything_together() -> None:
    generator = np.random.default_rng(0)
    # far from zero and of unlike lengths, so that a mean of means would show
    arrays = [generator.normal(m, 3, (n, 7)).astype(np.float32) for m, n in ((-60, 5), (-20, 900))]
    normalizer = Normalizer.fit(iter(arrays))
    values = np.concatenate([a.ravel() for a in arrays]).astype(np.float64)
    assert normalizer.mean == pytest.approx(values.mean())
    assert normalizer.std == pytest.approx(values.std())
    normal = np.concatenate([normalizer(a).ravel() for a in arrays])
    assert normal.mean() == pytest.approx(0, abs=1e-5)
    assert normal.std() == pytest.approx(1, abs=1e-5)


def test_gives_single_precision_of_any_shape() -> None:
    result = Normalizer(-40.0, 20.0)(np.full((2, 3, 4), -60.0, dtype=np.float32))
    assert result.dtype == np.float32
    assert result.shape == (2, 3, 4)
    np.testing.assert_array_equal(result, -1)


def test_a_recordings_own_statistics_where_asked_for() -> None:
    generator = np.random.default_rng(0)
    loud, quiet = (generator.normal(m, 5, (90, 7)).astype(np.float32) for m in (-20, -60))
    normalizer = Normalizer.fit([loud, quiet], "recording")
    for one in (loud, quiet):
        assert normalizer(one).mean() == pytest.approx(0, abs=1e-4)
        assert normalizer(one).std() == pytest.approx(1, abs=1e-4)
    np.testing.assert_array_equal(normalizer(np.full((4, 3), -70, dtype=np.float32)), 0)


@pytest.mark.parametrize("of", ["training", "recording"])
def test_survives_json(of: Scope) -> None:
    normalizer = Normalizer(-41.123456789, 17.1, of)
    assert Normalizer.from_dict(json.loads(json.dumps(normalizer.to_dict()))) == normalizer


@pytest.mark.parametrize(
    "values",
    [{}, {"mean": 1.0}, {"mean": "x", "std": 1.0}, {"mean": None, "std": 1.0}, [1.0, 2.0]],
)
def test_wrong_files_are_refused(values: Any) -> None:
    with pytest.raises(InputError, match="'mean' and 'std'"):
        Normalizer.from_dict(values)


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan"), float("inf")])
def test_useless_numbers_are_refused(std: float) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        Normalizer.from_dict({"mean": 0.0, "std": std})


def test_an_older_file_is_of_the_training_part() -> None:
    assert Normalizer.from_dict({"mean": 1.0, "std": 2.0}).of == "training"
    with pytest.raises(InputError, match="must be training or recording"):
        Normalizer.from_dict({"mean": 1.0, "std": 2.0, "of": "file"})


def test_nothing_to_fit_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        Normalizer.fit([])
    with pytest.raises(InputError, match="silent throughout"):
        Normalizer.fit([np.full((10, 3), -70, dtype=np.float32)])
