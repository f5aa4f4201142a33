"""Studies out of fold: every recording is scored once, by a model that never met its take."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.studies.plan import Plan, plan_of
from bayes_a2m.studies.runner import conclude, forecast, hours_by_arm, make_cells
from bayes_a2m.studies.study import load_study
from tests.cli.command import run
from tests.studies import small


def planned(file: Path, data: Dataset, folder: Path, **options: int) -> Plan:
    study, experiments = load_study(file, **options)
    return plan_of(study, experiments, data, folder)


def in_takes(data: Dataset) -> Dataset:
    """The recordings in takes of two each."""
    recordings = tuple(replace(r, take=f"take {i // 2}") for i, r in enumerate(data))
    return replace(data, recordings=recordings)


def test_every_recording_is_held_out_once_a_seed(tiny_data: Dataset, tmp_path: Path) -> None:
    data = in_takes(tiny_data)
    arms = {"a": small.neighbours(3), "b": small.neighbours(5)}
    plan = planned(small.write(tmp_path, arms, folds=4), data, tmp_path / "cells")
    assert len(plan.every) == 2 * 2 * 4
    for arm in arms:
        for cells in plan.by_seed(arm).values():
            assert sorted(i for cell in cells for i in cell.scored_on.ids) == sorted(data.ids)
            for cell in cells:
                learned = (*cell.fit, *cell.tune)
                assert not {r.take for r in learned} & {r.take for r in cell.scored_on}
                assert len(learned) + len(cell.scored_on) == len(data)
    # arms and seeds have the same folds, so that all are paired
    by_fold = {cell.fold: set() for cell in plan.every}
    for cell in plan.every:
        by_fold[cell.fold].add(tuple(cell.scored_on.ids))
    assert all(len(held_out) == 1 for held_out in by_fold.values())
    assert plan.every[0].name == "a, seed 0, fold 0"


def test_folds_of_a_split_leave_the_others_alone(tiny_data: Dataset, tmp_path: Path) -> None:
    """What is chosen out of fold on the train split can be judged on the validation split."""
    file = small.write(tmp_path, {"a": small.neighbours(3)}, folds=3, split="train")
    plan = planned(file, tiny_data, tmp_path / "cells")
    assert plan.scored_on.ids == tiny_data.split("train").ids
    validation = set(tiny_data.split("validation").ids)
    for cell in plan.every:
        assert not validation & {r.id for r in (*cell.fit, *cell.tune, *cell.scored_on)}


def test_folds_leave_a_test_split_alone(tiny_data: Dataset, tmp_path: Path) -> None:
    split = {"validation": "test"}
    recordings = tuple(replace(r, split=split.get(r.split, r.split)) for r in tiny_data)
    data = replace(tiny_data, recordings=recordings)
    plan = planned(
        small.write(tmp_path, {"a": small.neighbours(3)}, folds=3), data, tmp_path / "cells"
    )
    used = {r.id for c in plan.every for r in (*c.fit, *c.tune, *c.scored_on)}
    assert used == set(data.split("train").ids)
    assert len(used) < len(data)


def test_folds_of_the_command_take_the_place_of_the_file(
    tiny_data: Dataset, tmp_path: Path
) -> None:
    file = small.write(tmp_path, {"a": small.neighbours(3)}, seeds=[0])
    assert len(planned(file, tiny_data, tmp_path / "cells").every) == 1
    assert len(planned(file, tiny_data, tmp_path / "cells", folds=3).every) == 3


@pytest.mark.long
def test_the_scores_are_those_of_all_recordings(tiny_data: Dataset, tmp_path: Path) -> None:
    """Joined from the folds, resampled by take; and cells are shared between studies."""
    data = in_takes(tiny_data)
    arms = {"a": small.neighbours(3), "b": small.neighbours(9)}
    file = small.write(tmp_path, arms, folds=3, seeds=[0])
    plan = planned(file, data, tmp_path / "cells")
    coming = forecast(plan, jobs=1)
    rows = hours_by_arm(plan, coming)
    assert [(arm, cells, done) for arm, cells, done, _ in rows] == [("a", 3, 0), ("b", 3, 0)]
    assert sum(hours for *_, hours in rows) == pytest.approx(sum(coming.weights) / 3600)
    assert make_cells(coming, progress=False) == {}
    record = conclude(plan, tmp_path / "out", "small", {}, bar=small.no_bar, resamples=50)
    assert record.folds == 3
    assert record.split == ""
    assert set(record.cells["a"]) == {"0.0", "0.1", "0.2"}
    comparison = record.comparisons["b"]
    assert comparison.recordings == len(data)
    assert comparison.takes == len(data) // 2
    # the pooled accuracy by hand: frames right over frames, of all folds
    right = total = 0.0
    for cell in plan.cells["b"]:
        confusion = cell.read().parts["all"].confusion.sum(axis=0)
        right, total = right + float(np.trace(confusion)), total + float(confusion.sum())
    accuracy = comparison.metrics["accuracy"]
    assert accuracy.one == pytest.approx(right / total)
    text = (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert "from takes, out of fold, and seeds" in text
    # another study of one of the arms finds its cells there, without their models, too
    for model in (tmp_path / "cells").glob("*/model"):
        shutil.rmtree(model)
    other = small.write(tmp_path, {"c": small.neighbours(9)}, folds=3, seeds=[0])
    assert all(c.finished for c in planned(other, data, tmp_path / "cells").every)


def test_scores_of_a_cell_that_others_start_from_are_not_enough(
    tiny_data: Dataset, tmp_path: Path
) -> None:
    arms = {
        "point": {"experiment": "crnn", "set": small.network(1)},
        "laplace": {"experiment": "laplace", "set": small.network(1), "start": "point"},
    }
    plan = planned(small.write(tmp_path, arms, folds=2, seeds=[0]), tiny_data, tmp_path / "cells")
    for one, start in zip(plan.cells["laplace"], plan.cells["point"], strict=True):
        assert one.start is not None
        assert one.start.fingerprint == start.fingerprint
        assert one.start.scored_on.ids == one.scored_on.ids
        assert (start.keeps_model, one.keeps_model) == (True, False)


def test_folds_that_do_not_go_together_are_told(tiny_data: Dataset, tmp_path: Path) -> None:
    experiment = load_experiment("knn", ("posterior.stored=300", "posterior.components=8"))
    from bayes_a2m.evaluation import evaluate
    from bayes_a2m.models import make_posterior

    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    scores = Scored.of(
        evaluate(make_posterior(experiment).fit(fit, tune), tiny_data.split("validation"))
    )
    with pytest.raises(InputError, match="a recording is scored in two folds"):
        Scored.joined([scores, scores], scores.ids)
    with pytest.raises(InputError, match="no counts of the recordings elsewhere"):
        Scored.joined([scores], [*scores.ids, "elsewhere"])
    again = Scored.joined([scores.in_order(scores.ids[::-1])], scores.ids)
    assert again.ids == scores.ids
    np.testing.assert_array_equal(again.parts["all"].confusion, scores.parts["all"].confusion)


@pytest.mark.long
def test_the_plan_tells_cells_and_hours(tiny_folder: Path, tmp_path: Path) -> None:
    file = small.write(tmp_path, {"a": small.neighbours(3), "b": small.neighbours(5)})
    out = tmp_path / "out"
    done = run("run", file, "--data", tiny_folder, "--out", out, "--folds", 3, "--plan")
    assert done.returncode == 0, done.stderr
    assert "2 arms, 2 seeds, 3 folds; 12 cells, 0 done, 12 to make" in done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["all", "12", "0"] in [row[:3] for row in rows]
    assert not (out / "cells").exists()
