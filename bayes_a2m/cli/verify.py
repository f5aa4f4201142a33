"""``bayes-a2m verify``: every problem of a data folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_a2m.cli.options import Json, Quiet
from bayes_a2m.cli.output import Output
from bayes_a2m.escape import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.text import Text

    from bayes_a2m.datasets.verify import Problem

IN_FULL = 20
"""Up to so many warnings are printed one by one; more are gathered by kind."""


def verify(
    data_dir: Annotated[
        Path,
        typer.Argument(
            metavar="DATA_DIR",
            help="Folder of voice_001.wav, midi_001.mid, ...",
            show_default=False,
        ),
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="Also tell which recordings are unlike those that this model learned from.",
            show_default=False,
        ),
    ] = None,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Check a data folder: names, pairs, lengths, rates, labels, metadata.

    Every problem is listed with its file, as an error (to be mended before
    anything works) or a warning (it works; have a look). The exit code is 1
    if there is an error, 0 if there is none.

    Examples:

        bayes-a2m verify recordings

        bayes-a2m verify recordings --json problems.json

        bayes-a2m verify recordings --json - | jq .summary

        bayes-a2m verify recordings -m models/crnn
    """
    from bayes_a2m.datasets.verify import verify as find_problems

    console = Output(quiet, json_file)

    with console.bar("checking") as update:
        report = find_problems(data_dir, update)
    console.write(report.record)
    if not (quiet or console.is_for_programs):
        screen = _console()
        _print(screen, report.errors, "error", "red", in_full=True)
        few = len(report.warnings) <= IN_FULL
        _print(screen, report.warnings, "warning", "yellow", in_full=few)
        if not few and json_file is None:
            screen.print("--json FILE lists every warning with its times.\n", style="dim")
        screen.print(
            f"{_count(report.recordings, 'recording')}: {_count(len(report.errors), 'error')}, "
            f"{_count(len(report.warnings), 'warning')}"
        )
    if report.errors:
        raise typer.Exit(1)
    if model is not None:
        _say_unlike(console, data_dir, model)


def _say_unlike(console: Output, data_dir: Path, path: Path) -> None:
    """The recordings that are unlike those a model learned from, a line each."""
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.models import load_model

    model = load_model(path)
    if (unknown := model.unknown_conditions()) is not None:
        console.say(f"{path}: {unknown}")
    if model.fitted is None or model.fitted.conditions is None:
        return
    recordings = load_folder(data_dir, seed=model.seed)
    unlike = []
    with console.bar("comparing") as update:
        for done, recording in enumerate(recordings, start=1):
            if phrases := model.unlike(recording):
                unlike.append(f"{recording.id}: {'; '.join(phrases)}")
            update(done, len(recordings))
    for line in unlike:
        console.say(line)
    console.say(
        f"{len(unlike)} of {len(recordings)} recordings are unlike those that {path} learned from"
    )


def _console() -> Console:
    """Stdout, its lines wrapped on a terminal and left whole in a pipe or file."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 10_000
    return console


def _print(
    console: Console, problems: Iterable[Problem], level: str, colour: str, *, in_full: bool
) -> None:
    """Problems of one level by kind: each in full, or an example and the files."""
    from rich.padding import Padding
    from rich.text import Text

    from bayes_a2m.datasets.verify import compact

    by_code: dict[str, list[Problem]] = {}
    for problem in problems:
        by_code.setdefault(problem.code, []).append(problem)
    for code, members in by_code.items():
        files = list(dict.fromkeys(p.file for p in members))
        title = Text(f"{level} {code}", style=f"bold {colour}")
        title.append(f"  {len(members)}", style="bold")
        if len(files) < len(members):
            title.append(f" in {_count(len(files), 'file')}")
        console.print(title)
        if in_full or len(members) <= 3:
            lines = [_line(p) for p in members]
        else:
            lines = [
                Text(printable(compact(files))),
                Text.assemble(("such as ", "dim"), _line(members[0])),
            ]
        for line in lines:
            console.print(Padding(line, (0, 0, 0, 2), expand=False))
        console.print()


def _line(problem: Problem) -> Text:
    """One problem: its file, and what is wrong with it."""
    from rich.text import Text

    return Text.assemble((printable(problem.file), "bold"), f"  {printable(problem.message)}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
