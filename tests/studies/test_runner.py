"""Making cells and concluding: once each, whatever fails, and the same numbers as by hand."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import bayes_a2m
from bayes_a2m.comparison.compare import compare
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import evaluate
from bayes_a2m.files import read_json
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.studies import estimate
from bayes_a2m.studies.cell import Cell
from bayes_a2m.studies.plan import Plan, plan_of
from bayes_a2m.studies.runner import conclude, forecast, make_cells
from bayes_a2m.studies.study import load_study
from tests.studies import small


def planned(file: Path, data: Dataset, folder: Path) -> Plan:
    study, experiments = load_study(file)
    return plan_of(study, experiments, data, folder)


@pytest.fixture(scope="module")
def done(tiny_data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Two arms of nearest neighbours, two seeds, all made."""
    folder = tmp_path_factory.mktemp("done")
    arms = {"few": small.neighbours(2), "many": small.neighbours(40)}
    plan = planned(small.write(folder, arms), tiny_data, folder / "cells")
    assert make_cells(forecast(plan, jobs=1), progress=False) == {}
    return plan


def test_cells_hold_what_a_fit_by_hand_gives(done: Plan, tiny_data: Dataset) -> None:
    cell = done.cells["few"][1]
    fit, tune = tiny_data.split("train").with_tuning_part(
        cell.experiment.training.tuning_share, seed=1
    )
    by_hand = make_posterior(cell.experiment).fit(fit, tune)
    result = evaluate(by_hand, tiny_data.split("validation"), draws=3)
    ours, theirs = cell.read(), Scored.of(result)
    np.testing.assert_array_equal(ours.parts["all"].confusion, theirs.parts["all"].confusion)
    np.testing.assert_allclose(ours.parts["all"].nll, theirs.parts["all"].nll)
    assert load_model(cell.model).seen == by_hand.seen
    assert (cell.model / "metrics.json").is_file()
    assert not (cell.place / "work").exists()


def test_what_is_there_is_not_made_again(done: Plan) -> None:
    stamps = {p: p.stat().st_mtime_ns for c in done.every for p in c.place.rglob("*")}
    coming = forecast(done)
    assert coming.missing == ()
    assert coming.sentence == "4 cells, 4 done, 0 to make"
    assert make_cells(coming, progress=False) == {}
    assert {p: p.stat().st_mtime_ns for c in done.every for p in c.place.rglob("*")} == stamps


@pytest.mark.slow
def test_what_a_kill_left_half_finished_is_finished(tiny_data: Dataset, tmp_path: Path) -> None:
    plan = planned(
        small.write(tmp_path, {"a": small.neighbours(2)}, seeds=[0]), tiny_data, tmp_path / "cells"
    )
    [cell] = plan.every
    make_posterior(cell.experiment).fit(cell.fit, cell.tune).save(cell.model)
    (cell.place / "work").mkdir()
    assert read_json(cell.model / "metrics.json") is None
    assert make_cells(forecast(plan, jobs=1), progress=False) == {}
    assert read_json(cell.model / "metrics.json")["recordings"] == len(cell.tune)
    assert not (cell.place / "work").exists()
    shutil.rmtree(cell.model)
    assert cell.finished  # scores alone are enough, but where others start from the model
    assert not replace(cell, keeps_model=True).finished


@pytest.mark.slow
def test_a_cell_that_is_killed_every_time_stops_no_other(
    tiny_data: Dataset, tmp_path: Path
) -> None:
    arms = {"few": small.neighbours(2), "many": small.neighbours(30), "some": small.neighbours(9)}
    plan = planned(small.write(tmp_path, arms, seeds=[0]), tiny_data, tmp_path / "cells")

    class Deadly(Cell):
        def _score(self) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

    deadly = Deadly(**{f.name: getattr(plan.cells["many"][0], f.name) for f in fields(Cell)})
    plan = replace(plan, cells={**plan.cells, "many": (deadly,)})
    failed = make_cells(forecast(plan, jobs=2), progress=False)
    assert failed == {"many, seed 0": "its process was killed"}
    assert [cell.finished for cell in plan.every] == [True, False, True]


def test_another_study_finds_the_same_cell(done: Plan, tiny_data: Dataset, tmp_path: Path) -> None:
    arms = {"nearest": small.neighbours(2), "other": small.neighbours(3)}
    plan = planned(small.write(tmp_path, arms), tiny_data, done.every[0].folder)
    assert [cell.finished for cell in plan.every] == [True, True, False, False]


def test_other_draws_score_again_and_train_nothing(
    done: Plan, tiny_data: Dataset, tmp_path: Path
) -> None:
    arms = {"few": small.neighbours(2)}
    plan = planned(small.write(tmp_path, arms, draws=5), tiny_data, done.every[0].folder)
    before = [(c.model / "model.safetensors").stat().st_mtime_ns for c in plan.every]
    assert [c.finished for c in plan.every] == [False, False]
    assert [c.share_done for c in plan.every] == [0.97, 0.97]
    assert make_cells(forecast(plan, jobs=1), progress=False) == {}
    assert [(c.model / "model.safetensors").stat().st_mtime_ns for c in plan.every] == before


