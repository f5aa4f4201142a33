"""Names may hold anything; what shows them stays whole."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.cli import console
from bayes_a2m.cli.output import STANDARD_OUTPUT, Output
from bayes_a2m.datasets import load_folder
from bayes_a2m.escape import encodable, printable
from bayes_a2m.files import read_json, write_json, write_text
from bayes_a2m.reporting import style
from bayes_a2m.reporting.table import Column, Table

pytestmark = pytest.mark.long

NAMES = (
    "Ba$$in",
    "$x$",
    "a$b",
    r"\$",
    "_hidden",
    "100% [live] {0} #1 %s",
    "[bold]x[/bold] [/]",
    "<b>&amp;",
    "two\nlines",
    "\u202egnp.exe",
    "שלום",
    "歌",
    "caf\udce9",
    "\x1b[31mred",
    "{}",
    '=1+1,"q"',
)


@given(st.text())
def test_all_text_is_made_fit(text: str) -> None:
    encodable(text + "\udce9").encode("utf-8")
    shown = printable(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown


def test_usual_names_are_left_alone() -> None:
    for name in ("Căsuța noastră 100% [live] {0} 歌 #1.v2.wav", "a–b", "🎵"):
        assert encodable(name) == printable(name) == name


# --- figures


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_figures_show_any_name(tmp_path: Path, name: str, ending: str) -> None:
    figure = style.new_figure(2, 2)
    axes = figure.subplots()
    axes.plot([1, 10], [1, 10], label=name)
    axes.plot([1, 10], [10, 1], label=style.label(name))
    axes.set_xscale("log")
    axes.set_yticks([1, 10], labels=[name, name])
    axes.text(1, 5, name)
    axes.legend()
    style.dress(axes, title=name, x=style.label(name))
    figure.suptitle(name)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph")  # one that is missing is no news
        style.save(figure, tmp_path / f"x.{ending}")
    assert (tmp_path / f"x.{ending}").stat().st_size > 1000


def test_dollars_are_dollars_and_ticks_are_powers(tmp_path: Path) -> None:
    figure = style.new_figure(2, 2)
    axes = figure.subplots()
    axes.plot([1, 1000], [1, 2])
    axes.set_xscale("log")
    title = axes.set_title("a$b$c")
    style.save(figure, tmp_path / "x.svg")
    style.save(figure, tmp_path / "y.svg")
    assert title.get_text() == r"a\$b\$c"  # escaped once
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()
    ticks = [t.get_text() for t in axes.get_xticklabels()]
    assert any(tick.startswith("$") and "10^{" in tick for tick in ticks), ticks


# --- files


def test_json_is_utf8_and_keeps_the_name(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, list(NAMES))
    path.read_bytes().decode("utf-8")
    assert read_json(path) == list(NAMES)


def test_text_and_tables_are_utf8(tmp_path: Path) -> None:
    write_text(tmp_path / "x.html", "caf\udce9 – é")
    assert (tmp_path / "x.html").read_text(encoding="utf-8") == "caf\\udce9 – é"
    table = Table("names", "Names", (Column("name", "name"),), tuple((name,) for name in NAMES))
    table.write_csv(tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text(encoding="utf-8")
    assert "Ba$$in" in text
    assert "caf\\udce9" in text


# --- the terminal


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], io.BytesIO]]:
    """Puts a code page in front of stdout and stderr, and gives back what was written."""

    def of(encoding: str) -> io.BytesIO:
        written = io.BytesIO()
        for stream in ("stdout", "stderr"):
            wrapper = io.TextIOWrapper(written, encoding=encoding, write_through=True)
            monkeypatch.setattr(sys, stream, wrapper)
        console.use_any_code_page()
        return written

    return of


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1", "utf-8"])
def test_every_code_page_will_do(stdout: Callable[[str], io.BytesIO], encoding: str) -> None:
    written = stdout(encoding)
    for name in NAMES:
        Output().say(f"{name} – done")
    Output().table("names – all", ["name"], [[name] for name in NAMES])
    typer.echo("a – b ≥ 0.5")
    shown = written.getvalue()
    assert b"[bold]x[/bold] [/]" in shown  # no markup
    assert b"two\\nlines" in shown
    assert b"\x1b[31mred" not in shown


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_json_on_stdout_is_utf8_on_every_code_page(
    stdout: Callable[[str], io.BytesIO], encoding: str
) -> None:
    written = stdout(encoding)
    value = {"names": [*NAMES, "🎵", "é", "–"]}
    Output(json_file=STANDARD_OUTPUT).write(value)
    assert json.loads(written.getvalue().decode("utf-8")) == value


def test_brackets_do_not_break_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(Output, "shows_progress", property(lambda output: True))
    for name in NAMES:
        with Output().bar(f"predicting: {name}") as update:
            update(1, 2)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_verify_prints_on_a_code_page(put: Callable[..., Path], encoding: str) -> None:
    folder = put("001", samples=np.zeros(16000))
    stray = os.fsencode(folder) + b"/caf\xe9.wav" if sys.platform == "linux" else b""
    if stray:
        Path(os.fsdecode(stray)).write_bytes(b"")
    command = [sys.executable, "-m", "bayes_a2m", "verify", str(folder)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"1 recording: 0 errors, " in done.stdout
    done = subprocess.run(
        [*command, "--json", "-"], capture_output=True, env=environment, check=False
    )
    value = json.loads(done.stdout.decode("utf-8"))
    assert not stray or value["problems"][0]["file"] == "caf\udce9.wav"


def test_a_folder_with_such_names_is_loaded(put: Callable[..., Path], tmp_path: Path) -> None:
    folder = put("001").rename(tmp_path / "Ba$$in [live] 歌")
    (folder / "metadata.csv").write_text('id,condition\n001,"a$$b,<i>"\n', encoding="utf-8")
    assert load_folder(folder)[0].condition == "a$$b,<i>"


def test_transcribing_names_of_all_kinds(tiny_model: Path, tmp_path: Path) -> None:
    """All files are transcribed, and one that is broken is named at the end."""
    samples = 0.3 * np.sin(np.arange(16000) / 9)
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["Ba$$in", "100% [live] {0} 歌 #1 %s", "-dash", "two\nlines", "[bold]x"]
    if sys.platform == "linux":
        names.append("caf\udce9")
    for name in names:
        soundfile.write(os.fsencode(folder / f"{name}.wav"), samples, 16000, format="WAV")
    (folder / "broken.flac").write_bytes(b"fLaC, or so it says")
    command = [sys.executable, "-m", "bayes_a2m", "transcribe", str(tiny_model), str(folder)]
    command += ["-o", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.endswith(b"broken.flac: not a readable FLAC file; export it again")
    assert b"Traceback" not in done.stderr
    assert b"Warning" not in done.stderr
    written = {p.name for p in (tmp_path / "out").iterdir() if not p.name.startswith(".")}
    assert written == {f"{name}.{kind}" for name in names for kind in ("mid", "csv", "png")}
