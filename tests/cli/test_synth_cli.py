from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def synth(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bayes_a2m", "synth", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_synth_makes_a_folder_that_verify_accepts(tmp_path: Path) -> None:
    out = tmp_path / "voices"
    done = synth(
        str(out), "--recordings", "3", "--seconds", "1.5", "--format", "flac", "--severity", "1"
    )
    assert done.returncode == 0, done.stderr
    assert "3 recordings" in done.stdout
    assert {p.name for p in out.iterdir()} == {
        *(f"voice_{n:03d}.flac" for n in (1, 2, 3)),
        *(f"midi_{n:03d}.mid" for n in (1, 2, 3)),
        "metadata.csv",
        "dataset.yaml",
        "synthesis.yaml",
        "truth",
    }
    command = [sys.executable, "-m", "bayes_a2m", "verify", str(out)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


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
