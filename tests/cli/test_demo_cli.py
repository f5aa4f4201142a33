"""``bayes-a2m demo``: what is handed on, and what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bayes_a2m import demo as library
from bayes_a2m.cli.demo import demo
from bayes_a2m.demo import DemoSettings, Watch
from bayes_a2m.demo.record import DemoRecord, DemoSections
from bayes_a2m.errors import InputError


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(demo)
    return app


def test_a_line_a_step_then_where_everything_is(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def run(out: Path, settings: DemoSettings, *, watch: Watch, force: bool) -> DemoRecord:
        given.update(out=out, settings=settings)
        watch.begin(1, 2, "Sing")
        with watch.bar("singing") as update:
            update(1, 1)
        watch.end("9 recordings [bold]", 1.25)
        return DemoRecord(
            version="0", settings={}, sections=DemoSections(), seconds={"sing": 61.2, "verify": 0.3}
        )

    monkeypatch.setattr(library, "run_demo", run)
    out = tmp_path / "demo"
    result = CliRunner().invoke(app, ["--out", str(out), "--seed", "3", "--recordings", "12"])
    assert result.exit_code == 0, result.output
    assert given["out"] == out
    assert given["settings"] == DemoSettings(seed=3, recordings=12)
    assert result.stderr == "1/2 Sing  9 recordings [bold] (1.2 s)\n"
    lines = result.stdout.splitlines()
    assert lines[-1] == str(out / "index.html")
    assert "Done in 62 s" in lines[0]
    for name in ("demo.json", "model", "data"):
        assert str(out / name) in result.stdout


def test_somebody_elses_folder_is_refused_at_once(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    result = CliRunner().invoke(app, ["--out", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "mine.txt" in str(result.exception)
    assert "\n" not in str(result.exception)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_too_few_recordings(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--out", str(tmp_path / "x"), "--recordings", "3"])
    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()
