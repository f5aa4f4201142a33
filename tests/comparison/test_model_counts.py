"""Counts of a model in a file: what goes in comes out, and what is no such file is refused."""

from __future__ import annotations

import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.comparison.model_counts import PARTS, Scored
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import Evaluation, evaluate
from bayes_a2m.metrics.sufficient_statistics import SufficientStatistics
from bayes_a2m.posteriors.point import Point


@pytest.fixture(scope="module")
def evaluation(tiny_point: Point, tiny_data: Dataset) -> Evaluation:
    return evaluate(tiny_point, tiny_data.split("validation"))


@pytest.fixture
def file(evaluation: Evaluation, tmp_path: Path) -> Path:
    path = tmp_path / "cell" / "scored.npz"
    Scored.of(evaluation).save(path)
    return path


def assert_same(one: SufficientStatistics, other: SufficientStatistics) -> None:
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_it_comes_back_as_it_was(evaluation: Evaluation, file: Path) -> None:
    scored, loaded = Scored.of(evaluation), Scored.load(file)
    assert set(scored.parts) == set(loaded.parts) == set(PARTS)
    assert (loaded.ids, loaded.conditions) == (evaluation.ids, evaluation.conditions)
    assert loaded.vocabulary == evaluation.vocabulary
    assert loaded.cost == evaluation.cost
    for name, counts in scored.parts.items():
        assert_same(loaded.parts[name], counts)
    assert_same(loaded.notes, evaluation.notes)
    assert [p.name for p in file.parent.iterdir()] == ["scored.npz"]
    again = file.with_name("again.npz")
    loaded.save(again)
    assert again.read_bytes() == file.read_bytes()


def test_what_was_not_measured_stays_so(evaluation: Evaluation, tmp_path: Path) -> None:
    from dataclasses import replace

    from bayes_a2m.evaluation import Cost

    cost = Cost(0.5, None, 12, None)
    replace(Scored.of(evaluation), cost=cost).save(tmp_path / "x.npz")
    assert Scored.load(tmp_path / "x.npz").cost == cost


def test_recordings_can_be_put_in_another_order(evaluation: Evaluation) -> None:
    scored = Scored.of(evaluation)
    turned = scored.in_order(scored.ids[::-1])
    assert turned.conditions == scored.conditions[::-1]
    np.testing.assert_array_equal(turned.parts["near"].nll, scored.parts["near"].nll[::-1])
    np.testing.assert_array_equal(turned.notes.reference, scored.notes.reference[::-1])
    with pytest.raises(InputError, match="no counts of the recordings 999"):
        scored.in_order([*scored.ids, "999"])


def test_files_that_are_no_counts_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        Scored.load(tmp_path / "none.npz")
    with pytest.raises(InputError, match="is a folder, not counts"):
        Scored.load(tmp_path)
    for content in (b"", b"nothing of the kind", file.read_bytes()[:4000]):
        bad = tmp_path / "bad.npz"
        bad.write_bytes(content)
        with pytest.raises(InputError, match=r"bad.npz: not readable as counts of a model"):
            Scored.load(bad)
    np.savez(tmp_path / "theirs.npz", X=np.zeros(3))
    np.save(tmp_path / "lone.npy", np.zeros(3))
    np.savez(tmp_path / "pickled.npz", format=np.array([{"a": 1}], dtype=object))
    for name, says in (
        ("theirs.npz", "not the counts of a model"),
        ("lone.npy", "not readable as counts of a model"),
        ("pickled.npz", "not readable"),
    ):
        with pytest.raises(InputError, match=says):
            Scored.load(tmp_path / name)


@pytest.mark.parametrize("name", ["ids", "near.nll", "notes.reference"])
def test_files_that_lack_something_are_refused(file: Path, tmp_path: Path, name: str) -> None:
    bad = tmp_path / "bad.npz"
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(bad, "w") as part:
        for entry in whole.namelist():
            if entry != f"{name}.npy":
                part.writestr(entry, whole.read(entry))
    with pytest.raises(InputError, match=f"not readable as counts of a model.*{name}"):
        Scored.load(bad)


def test_counts_of_other_recordings_are_refused(file: Path, tmp_path: Path) -> None:
    arrays = dict(np.load(file))
    arrays["all.nll"] = arrays["all.nll"][:-1]
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=r"all.nll is not of 4 recordings"):
        Scored.load(tmp_path / "bad.npz")
