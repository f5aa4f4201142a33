"""Studies that go on elsewhere: what git keeps of a study's folder is enough to train nothing."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.studies.plan import Plan, plan_of
from bayes_a2m.studies.runner import conclude, forecast, make_cells
from bayes_a2m.studies.study import load_study
from tests.studies import small

ROOT = Path(__file__).parents[2]


def planned(file: Path, data: Dataset, folder: Path) -> Plan:
    study, experiments = load_study(file)
    return plan_of(study, experiments, data, folder)


def kept_by_git(repository: Path, copy: Path) -> list[str]:
    """Commit a folder under the rules of this repository, and clone it; the names in the clone."""
    shutil.copy(ROOT / ".gitignore", repository)
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "kept"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    subprocess.run(["git", "clone", "-q", str(repository), str(copy)], check=True)
    files = (p for p in copy.rglob("*") if p.is_file() and ".git" not in p.relative_to(copy).parts)
    return sorted(str(p.relative_to(copy)) for p in files)


def test_with_what_is_committed_nothing_is_trained_again(
    tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    out = home / "reports" / "small"
    out.mkdir(parents=True)
    arms = {"few": small.neighbours(2), "many": small.neighbours(9)}
    file = small.write(tmp_path, arms, seeds=[0])
    plan = planned(file, tiny_data, out / "cells")
    assert make_cells(forecast(plan, jobs=1), progress=False) == {}
    (out / "README.md").write_text("What it says.\n", encoding="utf-8")
    conclude(plan, out, "small", {}, bar=small.no_bar, resamples=50, report=False)
    kept = kept_by_git(home, tmp_path / "elsewhere")
    cells = [name for name in kept if "/cells/" in name]
    assert len(cells) == 4  # the scores and metrics of two cells
    assert all(Path(name).suffix in (".npz", ".json") for name in cells)
    assert all("/model/" not in name for name in cells)

    there = tmp_path / "elsewhere" / "reports" / "small"
    again = planned(file, tiny_data, there / "cells")
    coming = forecast(again)
    assert coming.sentence == "2 cells, 2 done, 0 to make"
    monkeypatch.setattr("bayes_a2m.studies.cell.Cell._train", lambda cell: pytest.fail("trained"))
    assert make_cells(coming, progress=False) == {}
    before = (out / "compare.json").read_bytes()
    conclude(again, there, "small", {}, bar=small.no_bar, resamples=50, report=False)
    assert (there / "compare.json").read_bytes() == before


def test_other_labels_are_other_cells(tiny_data: Dataset, tmp_path: Path) -> None:
    file = small.write(tmp_path, {"few": small.neighbours(2)}, seeds=[0])
    [cell] = planned(file, tiny_data, tmp_path).every
    first = tiny_data.split("train").recordings[0]
    moved = replace(first, notes=first.notes[1:])  # type: ignore[index]
    recordings = tuple(moved if r.id == first.id else r for r in tiny_data)
    [other] = planned(file, replace(tiny_data, recordings=recordings), tmp_path).every
    assert other.fingerprint != cell.fingerprint


def test_a_model_is_asked_for_only_where_a_missing_cell_starts_from_it(
    tiny_data: Dataset, tmp_path: Path
) -> None:
    arms = {
        "point": {"experiment": "crnn", "set": small.network(1)},
        "laplace": {"experiment": "laplace", "set": small.network(1), "start": "point"},
    }
    file = small.write(tmp_path, arms, seeds=[0])
    point, laplace = planned(file, tiny_data, tmp_path).every
    for cell in (point, laplace):
        assert not cell.finished
        cell.place.mkdir()
        cell._scores.touch()
        cell._metrics.touch()
        # whoever is missing what it starts from needs the model, too
        cells = planned(file, tiny_data, tmp_path).every
        assert [c.finished for c in cells] == ([False] * 2 if cell is point else [True] * 2)


def test_scores_of_other_recordings_are_told(tiny_data: Dataset, tmp_path: Path) -> None:
    file = small.write(tmp_path, {"few": small.neighbours(2)}, seeds=[0])
    plan = planned(file, tiny_data, tmp_path)
    [cell] = plan.every
    assert make_cells(forecast(plan, jobs=1), progress=False) == {}
    scores = cell.read()
    Scored.in_order(scores, scores.ids[1:]).save(cell._scores)
    with pytest.raises(InputError, match="holds the scores of other recordings; delete it"):
        cell.read()
