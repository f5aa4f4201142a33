"""From a study to its cells: what makes two cells the same, and what is refused before any work."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note, Vocabulary, midi
from bayes_a2m.studies.cell import Cell
from bayes_a2m.studies.plan import Plan, plan_of, prepared
from bayes_a2m.studies.study import load_study
from tests.studies import small


def planned(file: Path, data: Dataset, folder: Path, *overrides: str) -> Plan:
    study, experiments = load_study(file, overrides)
    return plan_of(study, experiments, data, folder)


def test_a_cell_an_arm_and_a_seed(tiny_data: Dataset, tmp_path: Path) -> None:
    file = small.write(tmp_path, {"a": small.neighbours(3), "b": small.neighbours(5)})
    plan = planned(file, tiny_data, tmp_path / "cells")
    assert [(c.arm, c.experiment.seed) for c in plan.every] == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
        ("b", 1),
    ]
    assert len({c.fingerprint for c in plan.every}) == 4
    for cell in plan.every:
        fit, tune = set(cell.fit.ids), set(cell.tune.ids)
        assert not fit & tune
        assert fit | tune == set(tiny_data.split("train").ids)
        assert cell.scored_on.ids == tiny_data.split("validation").ids


def test_arms_that_come_to_the_same_share_cells(tiny_data: Dataset, tmp_path: Path) -> None:
    arms = {"a": small.neighbours(3), "b": small.neighbours(3), "c": small.neighbours(4)}
    plan = planned(small.write(tmp_path, arms), tiny_data, tmp_path / "cells")
    assert len(plan.every) == 4
    assert plan.cells["a"][0].fingerprint == plan.cells["b"][0].fingerprint


def test_what_decides_a_cell_is_in_its_address(tiny_data: Dataset, tmp_path: Path) -> None:
    file = small.write(tmp_path, {"a": small.neighbours(3)}, seeds=[0])
    [plain] = planned(file, tiny_data, tmp_path / "cells").every
    [again] = planned(file, tiny_data, tmp_path / "elsewhere").every
    assert again.fingerprint == plain.fingerprint
    [other] = planned(file, tiny_data, tmp_path / "cells", "posterior.k=4").every
    assert other.fingerprint != plain.fingerprint
    first = tiny_data.split("train")[0]
    notes = first.notes or ()
    moved = replace(first, notes=(replace(notes[0], onset=notes[0].onset + 0.001), *notes[1:]))
    relabelled = replace(
        tiny_data, recordings=tuple(moved if r.id == first.id else r for r in tiny_data)
    )
    [cell] = planned(file, relabelled, tmp_path / "cells").every
    assert cell.fingerprint != plain.fingerprint
    # what it is scored on is no part of the model, but of the scores
    silent = tiny_data.split("validation")[0]
    scored = replace(
        tiny_data,
        recordings=tuple(
            replace(r, notes=(Note(0.1, 0.3, 60),)) if r.id == silent.id else r for r in tiny_data
        ),
    )
    [cell] = planned(file, scored, tmp_path / "cells").every
    assert cell.fingerprint == plain.fingerprint
    assert cell.scores_fingerprint != plain.scores_fingerprint


def test_a_description_and_a_default_written_out_change_nothing(
    tiny_data: Dataset, tmp_path: Path
) -> None:
    arms = {"a": small.neighbours(3), "b": small.neighbours(3, **{"training.batch": 10})}
    plan = planned(small.write(tmp_path, arms, description="x"), tiny_data, tmp_path / "cells")
    assert plan.cells["a"][0].fingerprint == plan.cells["b"][0].fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"features": {"kind": "mel", "hop": 192}},
        {"posterior.k": 4},
        {"normalization": "recording"},
        {"recalibration": "none"},
        {"seed": 7},
    ],
    ids=str,
)
def test_every_setting_that_matters_moves_a_cell(
    tiny_data: Dataset, tmp_path: Path, change: dict[str, object]
) -> None:
    plain: dict[str, object] = {"features": {"kind": "cqt", "hop": 192}, "posterior.k": 3}
    arms = {
        "a": {"experiment": "knn", "set": plain},
        "b": {"experiment": "knn", "set": plain | change},
    }
    _, experiments = load_study(small.write(tmp_path, arms, seeds=[0]))
    one, other = (Cell("x", experiments[a], *[tiny_data] * 3, 3, tmp_path) for a in "ab")
    assert one.fingerprint != other.fingerprint


def test_what_a_baseline_does_not_read_moves_none(tiny_data: Dataset, tmp_path: Path) -> None:
    file = small.write(tmp_path, {"a": small.neighbours(3), "n": {"experiment": "crnn"}})
    plain = planned(file, tiny_data, tmp_path / "cells")
    other = planned(file, tiny_data, tmp_path / "cells", "training.epochs=2")
    same = {
        arm: plain.cells[arm][0].fingerprint == other.cells[arm][0].fingerprint
        for arm in plain.cells
    }
    assert same == {"a": True, "n": False}


def test_all_of_the_data_that_matters_moves_a_cell(tiny_data: Dataset, tmp_path: Path) -> None:
    experiment = load_experiment("crnn")
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    plain = Cell("x", experiment, fit, tune, tiny_data, 3, tmp_path)

    silence = np.zeros(16000, dtype=np.float32)

    def changed(**values: object) -> Dataset:
        first = replace(fit[0], **values)  # type: ignore[arg-type]
        return replace(fit, recordings=(first, *fit.recordings[1:]))

    others = [
        replace(plain, fit=changed(condition="opera")),
        replace(plain, fit=changed(take="one")),
        replace(plain, fit=changed(samples=silence, sample_rate=16000, path=None)),
        replace(plain, fit=replace(fit, vocabulary=Vocabulary((60, 64, 67), sounding_offset=-12))),
        replace(plain, tune=tune.pick(tune.ids[1:])),
        replace(plain, start=plain),
    ]
    assert len({cell.fingerprint for cell in (plain, *others)}) == 1 + len(others)


def test_part_of_the_recordings(tiny_data: Dataset, tmp_path: Path) -> None:
    arms = {
        "all": small.neighbours(3),
        "studio": {**small.neighbours(3), "fit": {"conditions": ["studio"]}},
        "six": {**small.neighbours(3), "fit": {"recordings": 6}},
    }
    plan = planned(small.write(tmp_path, arms), tiny_data, tmp_path / "cells")
    for cell in plan.cells["studio"]:
        assert {r.condition for r in (*cell.fit, *cell.tune)} == {"studio"}
    for cell in plan.cells["six"]:
        assert len(cell.fit) + len(cell.tune) == 6
        assert {r.condition for r in cell.scored_on} == {"studio", "noisy"}


def test_an_arm_that_starts_from_another_comes_after_it(tiny_data: Dataset, tmp_path: Path) -> None:
    arms = {
        "laplace": {"experiment": "laplace", "start": "point", "set": small.network(2)},
        "point": {"experiment": "crnn", "set": small.network(2)},
    }
    plan = planned(small.write(tmp_path, arms), tiny_data, tmp_path / "cells")
    assert [c.arm for c in plan.every] == ["point", "point", "laplace", "laplace"]
    for laplace, point in zip(plan.cells["laplace"], plan.cells["point"], strict=True):
        assert laplace.start is not None
        # the plan's own cell keeps its model, for the other one is fitted on it
        assert replace(laplace.start, keeps_model=True) == point
    assert list(plan.cells) == list(arms)  # the table keeps the file's order


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ({"experiment": "crnn", "set": {"network.name": "crn"}}, "arm a: network.name: unknown"),
        ({"experiment": "knn", "set": {"posterior.n": 3}}, "arm a: unknown key 'posterior.n'"),
        ({"experiment": "crnn", "set": {"network.hiden": 3}}, "did you mean 'hidden'"),
        ({"experiment": "crnn", "fit": {"conditions": ["opera"]}}, "arm a: .*opera"),
        ({"experiment": "crnn", "fit": {"recordings": 99}}, "arm a: 99 recordings are asked for"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    tiny_data: Dataset, tmp_path: Path, arm: dict[str, object], said: str
) -> None:
    file = small.write(tmp_path, {"a": arm})
    with pytest.raises(InputError, match=said):
        planned(file, tiny_data, tmp_path / "cells")
    assert not (tmp_path / "cells").exists()


def test_voices_of_the_studys_own_are_sung_once(tmp_path: Path) -> None:
    voices = {"recordings": 10, "pitches": [60, 62], "seed": 3, "seconds": 1.5}
    file = small.write(tmp_path, {"a": small.neighbours(3)}, data={"voices": voices})
    study, _ = load_study(file)
    data = prepared(study, None, tmp_path / "out", small.no_bar)
    assert data.vocabulary.pitches == (60, 62)
    assert len(data) == 10
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "data").iterdir()}
    again = prepared(study, None, tmp_path / "out", small.no_bar)
    assert again.ids == data.ids
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "data").iterdir()} == stamps


def test_recordings_are_put_end_to_end_once(tiny_folder: Path, tmp_path: Path) -> None:
    file = small.write(tmp_path, {"a": small.neighbours(3)}, data={"join": 2.4})
    study, _ = load_study(file)
    data = prepared(study, tiny_folder, tmp_path / "out", small.no_bar)
    assert len(data) < len(load_folder(tiny_folder))
    assert prepared(study, tiny_folder, tmp_path / "out", small.no_bar).ids == data.ids
    study, _ = load_study(small.write(tmp_path, {"a": small.neighbours(3)}, data={"join": 3.6}))
    with pytest.raises(InputError, match="other recordings"):
        prepared(study, tiny_folder, tmp_path / "out", small.no_bar)


def test_recordings_put_end_to_end_do_not_go_stale(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(tiny_folder, folder)
    study, _ = load_study(small.write(tmp_path, {"a": small.neighbours(3)}, data={"join": 2.4}))
    prepared(study, folder, tmp_path / "out", small.no_bar)
    first = next(folder.glob("midi_*.mid"))
    midi.write(first, [Note(0.1, 0.3, 67)])
    with pytest.raises(InputError, match="labels"):
        prepared(study, folder, tmp_path / "out", small.no_bar)


def test_data_must_be_given_where_there_are_none(tmp_path: Path) -> None:
    study, _ = load_study(small.write(tmp_path, {"a": small.neighbours(3)}))
    with pytest.raises(InputError, match="--data"):
        prepared(study, None, tmp_path / "out", small.no_bar)
