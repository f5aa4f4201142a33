from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bayes_a2m.cli.main import main
from tests.cli.command import Completed, run


def synth(*arguments: str) -> Completed:
    return run("synth", *arguments)


def test_synth_makes_a_folder_that_verify_accepts(tmp_path: Path) -> None:
    out = tmp_path / "voices"
    done = synth(
        str(out), "--recordings", "3", "--seconds", "1.5", "--format", "flac", "--severity", "1"
    )
    assert done.returncode == 0, done.stderr
    assert "3 recordings" in done.stdout
    assert {p.name for p in out.glob("[!.]*")} == {
        *(f"voice_{n:03d}.flac" for n in (1, 2, 3)),
        *(f"midi_{n:03d}.mid" for n in (1, 2, 3)),
        "metadata.csv",
        "dataset.yaml",
        "synthesis.yaml",
        "truth",
    }
    assert run("verify", out).returncode == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--pitches", "60,200"), "200"),
        (("--pitches", "x"), "--pitches"),
        (("--seconds", "0"), "seconds"),
        (("--conditions", "kitchen"), "kitchen"),
        (("--severity", "9"), "severity"),
        (("--tempo", "1,2,3"), "--tempo"),
        (("--recordings", "0"), "recordings"),
    ],
)
def test_bad_parameters_get_one_line(tmp_path: Path, options: tuple[str, str], says: str) -> None:
    done = synth(str(tmp_path / "out"), *options)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *a: str) -> str:
    """The one line with which ``synth`` refuses these arguments; in this process, for speed."""
    monkeypatch.setattr(sys, "argv", ["bayes-a2m", "synth", *a])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("bayes-a2m: ")
    assert err.count("\n") == 1
    return err.removeprefix("bayes-a2m: ").rstrip("\n")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--pitches", "60,200", "pitches must be MIDI numbers from 0 to 127, not (60, 200)"),
        ("--pitches", "64,60", "pitches must ascend, each once, not (64, 60)"),
        ("--pitches", "60.5", "--pitches 60.5: give numbers with commas between"),
        ("--seconds", "0", "seconds: Input should be greater than or equal to 0.5"),
        ("--conditions", "studo", "did you mean 'studio'?"),
        ("--severity", "nan", "severity: give two numbers in order between 0 and 5"),
        ("--severity", "3,1", "severity: give two numbers in order between 0 and 5"),
        ("--tempo", "1,2,3", "--tempo 1,2,3: give one number or two, from and to"),
        ("--tempo", "9", "slower than 20"),
        ("--label-lag", "900", "less than or equal to 500"),
    ],
)
def test_what_is_wrong_and_how_to_mend_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
    says: str,
) -> None:
    line = refused(monkeypatch, capsys, str(tmp_path / "out"), option, value)
    assert says in line
    assert "Value error" not in line
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_somebody_else_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    line = refused(monkeypatch, capsys, str(tmp_path))
    assert line.startswith(f"{tmp_path / 'notes.txt'}: is there already")
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_help_shows_examples_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['bayes-a2m', 'synth', '--help']\n"
        "from bayes_a2m.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print([m for m in ('torch', 'scipy', 'librosa', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Examples:" in done.stdout
    assert "bayes-a2m synth voices" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_one_recording_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "one")
    argv = ["bayes-a2m", "synth", out, "--recordings", "1", "--seconds", "0.5"]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert capsys.readouterr().out == f"1 recording of 0.5 s in {out}\n"
