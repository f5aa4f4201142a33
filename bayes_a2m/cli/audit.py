"""``bayes-a2m audit``: find labels that are probably wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_a2m.cli.options import Force, Json, Quiet
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from bayes_a2m.label_audit.results import Findings

SHOWN = 12
"""Suspects listed on the terminal."""


def audit(
    data_dir: Annotated[
        Path,
        typer.Argument(
            metavar="DATA_DIR", help="Folder of recordings and MIDI.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    experiment: Annotated[
        str,
        typer.Option(
            metavar="EXPERIMENT",
            help="What listens: the name of one that ships, or a YAML file; one with draws.",
        ),
    ] = "laplace",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="a.b=c", help="Override a setting; may be given several times."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Takes the place of the experiment's.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Models trained, each without one part.")] = 5,
    draws: Annotated[int, typer.Option(min=1, help="Of each model.")] = 30,
    page_of: Annotated[
        int, typer.Option("--show", min=0, metavar="N", help="Suspects shown on the page.")
    ] = 24,
    sound: Annotated[
        bool, typer.Option("--sound/--no-sound", help="Put the suspects' sound into the page.")
    ] = True,
    write_aligned: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write a copy of the data folder whose notes are moved to where they sound.",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Find labels that are probably wrong, and the lag between labels and sound.

    Trains one model a fold, so that every recording is heard by a model that
    was not trained on its take; models are kept in DIR/models, and the same command
    goes on after an interruption. DIR/index.html is a page to look, listen
    and decide on; audit.json and tables/ hold the same for programs.
    DATA_DIR is not touched.

    On the page, "Save decisions" gives a file decisions.json; put it into
    DIR (the next audit shows it) and train without what it excludes.

    Examples:

        bayes-a2m audit recordings --out audit

        bayes-a2m audit recordings --out audit --experiment crnn --set training.epochs=8

        bayes-a2m audit recordings --out audit --write-aligned recordings_aligned

        bayes-a2m train crnn --data recordings --out models/clean --exclude audit/decisions.json
    """
    from bayes_a2m.config.experiment import load_experiment
    from bayes_a2m.datasets.aligned import ensure_aligned_place
    from bayes_a2m.datasets.aligned import write_aligned as write_copy
    from bayes_a2m.label_audit.runner import run_audit

    console = Output(quiet, json_file)

    plan = load_experiment(experiment, settings or [], seed)
    if write_aligned is not None:
        ensure_aligned_place(data_dir, write_aligned, force=force)
    found = run_audit(
        data_dir,
        plan,
        out,
        folds=folds,
        draws=draws,
        show=page_of,
        sound=sound,
        force=force,
        bar=console.bar,
        say=console.say,
    )
    moved = 0
    if write_aligned is not None:
        with console.bar("aligning") as update:
            moved = write_copy(data_dir, write_aligned, found.moves, progress=update, force=force)
    console.write(found.record)
    # after all is written: the reader of the output may go away
    _print(console, found)
    if write_aligned is not None:
        console.echo(f"{write_aligned}: {moved} of {len(found.data)} recordings moved")
    console.echo(str(out / "index.html"))


def _print(console: Output, found: Findings) -> None:
    """Lags and the first suspects."""
    if found.lags is None:
        console.echo("No label changes anywhere: there is no lag to measure.")
    else:
        rows = [["all", *_lag(found.lags.whole)]]
        rows += [[name, *_lag(one)] for name, one in found.lags.by_condition.items()]
        console.table(
            "Lag of sound behind label",
            ["recordings", "ms", "95 % interval"],
            rows,
        )
    notable = [s for s in found.suspects if s.notable]
    rows = [[s.id, f"{s.score:.0f}", s.cause, s.words] for s in notable[:SHOWN]]
    if rows:
        console.table("Labels to look at", ["recording", "nats", "probable cause", "why"], rows)
    more = len(notable) - len(rows)
    if more > 0:
        console.echo(f"and {more} more, on the page")
    if not notable:
        console.echo("No recording's labels look wrong.")


def _lag(one: object) -> list[str]:
    """A lag and its interval in milliseconds."""
    value, low, high = (getattr(one, name) for name in ("value", "low", "high"))
    if value is None:
        return ["–", ""]
    span = "" if low is None or high is None else f"{1000 * low:+.0f} to {1000 * high:+.0f}"
    return [f"{1000 * value:+.0f}", span]
