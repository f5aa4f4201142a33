"""``bayes-a2m plot``: one picture a recording, named after its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from bayes_a2m.cli.plot import plot
from bayes_a2m.errors import InputError

Put = Callable[..., Path]


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(plot)
    return app


def test_data_folder(app: typer.Typer, put: Put, tmp_path: Path) -> None:
    put("001")
    put("002", [])
    folder = put("003")
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, [str(folder), "--out", str(out), "--limit", "2", "--format", "png, svg"]
    )
    assert result.exit_code == 0, result.output
    names = sorted(p.name for p in out.glob("[!.]*"))
    assert names == ["voice_001.png", "voice_001.svg", "voice_002.png", "voice_002.svg"]
    assert "2 recordings drawn" in result.stdout


def test_sound_files_of_the_same_name(app: typer.Typer, tmp_path: Path) -> None:
    samples = 0.1 * np.random.default_rng(0).standard_normal((22050, 2))
    for name in ("a/take.wav", "b/take.flac"):
        (tmp_path / name).parent.mkdir()
        soundfile.write(tmp_path / name, samples, 22050)
    out = tmp_path / "out"
    arguments = [str(tmp_path / "a" / "take.wav"), str(tmp_path / "b"), "--out", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert sorted(p.name for p in out.glob("[!.]*")) == ["take-2.png", "take.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "gif"], "--format gif"),
        (["--format", ""], "--format"),
        (["nowhere.wav"], "no such sound file"),
    ],
)
def test_bad_input_writes_nothing(
    app: typer.Typer, put: Put, tmp_path: Path, arguments: list[str], message: str
) -> None:
    folder, out = put("001"), tmp_path / "out"
    result = CliRunner().invoke(app, [str(folder), "--out", str(out), *arguments])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert not out.exists()
