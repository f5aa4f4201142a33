"""``bayes-a2m features``: arrays that NumPy alone can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor
from bayes_a2m.audio.store import FeatureStore
from bayes_a2m.cli.features import features
from bayes_a2m.datasets import load_folder
from bayes_a2m.errors import InputError

Put = Callable[..., Path]


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(features)
    return app


def test_several_processes_write_the_same_arrays(
    app: typer.Typer, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAYES_A2M_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("bayes_a2m.datasets.stored_features.AT_ONCE", 1)
    put("1", seconds=1.0)
    folder = put("2", seconds=1.5)
    for name, options in (("plain", []), ("parallel", ["--jobs", "2"])):
        arguments = [str(folder), "--out", str(tmp_path / f"{name}.npz"), *options]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    plain, parallel = (np.load(tmp_path / f"{n}.npz") for n in ("plain", "parallel"))
    np.testing.assert_allclose(parallel["X"], plain["X"], rtol=1e-5)
    assert FeatureStore(tmp_path / "store").count() == 2


def test_arrays(app: typer.Typer, put: Put, tmp_path: Path) -> None:
    put("1", seconds=1.0)
    folder = put("2", seconds=1.5, rate=22050)
    out = tmp_path / "new" / "x.npz"
    result = CliRunner().invoke(app, [str(folder), "--out", str(out)])
    assert result.exit_code == 0, result.output
    arrays = np.load(out, allow_pickle=False)
    assert arrays["X"].shape == (2, 250, 252)
    assert arrays["X"].dtype == np.float32
    assert arrays["Y"].shape == (2, 250)
    assert arrays["Y"].dtype == np.int64
    assert arrays["ids"].tolist() == ["1", "2"]
    assert arrays["lengths"].tolist() == [166, 250]
    assert arrays["pitches"].tolist() == [60, 64, 67]
    assert (int(arrays["hop"]), int(arrays["sample_rate"])) == (96, 16000)
    assert (arrays["Y"][0, 166:] == -1).all()
    assert (arrays["X"][0, 166:] == arrays["floor_db"]).all()
    data = load_folder(folder)
    extract = FeatureExtractor(CQTFeatures())
    for i, recording in enumerate(data):
        length = arrays["lengths"][i]
        np.testing.assert_array_equal(arrays["X"][i, :length], extract(recording.audio()))
        np.testing.assert_array_equal(arrays["Y"][i, :length], data.labels[i])


def test_mel(app: typer.Typer, put: Put, tmp_path: Path) -> None:
    out = tmp_path / "x.npz"
    assert (
        CliRunner().invoke(app, [str(put("1")), "--out", str(out), "--kind", "mel"]).exit_code == 0
    )
    arrays = np.load(out, allow_pickle=False)
    assert arrays["X"].shape == (1, 166, 128)
    assert arrays["frequencies"].shape == (128,)


def test_a_broken_recording_leaves_nothing(app: typer.Typer, put: Put, tmp_path: Path) -> None:
    put("1")
    bad = np.full(16000, np.nan, dtype=np.float32)
    folder = put("2", samples=bad, subtype="FLOAT")
    out = tmp_path / "out"
    result = CliRunner().invoke(app, [str(folder), "--out", str(out / "x.npz")])
    assert isinstance(result.exception, InputError)
    assert not out.exists() or not list(out.iterdir())


def test_the_name_must_end_in_npz(app: typer.Typer, put: Put, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(put("1")), "--out", str(tmp_path / "x.csv")])
    assert isinstance(result.exception, InputError)
    assert ".npz" in str(result.exception)
