"""``bayes-a2m run``: a whole study, from training to its answer."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_a2m.cli.options import Engine, Force, Json, Quiet, Scheduler
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from bayes_a2m.studies.record import StudyRecord


def run(
    study: Annotated[
        str,
        typer.Argument(
            metavar="STUDY", help="Name of one that ships, such as baselines, or a YAML file."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA_DIR",
            help="Folder of recordings and MIDI; studies of synthetic voices need none.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The study's folder; what is there is gone on with.",
            show_default="reports/STUDY",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="a.b=c", help="Override a setting in all arms."),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="0,1,2", help="Take the place of the study's.", show_default=False),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Train a model a fold, by take, and score each on the held-out fold.",
            show_default="as STUDY says",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Cells made at once.", show_default="one a processor, or worker of Dask"
        ),
    ] = None,
    cells: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where trained cells are kept; studies may share them.",
            show_default="DIR/cells",
        ),
    ] = None,
    plan_only: Annotated[
        bool,
        typer.Option(
            "--plan", help="Say what there is to do and how long it takes; train nothing."
        ),
    ] = False,
    page: Annotated[
        bool,
        typer.Option("--report/--no-report", help="Write the report of every arm's first model."),
    ] = True,
    engine: Engine = None,
    scheduler: Scheduler = None,
    force: Force = False,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Train, score and compare the arms of a study; say what can be concluded.

    Every arm is trained from every seed and scored on the same recordings.
    What is there already, under the hash of its settings and data, is not
    made again; after an interruption, or a kill, the same command goes on.
    A cell that fails is told at the end and stops no other.

    DIR/table.md and table.csv hold the scores, differences.csv and compare.json
    every difference with its interval, arms.png all arms side by side,
    report/index.html the rest.

    Examples:

        bayes-a2m run one_vs_two_stage --data recordings

        bayes-a2m run baselines --data recordings --plan

        bayes-a2m run losses --data recordings --set training.epochs=30

        bayes-a2m run mine.yaml --data recordings --out mine --seeds 0,1,2

        bayes-a2m run vocabulary_cde

        bayes-a2m run architectures --data recordings --folds 5 --plan

        bayes-a2m run losses --data recordings --scheduler tcp://10.0.0.1:8786
    """
    from bayes_a2m import engine as engines
    from bayes_a2m.studies.plan import plan_of, prepared
    from bayes_a2m.studies.results import study_folder, written_names
    from bayes_a2m.studies.runner import conclude, forecast, hours_by_arm, make_cells
    from bayes_a2m.studies.study import load_study

    console = Output(quiet, json_file)

    asked, experiments = load_study(study, settings or [], _numbers(seeds), folds)
    name = Path(study).stem
    out = out or Path("reports") / name
    output = study_folder(out, force=force)
    output.check(written_names(asked))
    engine_of = engines.engine(engine, scheduler, jobs=jobs, shared=[data, out, cells])
    with output.lock(), nullcontext() if plan_only else engine_of:
        recordings = prepared(asked, data, out, console.bar)
        plan = plan_of(asked, experiments, recordings, cells or out / "cells")
        coming = forecast(plan, jobs)
        seeded = f"{len(plan.cells)} arms, {len(asked.seeds)} seeds"
        if asked.folds:
            seeded += f", {asked.folds} folds"
        console.say(f"{name}: {seeded}; {coming.sentence}")
        if plan_only:
            _tell_plan(console, hours_by_arm(plan, coming))
            return
        try:
            failed = make_cells(coming, progress=console.shows_progress)
        except BaseException as error:
            if not isinstance(error, Exception) or isinstance(error.__cause__, OSError):
                error.add_note(f"{out}: the same command goes on from there")
            raise
        record = conclude(plan, output, name, failed, bar=console.bar, report=page)
    console.write(record)
    _tell(console, record, out)
    if failed:
        sys.exit(1)


def _tell_plan(console: Output, rows: list[tuple[str, int, int, float]]) -> None:
    """The cells of every arm, and the hours that they take."""
    keys = ("cells", "done", "hours_left")
    console.write({"arms": {row[0]: dict(zip(keys, row[1:], strict=True)) for row in rows}})
    shown = [[arm, str(cells), str(done), f"{hours:.2f}"] for arm, cells, done, hours in rows]
    cells, done = sum(row[1] for row in rows), sum(row[2] for row in rows)
    shown.append(["all", str(cells), str(done), f"{sum(row[3] for row in rows):.2f}"])
    console.table("Cells", ["arm", "cells", "done", "hours left, one processor"], shown)


def _tell(console: Output, record: StudyRecord, out: Path) -> None:
    """The table, the sentences, and what failed."""

    console.echo((out / "table.md").read_text(encoding="utf-8"))
    for cell, reason in record.failed.items():
        console.warn(f"failed: {cell}: {reason}")
    console.echo(str(out / "compare.json"))


def _numbers(text: str | None) -> list[int] | None:
    from bayes_a2m.errors import InputError

    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--seeds {text}: give numbers with commas between them") from None
