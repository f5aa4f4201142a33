"""What verbs print where: results, remarks, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bayes_a2m.cli.output import Output
from bayes_a2m.files import read_json
from tests.cli.command import run

SCHEMAS = Path(__file__).parents[2] / "bayes_a2m" / "schemas"

VERBS = [
    "audit",
    "compare",
    "demo",
    "evaluate",
    "features",
    "networks",
    "plot",
    "report",
    "run",
    "synth",
    "train",
    "transcribe",
    "tune",
    "verify",
]


def everything(output: Output) -> None:
    """Print one of each kind."""
    output.say("remark")
    output.warn("caution: careful")
    output.echo("result")
    output.table("title", ["column"], [["cell"]])
    output.write({"share": 0.5})


def test_results_on_stdout_and_remarks_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    everything(Output())
    out, err = capsys.readouterr()
    assert out.startswith("result\n")
    assert "title" in out
    assert "cell" in out
    assert err == "remark\ncaution: careful\n"


def test_quiet_says_cautions_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    everything(Output(quiet=True, json_file=tmp_path / "new" / "x.json"))
    assert capsys.readouterr() == ("", "caution: careful\n")
    assert read_json(tmp_path / "new" / "x.json") == {"share": 0.5}


@pytest.mark.parametrize("quiet", [False, True])
def test_json_on_stdout_stands_alone(capsys: pytest.CaptureFixture[str], quiet: bool) -> None:
    everything(Output(quiet, Path("-")))
    assert json.loads(capsys.readouterr().out) == {"share": 0.5}


def test_no_bar_in_a_pipe_or_where_it_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Output().bar("work") as update, Output(quiet=True).bar("work") as other:
        update(1, 2)
        other(1, 2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_prints_can_be_quiet(verb: str) -> None:
    assert "--quiet" in run(verb, "--help").stdout


def test_json_of_verbs_is_what_their_schemas_say(
    tiny_model: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    done = run("evaluate", tiny_model, "--data", tiny_folder, "--json", "-", "--quiet")
    assert done.returncode == 0, done.stderr
    jsonschema.validate(json.loads(done.stdout), read_json(SCHEMAS / "metrics.json"))
    song = tiny_folder / "voice_001.wav"
    done = run("transcribe", tiny_model, song, "-o", tmp_path, "--format", "mid", "--json", "-")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, read_json(SCHEMAS / "transcribe.json"))
    (one,) = found["recordings"]
    assert one["files"] == [str(tmp_path / "voice_001.mid")]
    assert one["notes"]
    assert all(0 <= note["probability"] <= 1 for note in one["notes"])


def test_what_fails_stands_in_the_json_and_in_the_exit_code(
    tiny_model: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    done = run("transcribe", tiny_model, broken, "-o", tmp_path / "notes", "--json", "-")
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert found["recordings"] == []
    assert "broken.wav" in found["failed"][0]
