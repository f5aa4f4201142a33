"""A study is run by making the cells that are missing; then come tables and a report.

Whatever stops it, a kill included, the same call goes on: cells that are there are not made again,
a training that was cut off goes on from its last whole epoch, and the numbers at the end are those
of a run that nothing stopped. A cell that fails stops no other; the failures are told at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bayes_a2m.comparison.compare import Comparison, compare
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.engine import capacity
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder
from bayes_a2m.studies.cell import Cell
from bayes_a2m.studies.estimate import Estimates
from bayes_a2m.studies.plan import Bar, Plan
from bayes_a2m.studies.record import StudyRecord
from bayes_a2m.studies.results import (
    differences_table,
    results_table,
    study_folder,
    write_markdown,
)
from bayes_a2m.version import __version__

KILLED = "its process was killed"
"""The reason of a failure for a cell that left none itself."""


@dataclass(frozen=True)
class Forecast:
    """The cells that are still to be made, and the time that they take.

    Attributes
    ----------
    cells
        All cells of the study.
    missing
        The cells that are not finished.
    weights
        The estimated seconds of each missing cell, from its beginning, on one processor.
    remaining
        Of these, the seconds that are left of each.
    seconds
        The time until all are made, roughly.
    jobs
        The number of cells made at once.
    """

    cells: tuple[Cell, ...]
    missing: tuple[Cell, ...]
    weights: tuple[float, ...]
    remaining: tuple[float, ...]
    seconds: float
    jobs: int

    @property
    def sentence(self) -> str:
        """The forecast as a sentence."""
        done = len(self.cells) - len(self.missing)
        text = f"{len(self.cells)} cells, {done} done, {len(self.missing)} to make"
        if not self.missing:
            return text
        return f"{text}: about {_duration(self.seconds)}, {self.jobs} at a time"


def hours_by_arm(plan: Plan, coming: Forecast) -> list[tuple[str, int, int, float]]:
    """List for every arm its cells, those that are done, and the hours left on one processor.

    A cell that arms share counts for the first of them alone.
    """
    left = {
        cell.fingerprint: seconds / 3600
        for cell, seconds in zip(coming.missing, coming.remaining, strict=True)
    }
    rows = []
    for arm, cells in plan.cells.items():
        hours = sum(left.pop(cell.fingerprint, 0.0) for cell in cells)
        rows.append((arm, len(cells), sum(cell.finished for cell in cells), hours))
    return rows


def forecast(plan: Plan, jobs: int | None = None) -> Forecast:
    """Estimate what running a plan will take, ``jobs`` cells at once (None: as many as can be)."""
    cells = plan.every
    missing = tuple(cell for cell in cells if not cell.finished)
    at_once = max(1, min(jobs or capacity(), len(missing)))
    estimates = Estimates()
    weights = tuple(estimates.seconds_of(cell) for cell in missing)
    remaining = [w * (1 - cell.share_done) for w, cell in zip(weights, missing, strict=True)]
    waves = [
        [s for s, cell in zip(remaining, missing, strict=True) if (cell.start is None) == first]
        for first in (True, False)
    ]
    # no wave can be quicker than its longest cell
    seconds = sum(max(sum(wave) / at_once, *wave) for wave in waves if wave)
    return Forecast(cells, missing, weights, tuple(remaining), seconds, at_once)


def make_cells(coming: Forecast, *, progress: bool = True) -> dict[str, str]:
    """Train and score the cells that are missing.

    Returns
    -------
    dict
        The reason of every failure, by the name of the cell.
    """
    from bayes_a2m.parallel import run_all

    missing, total = coming.missing, sum(coming.weights)
    for cell in missing:
        cell.forget_failure()

    def watch() -> tuple[float, int]:
        if all(cell.finished for cell in missing):
            return float(len(missing)), len(missing)
        pairs = zip(coming.weights, missing, strict=True)
        share = sum(weight * cell.share_done for weight, cell in pairs) / total
        return min(share * len(missing), len(missing) - 0.1), len(missing)

    weight_of = {cell.fingerprint: w for cell, w in zip(missing, coming.weights, strict=True)}
    for first in (True, False):
        wave = [cell for cell in missing if (cell.start is None) == first]
        while unfinished := [cell for cell in wave if not cell.finished and cell.failure is None]:
            # the longest first, so that none is left over at the end
            unfinished.sort(key=lambda cell: -weight_of[cell.fingerprint])
            calls = [cell.run for cell in unfinished]
            run_all(calls, jobs=coming.jobs, watch=watch if progress else None, what="cells")
            _tell_apart([cell for cell in unfinished if not cell.finished and cell.failure is None])
    return {cell.name: cell.failure or KILLED for cell in missing if not cell.finished}


def _tell_apart(unfinished: Sequence[Cell]) -> None:
    """Try alone the cells that were at work when a process was killed: one of them was it."""
    from bayes_a2m.parallel import run_all

    for cell in [cell for cell in unfinished if cell.begun] or unfinished:
        run_all([cell.run], jobs=1, apart=True, what=cell.name)
        if not cell.finished and cell.failure is None:
            cell.fail(KILLED)


def conclude(
    plan: Plan,
    out: Path | OutputFolder,
    name: str,
    failed: dict[str, str],
    *,
    bar: Bar,
    resamples: int = 1000,
    report: bool = True,
    say: Callable[[str], None] = lambda message: None,
) -> StudyRecord:
    """Write the tables, ``compare.json``, figures and the report.

    ``table.md`` and ``table.csv`` hold the scores, ``differences.csv`` every difference.

    Parameters
    ----------
    plan
        The plan, whose cells are made.
    out
        The study's folder; files of others in it stay as they are.
    name
        The study's name.
    failed
        The cells that are not there, and why.
    bar, say
        Functions that are told how it goes.
    resamples
        The number of resamples of the recordings.
    report
        Whether the page is written, too.

    Returns
    -------
    StudyRecord
        The content of ``compare.json``.

    Raises
    ------
    InputError
        If no cell is there, or files of others stand in the way.
    """
    from bayes_a2m.reporting import style
    from bayes_a2m.studies.figure import FIGURE, figure_of

    study = plan.study
    output = out if isinstance(out, OutputFolder) else study_folder(out)
    arms = {arm: models for arm in plan.cells if (models := _models(plan, arm))}
    if not arms:
        reasons = "; ".join(f"{cell}: {reason}" for cell, reason in failed.items())
        raise InputError(f"{name}: no cell could be made ({reasons})")
    table = results_table(
        name, {arm: list(models.values()) for arm, models in arms.items()}, resamples, plan.takes
    )
    reference = study.compared_with
    comparisons: dict[str, Comparison] = {}
    others = [arm for arm in arms if arm != reference and reference in arms]
    with bar("comparing") as update:
        for done, arm in enumerate(others, start=1):
            ours, theirs = _paired(arms[arm], arms[reference])
            comparisons[arm] = compare(
                ours, theirs, names=(arm, reference), resamples=resamples, takes=plan.takes
            )
            update(done, len(others))
    record = StudyRecord(
        version=__version__,
        study=name,
        description=study.description,
        reference=reference,
        seeds=list(study.seeds),
        split=study.scored_split or "",
        folds=study.folds,
        cells={
            arm: {_key(cell): cell.place.name for cell in plan.cells[arm] if cell.finished}
            for arm in arms
        },
        failed=failed,
        comparisons=comparisons,
    )
    with output.replacing() as new:
        table.write_csv(new / "table.csv")
        record.write(new / "compare.json")
        differences_table(comparisons).write_csv(new / "differences.csv")
        write_markdown(new / "table.md", study, table, comparisons, failed)
        style.save(figure_of(new), new / FIGURE)
    # with folds an arm is no single model that a report could be of
    if report and not study.folds:
        made = {arm: [c for c in plan.cells[arm] if c.finished] for arm in arms}
        _report(plan, output, made, bar)
    return record


def _models(plan: Plan, arm: str) -> dict[int, Scored]:
    """The statistics of an arm by seed: of a cell, or of all folds where none is missing."""
    ids = plan.scored_on.ids
    return {
        seed: cells[0].read() if plan.study.folds is None else _joined(cells, ids)
        for seed, cells in plan.by_seed(arm).items()
        if all(cell.finished for cell in cells)
    }


def _joined(cells: Sequence[Cell], ids: Sequence[str]) -> Scored:
    """The statistics of all folds of a model."""
    return Scored.joined([cell.read() for cell in cells], ids)


def _key(cell: Cell) -> str:
    """The name of a cell among those of its arm: its seed, and its fold."""
    seed = str(cell.experiment.seed)
    return seed if cell.fold is None else f"{seed}.{cell.fold}"


def _paired(
    ours: Mapping[int, Scored], theirs: Mapping[int, Scored]
) -> tuple[list[Scored], list[Scored]]:
    """Both sides in the order of seeds; those both have, where a model of either is missing."""
    both = [seed for seed in ours if seed in theirs]
    if not both:
        return list(ours.values()), list(theirs.values())
    return [ours[seed] for seed in both], [theirs[seed] for seed in both]


def _report(plan: Plan, output: OutputFolder, arms: dict[str, list[Cell]], bar: Bar) -> None:
    """The report of the first model of every arm; arms that are one model appear once."""
    from bayes_a2m.models import load_model
    from bayes_a2m.reporting.report.context import ReportOptions
    from bayes_a2m.reporting.report.entry import of_model
    from bayes_a2m.reporting.report.page import write_report

    options = ReportOptions(sections={"recordings": {"sound": False}})
    there = {arm: [c for c in cells if c.model.is_dir()] for arm, cells in arms.items()}
    first = {arm: cells[0] for arm, cells in there.items() if cells}
    if not first:
        return  # scores alone have come here, without models
    shown = {cell.fingerprint: (arm, cell) for arm, cell in reversed(first.items())}
    entries = []
    for arm, cell in reversed(shown.values()):
        with bar(f"predicting: {arm}") as update:
            entries.append(
                of_model(
                    arm,
                    load_model(cell.model),
                    plan.scored_on,
                    draws=plan.study.draws,
                    resamples=options.resamples,
                    accept_error=options.accept_error,
                    progress=update,
                )
            )
    place = output.name / "report"
    write_report(place, plan.scored_on, tuple(entries), options, bar=bar, force=output.force)


def _duration(seconds: float) -> str:
    """A duration as people say it.

    >>> _duration(42), _duration(400), _duration(8000)
    ('under a minute', '7 minutes', '2.2 hours')
    """
    if seconds < 60:
        return "under a minute"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
