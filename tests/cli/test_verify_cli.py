"""``bayes-a2m verify``: what is printed where, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bayes_a2m.cli.verify import verify
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note

Put = Callable[..., Path]


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(verify)
    return app


def test_good_folder(app: typer.Typer, put: Put) -> None:
    result = CliRunner().invoke(app, [str(put("001"))])
    assert result.exit_code == 0
    assert result.stdout == "1 recording: 0 errors, 0 warnings\n"
    assert result.stderr == ""


def test_errors_first_and_exit_code_1(app: typer.Typer, put: Put) -> None:
    put("001", [])
    result = CliRunner().invoke(app, [str(put("002", notes=None))])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("error no-midi")
    assert lines[1].startswith("  voice_002.wav  no notes midi_002.mid")
    assert any(line.startswith("  midi_001.mid  no note in it") for line in lines)
    assert lines[-1] == "2 recordings: 1 error, 1 warning"


def test_warnings_alone_are_no_failure(app: typer.Typer, put: Put) -> None:
    assert CliRunner().invoke(app, [str(put("001", []))]).exit_code == 0


def test_many_warnings_are_gathered_and_every_file_named(app: typer.Typer, put: Put) -> None:
    notes = [Note(0.2, 1.5, 60), Note(0.3, 1.6, 64)]
    for number in (*range(1, 12), 20, 21, 30):
        folder = put(f"{number:03}", notes)
    result = CliRunner().invoke(app, [str(folder)])
    assert result.exit_code == 0
    assert "midi_001–011, midi_020–021, midi_030" in result.stdout
    assert "note-past-end  28 in 14 files" in result.stdout
    assert "14 recordings: 0 errors, 42 warnings" in result.stdout
    assert len(result.stdout.splitlines()) < 15


def test_json_file(app: typer.Typer, put: Put, tmp_path: Path) -> None:
    folder = put("001", [Note(0.2, 0.5, 61)])
    result = CliRunner().invoke(app, [str(folder), "--json", str(tmp_path / "a" / "b.json")])
    assert result.exit_code == 1
    assert "error unknown-pitch" in result.stdout
    value = json.loads((tmp_path / "a" / "b.json").read_text())
    assert value["summary"] == {"unknown-pitch": 1}
    assert value["folder"] == str(folder)


def test_json_on_stdout_is_json_alone(app: typer.Typer, put: Put) -> None:
    result = CliRunner().invoke(app, [str(put("001", notes=None)), "--json", "-"])
    assert result.exit_code == 1
    value = json.loads(result.stdout)
    assert [p["code"] for p in value["problems"]] == ["no-midi"]


def test_missing_folder_is_bad_input(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / "none"), "--json", str(tmp_path / "x.json")])
    assert isinstance(result.exception, InputError)
    assert not list(tmp_path.iterdir())


def test_brackets_in_names_are_printed(app: typer.Typer, put: Put) -> None:
    folder = put("001")
    (folder / "take [red].wav").write_bytes(b"")
    assert "take [red].wav" in CliRunner().invoke(app, [str(folder)]).stdout
