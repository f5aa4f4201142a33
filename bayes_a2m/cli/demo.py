"""``bayes-a2m demo``: the whole story on synthetic voices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayes_a2m.cli.options import Force, Json, Quiet
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from bayes_a2m.demo import Watch


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder to write; an earlier demo is replaced.")
    ] = Path("reports/demo"),
    seed: Annotated[
        int, typer.Option(min=0, help="Of voices, training and intervals: same seed, same numbers.")
    ] = 0,
    recordings: Annotated[int, typer.Option(min=9, help="How many are synthesised.")] = 60,
    every: Annotated[
        bool, typer.Option("--all", help="Also compare the methods that take minutes to fit.")
    ] = False,
    force: Force = False,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Show everything on synthetic voices, in two and a half minutes on two cores.

    Synthesises recordings in three conditions, checks and draws them, trains a small
    model, evaluates it on held-out recordings, transcribes one, and compares
    uncertainty methods, also on degraded copies. DIR/index.html opens with a recording
    to play and its notes; demo.json holds all numbers. DIR appears when everything is done.

    Examples:

        bayes-a2m demo

        bayes-a2m demo --out demo --seed 1

        bayes-a2m demo --all
    """
    from bayes_a2m.demo import DemoSettings, run_demo
    from bayes_a2m.demo.context import COSTLY, QUICK
    from bayes_a2m.demo.runner import PAGE, PLACES

    console = Output(quiet, json_file)

    methods = QUICK + COSTLY if every else QUICK
    settings = DemoSettings(seed=seed, recordings=recordings, methods=methods)
    record = run_demo(out, settings, watch=_watch(console), force=force)
    console.write(record)
    total = sum(record.seconds.values())
    console.table(
        f"Done in {total:.0f} s", ["where", "what"], [[str(out / n), w] for n, w in PLACES]
    )
    console.echo(str(out / PAGE))


def _watch(output: Output) -> Watch:
    """A line a step on stderr, and bars on a terminal."""
    from rich.console import Console

    from bayes_a2m.demo import Watch

    console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
    current: dict[str, Any] = {}

    def begin(number: int, steps: int, title: str) -> None:
        current["head"] = f"[bold]{number}/{steps} {title}[/bold]"

    def end(words: str, seconds: float) -> None:
        from rich.markup import escape

        if not output.quiet:
            console.print(f"{current['head']}  {escape(words)} [dim]({seconds:.1f} s)[/dim]")

    return Watch(begin, end, output.bar, training=output.shows_progress)
