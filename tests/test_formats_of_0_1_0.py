"""What 0.1.0 wrote is read, and says the same; what a later version writes is refused in a line."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.datasets import load_folder
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import EvaluationResults, evaluate
from bayes_a2m.files import read_json, write_json
from bayes_a2m.label_audit.decisions import Decisions
from bayes_a2m.models import load_model
from bayes_a2m.prediction.netcdf_files import read_netcdf, write_netcdf
from bayes_a2m.prediction.posterior import FramePosterior

pytestmark = pytest.mark.long

OLD = Path(__file__).parent / "fixtures" / "model_0_1_0"


def test_a_model_predicts_what_it_predicted() -> None:
    data = load_folder(OLD / "voices")
    post = load_model(OLD / "model").predict(data)
    stored = FramePosterior.load(OLD / "predictions.nc")
    assert post.ids == stored.ids
    np.testing.assert_array_equal(post.lengths, stored.lengths)
    np.testing.assert_allclose(post.mean(), stored.mean(), atol=2e-6)


def test_the_counts_of_a_model_are_those_of_today() -> None:
    stored = Scored.load(OLD / "scores.npz")
    today = Scored.of(evaluate(load_model(OLD / "model"), load_folder(OLD / "voices")))
    assert stored.ids == today.ids
    assert stored.other == {}
    np.testing.assert_array_equal(stored.parts["all"].confusion, today.parts["all"].confusion)
    np.testing.assert_allclose(stored.parts["all"].nll, today.parts["all"].nll, rtol=1e-5)
    np.testing.assert_array_equal(stored.notes.onset_50ms, today.notes.onset_50ms)


def test_results_and_decisions_are_read() -> None:
    results = EvaluationResults.read(OLD / "model" / "metrics.json")
    # of what it did not know there is nothing
    unknown = {"notes": None, "unlike": None}
    assert results.to_dict() == {**read_json(OLD / "model" / "metrics.json"), **unknown}
    assert Decisions.load(OLD / "decisions.json").excluded == ("001",)


def test_a_model_is_written_with_versions_and_read_again(tmp_path: Path) -> None:
    old = load_model(OLD / "model")
    old.save(tmp_path / "model")
    names = ("normalizer", "recalibration", "decoder", "seen")
    assert all(
        read_json(tmp_path / "model" / f"{name}.json")["format_version"] == 1 for name in names
    )
    assert not any("format_version" in read_json(OLD / "model" / f"{name}.json") for name in names)
    data = load_folder(OLD / "voices")
    again = load_model(tmp_path / "model").predict(data)
    np.testing.assert_array_equal(again.mean(), old.predict(data).mean())


@pytest.mark.parametrize("name", ["normalizer", "recalibration", "decoder", "seen", "config"])
def test_a_part_of_a_later_version_is_refused(name: str, tmp_path: Path) -> None:
    shutil.copytree(OLD / "model", tmp_path / "model")
    path = tmp_path / "model" / f"{name}.json"
    if name == "config":
        path = path.with_suffix(".yaml")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**values, "format_version": 9}), encoding="utf-8")
    else:
        write_json(path, {**read_json(path), "format_version": 9})
    with pytest.raises(InputError, match=rf"{path.name}: format 9, this version reads 1"):
        load_model(tmp_path / "model")


def test_predictions_counts_and_decisions_of_a_later_version_are_refused(tmp_path: Path) -> None:
    data = read_netcdf(OLD / "predictions.nc")
    write_netcdf(tmp_path / "p.nc", data.assign_attrs(format_version=2))
    with pytest.raises(InputError, match=r"p\.nc: format 2"):
        FramePosterior.load(tmp_path / "p.nc")
    with np.load(OLD / "scores.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "s.npz", **{**arrays, "format": np.array("bayes_a2m scored 2")})
    with pytest.raises(InputError, match=r"s\.npz: format 2"):
        Scored.load(tmp_path / "s.npz")
    write_json(tmp_path / "d.json", {"format_version": 2, "decisions": {}})
    with pytest.raises(InputError, match=r"d\.json: format 2"):
        Decisions.load(tmp_path / "d.json")
