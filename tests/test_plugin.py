"""A package of its own brings parts: they are used, and nothing of bayes_a2m was changed for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow  # processes of their own, and an installation

PLUGIN = Path(__file__).with_name("plugin")

EXPERIMENT: dict[str, Any] = {
    "features": {"kind": "energy", "bins": 24},
    "network": {"name": "frame_mlp", "module": {"hidden": 8}},
    "posterior": {"name": "jitter", "scale": 0.2},
    "training": {"epochs": 3, "batch": 4},
}


def test_it_is_short() -> None:
    files = [path for path in PLUGIN.iterdir() if path.is_file()]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 100


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the plugin installed in it."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PLUGIN, folder / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(folder / "site"), str(folder / "source")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / "site"


def run(*arguments: object, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, in which the plugin is installed or not."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if site is not None:
        environment["PYTHONPATH"] = str(site)
    command = [sys.executable, "-m", "bayes_a2m", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=300, check=False
    )


def done(*arguments: object, site: Path | None = None) -> str:
    """What a command prints that has to end well."""
    result = run(*arguments, site=site)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def model(site: Path, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of nothing but the plugin's parts."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "mine.yaml").write_text(yaml.safe_dump(EXPERIMENT), encoding="utf-8")
    done("train", folder / "mine.yaml", "--data", tiny_folder, "--out", folder / "model", site=site)
    return folder / "model"


def test_the_model_names_its_parts_and_where_they_come_from(model: Path) -> None:
    config = yaml.safe_load((model / "config.yaml").read_text(encoding="utf-8"))
    parts = {(part["group"], part["name"]): part for part in config["parts"]}
    for key, target in (
        (("features", "energy"), "a2m_example:BandEnergy"),
        (("posteriors", "jitter"), "a2m_example:Jitter"),
    ):
        assert parts[key]["target"] == target
        assert (parts[key]["distribution"], parts[key]["version"]) == ("a2m_example", "1.2")
    assert parts["networks", "frame_mlp"]["distribution"] == "a2m_example"


def test_it_is_evaluated_with_the_metric_compared_and_transcribed(
    site: Path, model: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "metrics.json"
    data = ("--data", tiny_folder)
    done("evaluate", model, *data, "--draws", 4, "--json", out, site=site)
    metrics = json.loads(out.read_text(encoding="utf-8"))["metrics"]
    flicker = metrics["flicker"]
    assert flicker["low"] <= flicker["value"] <= flicker["high"]
    table = done(
        "compare", model, "--versus", model, *data, "--json", tmp_path / "compare.json", site=site
    )
    assert "changes per true change" in table
    voice = next(tiny_folder.glob("voice_*.wav"))
    done("transcribe", model, voice, "-o", tmp_path / "notes", site=site)
    assert list((tmp_path / "notes").glob("*.mid"))


def test_the_report_has_the_section(
    site: Path, model: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    done("report", model, "--data", tiny_folder, "--out", tmp_path / "report", site=site)
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "Restless predictions" in page


def test_a_study_of_two_network_settings_trains_two_cells(
    site: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(EXPERIMENT), encoding="utf-8")
    study = {
        "arms": {
            "narrow": {"experiment": "mine.yaml"},
            "wide": {"experiment": "mine.yaml", "set": {"network.module": {"hidden": 12}}},
        },
        "seeds": [0],
        "draws": 2,
    }
    (tmp_path / "widths.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    out = tmp_path / "out"
    arguments = ("--data", tiny_folder, "--out", out, "--cells", tmp_path / "cells")
    done("run", tmp_path / "widths.yaml", *arguments, site=site)
    cells = [path.name.rpartition("-")[2] for path in (tmp_path / "cells").glob("*-0-*")]
    assert len(cells) == len(set(cells)) == 2


def test_without_its_package_a_model_says_what_to_install(model: Path, tiny_folder: Path) -> None:
    result = run("evaluate", model, "--data", tiny_folder)
    assert result.returncode == 2
    assert "pip install a2m_example" in result.stderr
    assert "a2m_example 1.2" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