def test_the_conclusion_is_that_of_compare(done: Plan, tmp_path: Path) -> None:
    conclude(done, tmp_path, "small", {}, bar=small.no_bar, resamples=200, report=False)
    record = read_json(tmp_path / "compare.json")
    assert record["reference"] == "few"
    assert record["failed"] == {}
    assert list(record["comparisons"]) == ["many"]
    wanted = compare(
        [c.read() for c in done.cells["many"]],
        [c.read() for c in done.cells["few"]],
        names=("many", "few"),
        resamples=200,
    )
    assert record["comparisons"]["many"] == json.loads(json.dumps(wanted.to_dict()))
    schema = Path(bayes_a2m.__file__).parent / "schemas" / "compare.json"
    jsonschema.validate(record["comparisons"]["many"], read_json(schema))
    assert wanted.sentence in (tmp_path / "table.md").read_text()
    assert (tmp_path / "arms.png").stat().st_size > 10_000
    with (tmp_path / "differences.csv").open(newline="") as file:
        differences = {(r["place"], r["score"]): r for r in csv.DictReader(file)}
    e4, all_ = differences["class E4", "recall"], differences["all", "nll"]
    assert float(e4["difference"]) == pytest.approx(wanted.per_class["E4"]["recall"].difference)
    assert float(all_["difference_low"]) == pytest.approx(wanted.metrics["nll"].low)
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = {row["arm"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["few", "many"]
    for arm, cells in done.cells.items():
        hits = [np.trace(c.read().parts["all"].confusion.sum(axis=0)) for c in cells]
        frames = [c.read().parts["all"].frames.sum() for c in cells]
        mean = np.mean(np.divide(hits, frames))
        assert float(rows[arm]["accuracy"]) == pytest.approx(mean, abs=1e-6)
        low, high = float(rows[arm]["accuracy_low"]), float(rows[arm]["accuracy_high"])
        assert 0 <= low <= mean <= high <= 1


def test_the_report_shows_one_model_an_arm(done: Plan, tmp_path: Path) -> None:
    conclude(done, tmp_path, "small", {}, bar=small.no_bar, resamples=50)
    shown = read_json(tmp_path / "report" / "report.json")["models"]
    assert [one["name"] for one in shown] == ["few", "many"]


def test_a_failed_cell_stops_no_other_and_is_tried_again(
    tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bayes_a2m.baselines.knn import KNN

    arms = {"good": small.neighbours(2), "bad": small.neighbours(7)}
    file = small.write(tmp_path, arms)
    plan = planned(file, tiny_data, tmp_path / "cells")
    fit_examples = KNN.fit_examples

    def failing(self: KNN, train: Dataset, tune: Dataset) -> None:
        if self.options.k == 7 and self.seed == 1:
            raise InputError("the disk\nis full")
        fit_examples(self, train, tune)

    with monkeypatch.context() as patch:
        patch.setattr(KNN, "fit_examples", failing)
        failed = make_cells(forecast(plan, jobs=1), progress=False)
    assert failed == {"bad, seed 1": "the disk is full"}
    out = tmp_path / "out"
    record = conclude(plan, out, "small", failed, bar=small.no_bar, resamples=50, report=False)
    assert record.failed == failed
    assert record.comparisons["bad"].models == (1, 1)
    assert "Failed: bad, seed 1 (the disk is full)" in (out / "table.md").read_text()
    again = planned(file, tiny_data, tmp_path / "cells")
    assert len(forecast(again).missing) == 1
    assert make_cells(forecast(again, jobs=1), progress=False) == {}
    assert again.cells["bad"][1].failure is None


def test_with_no_cell_there_is_no_conclusion(tiny_data: Dataset, tmp_path: Path) -> None:
    plan = planned(small.write(tmp_path, {"a": small.neighbours(2)}), tiny_data, tmp_path / "cells")
    with pytest.raises(InputError, match=r"no cell could be made \(a, seed 0: why\)"):
        conclude(plan, tmp_path, "small", {"a, seed 0": "why"}, bar=small.no_bar)


def test_a_start_that_failed_is_named(tiny_data: Dataset, tmp_path: Path) -> None:
    arms = {
        "point": {
            "experiment": "crnn",
            "set": {**small.network(1), "training.learning_rate": 1e30},
        },
        "laplace": {"experiment": "laplace", "start": "point", "set": small.network(1)},
    }
    plan = planned(small.write(tmp_path, arms, seeds=[0]), tiny_data, tmp_path / "cells")
    failed = make_cells(forecast(plan, jobs=1), progress=False)
    assert list(failed) == ["point, seed 0", "laplace, seed 0"]
    assert "point, seed 0, from which it starts, is not there" in failed["laplace, seed 0"]


def test_a_forecast_counts_epochs_steps_and_what_is_done_at_once(
    tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "_timed", lambda experiment, frames: 0.5)

    def seconds(epochs: int, jobs: int) -> float:
        arms = {"a": {"experiment": "crnn", "set": small.network(epochs)}}
        plan = planned(small.write(tmp_path, arms), tiny_data, tmp_path / "cells")
        steps = -(-len(plan.every[0].fit) // 4)
        assert len({len(cell.fit) for cell in plan.every}) == 1
        one = estimate.BESIDE + estimate.OVERHEAD * epochs * steps * 0.5
        found = forecast(plan, jobs=jobs).seconds
        assert found == pytest.approx(2 * one / jobs)
        return found

    assert seconds(20, 1) == 2 * seconds(20, 2)
    assert seconds(200, 2) > 5 * seconds(20, 2)
