"""``bayes-a2m tune``: settings are searched for on folds of the train split."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from bayes_a2m.cli.options import Engine, Force, Quiet, Scheduler
from bayes_a2m.cli.output import Output


def tune(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="EXPERIMENT", help="Name of one that ships, such as crnn, or a YAML file."
        ),
    ],
    data: Annotated[Path, typer.Option(metavar="DATA_DIR", help="Folder of recordings and MIDI.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The study's folder; what is there is gone on with.")
    ],
    trials: Annotated[
        int, typer.Option(min=1, help="How many there are to be, those there already counted.")
    ] = 15,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="SPACE",
            help="Search space: a YAML file, or the name of one that ships.",
            show_default="that of the experiment, its posterior or its network",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="a.b=c", help="Override a setting in all trials."),
    ] = None,
    sampler: Annotated[
        Literal["tpe", "gp"],
        typer.Option(help="How settings are drawn: Parzen estimator or Gaussian process."),
    ] = "tpe",
    folds: Annotated[
        int | None,
        typer.Option(min=1, help="Folds a trial is scored on.", show_default="as SPACE says"),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of a training.", show_default="as SPACE says"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of folds, trainings and draws.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Trials made at once.", show_default="1; one a worker with --engine dask"
        ),
    ] = None,
    engine: Engine = None,
    scheduler: Scheduler = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Search for good settings; a trial is a training on folds of the train split.

    The same command in other terminals works on the same study, as --jobs and
    the workers of --engine dask do, and no trial is made twice. A study that
    was killed goes on; trials whose process died are tried again. A trial ends
    early when its epochs fall behind those of others, or its recordings are
    surely worse than the best trial's.

    DIR/best.yaml is an experiment of the best settings, index.html shows the
    course, what mattered and every trial, trials.csv lists them.

    Examples:

        bayes-a2m tune crnn --data recordings --out tuned/crnn --trials 15

        bayes-a2m tune knn --data recordings --out tuned/knn --trials 30 --sampler gp

        bayes-a2m tune crnn --data recordings --out tuned/mine --space mine.yaml --folds 2

        bayes-a2m train tuned/crnn/best.yaml --data recordings --out models/tuned
    """
    from bayes_a2m import engine as engines
    from bayes_a2m.config.experiment import load_experiment
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.files import OutputFolder
    from bayes_a2m.models import check
    from bayes_a2m.tuning.runner import BESIDE, BEST, Told, conclude, open_search, run_trials
    from bayes_a2m.tuning.searcher import Searcher, search_together
    from bayes_a2m.tuning.space import find_space, load_space

    console = Output(quiet)

    plan = load_experiment(experiment, settings or [])
    check(plan)
    searched = load_space(find_space(space, plan, experiment), plan)
    budget = searched.budget
    budget = budget.model_validate(
        {**budget.model_dump(), "used": folds or budget.used, "epochs": epochs or budget.epochs}
    )
    searched = searched.model_copy(update={"budget": budget})
    output = OutputFolder(out, "tune", force=force, beside=BESIDE)
    output.check([BEST, "index.html", "trials.csv"])
    recordings = load_folder(data, seed=plan.seed).split("train")
    search, objective = open_search(plan, searched, recordings, output, sampler=sampler, seed=seed)
    there = len([t for t in search.trials if t.state.is_finished()])
    console.say(
        f"{experiment}: {there} of {trials} trials are there; {budget.used} of {budget.folds} folds"
    )

    def tell(told: Told) -> None:
        console.say(told.sentence)

    try:
        with engines.engine(engine, scheduler, jobs=jobs, shared=[data, out]):
            several = jobs or (engines.capacity() if engines.active_client() else 1)
            if several > 1:
                searcher = Searcher(plan, searched, recordings, output.path, trials, sampler, seed)
                search_together(searcher, search, several, progress=not quiet)
        # all of them; or what those left that were killed
        shown = replace(objective, progress=console.shows_progress)
        run_trials(search, shown, trials, tell=tell)
    except BaseException as error:
        if not isinstance(error, Exception) or isinstance(error.__cause__, OSError):
            error.add_note(f"{out}: the same command goes on from there")
        raise
    others = search.count("RUNNING")
    path = conclude(search, plan, experiment, output, settings or [])
    if others:
        console.say(f"{others} more are at work in other processes, which write the results again")
    console.echo(path.read_text(encoding="utf-8"))
    console.echo(str(path))
    sys.stdout.flush()
