"""``bayes-a2m report``: a page on how far predictions can be trusted, class by class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bayes_a2m.cli.options import Force, Json, Quiet
from bayes_a2m.cli.output import Output
from bayes_a2m.cli.report_options import (
    AcceptError,
    Data,
    Draws,
    EmbedAudio,
    Models,
    Notes,
    Out,
    Predictions,
    Projection,
    Require,
    Seed,
    Sound,
    Split,
    Tolerance,
    Worst,
)

if TYPE_CHECKING:
    from bayes_a2m.datasets import Dataset
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.reporting.report.record import ReportRecord


def report(
    data: Data,
    out: Out,
    models: Models = None,
    predictions: Predictions = None,
    notes: Notes = None,
    split: Split = None,
    draws: Draws = 30,
    accept_error: AcceptError = 0.05,
    worst: Worst = 6,
    sound: Sound = True,
    embed_audio: EmbedAudio = False,
    projection: Projection = "pca",
    tolerance: Tolerance = 0.03,
    require: Require = None,
    seed: Seed = 0,
    force: Force = False,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Write a page that says how far models can be trusted, class by class.

    DIR/index.html is the report; recordings/ holds a page for every recording,
    which plays its sound and shows the notes as they come, figures/ the pictures
    as PNG and SVG, tables/ the tables as CSV, report.json all numbers. The sound
    lies beside the pages; with --embed-audio each page is one file that can be
    sent on. Several models, and predictions of somebody else's, stand side by side. Without
    --split the recordings are those that no model was fitted or tuned on.

    Examples:

        bayes-a2m report models/laplace --data recordings --out reports/laplace

        bayes-a2m report models/crnn models/ensemble --data recordings --out reports/two

        bayes-a2m report --predictions theirs.nc --data recordings --out reports/theirs

        bayes-a2m report models/crnn --notes theirs.csv --data recordings --out reports/notes

        bayes-a2m report models/crnn --data recordings --split validation --out r --no-sound

        bayes-a2m report models/crnn --data recordings --out r --require 'precision:E4>=0.9'
    """
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.errors import InputError
    from bayes_a2m.models import load_model
    from bayes_a2m.reporting.report.context import ReportOptions
    from bayes_a2m.reporting.report.entry import of_model
    from bayes_a2m.reporting.report.note_entry import of_file
    from bayes_a2m.reporting.report.page import PAGE, RECORD, report_folder, write_report
    from bayes_a2m.reporting.report.predictions import of_predictions
    from bayes_a2m.reporting.report.requirement import Requirement

    console = Output(quiet, json_file)

    if not models and not predictions and not notes:
        raise InputError("nothing to report: give a MODEL, --predictions FILE.nc, or --notes FILE")
    if not 0 < accept_error < 1:
        raise InputError(f"--accept-error {accept_error:g}: must lie between 0 and 1")
    if not 0 < tolerance < 1:
        raise InputError(f"--tolerance {tolerance:g}: must lie between 0 and 1")
    requirements = tuple(Requirement.parse(text) for text in require or [])
    report_folder(out, force=force).check((PAGE, RECORD))
    loaded = [load_model(path) for path in models or []]
    whole = load_folder(data, seed=loaded[0].seed if loaded else 0)
    for path, model in zip(models or [], loaded, strict=True):
        # before anything is predicted, and naming the model among several
        model.vocabulary.ensure_same_pitches(
            whole.vocabulary,
            str(path),
            f"{whole.name} has",
            "leave the model out, or take other data",
        )
    chosen = _chosen(whole, split, loaded, list(predictions or []), list(notes or []))
    conditions = sorted({recording.condition for recording in chosen} - {""})
    for required in requirements:  # before anything is predicted
        required.ensure_known(chosen.vocabulary.names, conditions)
    for path, model in zip(models or [], loaded, strict=True):
        for sentence in model.seen.copies(chosen):
            console.warn(f"caution: {path}: {sentence}")
    names = _names([*(models or []), *(predictions or []), *(notes or [])])
    options = ReportOptions(
        seed=seed,
        accept_error=accept_error,
        tolerance=tolerance,
        requirements=requirements,
        sections={
            "recordings": {"worst": worst, "sound": sound},
            "notes": {"sound": sound},
            "embeddings": {"projection": projection},
        },
        sound=sound,
        embed_audio=embed_audio,
        progress=console.shows_progress,
    )
    shared = {"resamples": options.resamples, "accept_error": accept_error, "seed": seed}
    entries = []
    for name, model in zip(names, loaded, strict=False):
        with console.bar(f"predicting: {name}") as update:
            entries.append(
                of_model(name, model, chosen, draws=draws, progress=update, **shared)  # type: ignore[arg-type]
            )
    for name, path in zip(names[len(loaded) :], predictions or [], strict=False):
        entries.append(of_predictions(name, path, chosen, **shared))  # type: ignore[arg-type]
    for entry in entries:
        for caution in entry.cautions:
            console.warn(f"caution: {entry.name}: {caution}")
    drawn = {"resamples": options.resamples, "seed": seed}
    theirs = [
        of_file(name, path, chosen, **drawn)
        for name, path in zip(names[len(entries) :], notes or [], strict=True)
    ]
    for one in theirs:
        if one.caution:
            console.warn(f"caution: {one.caution}")
    record = write_report(
        out, chosen, tuple(entries), options, bar=console.bar, force=force, notes=theirs
    )
    console.write(record)
    rows = [[one.name, v.name, v.word] for one in record.models for v in one.verdicts]
    if rows:
        console.table(f"{len(chosen)} recordings", ["model", "class", "verdict"], rows)
    _notes_table(console, record)
    for kept in record.requirements:
        value = "not known" if kept.score.value is None else f"{kept.score.value:.3f}"
        tell = console.say if kept.passed else console.warn
        tell(f"{'passed' if kept.passed else 'FAILED'}: {kept.requirement}, {kept.model}: {value}")
    console.echo(str(out / PAGE))
    if not all(kept.passed for kept in record.requirements):
        raise typer.Exit(1)


def _notes_table(console: Output, record: ReportRecord) -> None:
    """Print whether the notes of models and of other tools can be believed."""
    from bayes_a2m.cli.console import score

    found = [(one.name, one.metrics.notes) for one in record.models]
    found += [(one.name, one.results) for one in record.notes]
    names = ("confidence", "precision", "ece_debiased", "brier", "auroc")
    rows = [
        [name, *(score(getattr(results, key)) for key in names)]
        for name, results in found
        if results is not None
    ]
    if rows:
        heads = ["mean confidence", "precision", "ECE debiased", "Brier score", "AUROC"]
        console.table("Notes (onset within 50 ms)", ["", *heads], rows)


def _chosen(
    whole: Dataset,
    split: str | None,
    models: list[Posterior],
    predictions: list[Path],
    notes: list[Path],
) -> Dataset:
    """The split asked for; else what no model saw and, without models, what is predicted."""
    from bayes_a2m.errors import InputError
    from bayes_a2m.reporting.report.note_entry import read_notes
    from bayes_a2m.reporting.report.predictions import read_predictions

    if split:
        return whole.split(split)
    chosen = whole
    for model in models:
        chosen = model.seen.unseen(chosen)
    for path in predictions:
        known = set(read_predictions(path).ids)
        chosen = chosen.where(lambda r, known=known: r.id in known)  # type: ignore[misc]
        if not len(chosen):
            raise InputError(f"{path}: predicts none of the recordings of {whole.name}")
    if not models and not predictions:
        for path in notes:
            named = set(read_notes(path, chosen))
            chosen = chosen.where(lambda r, named=named: r.id in named)  # type: ignore[misc]
    return chosen


def _names(paths: list[Path]) -> list[str]:
    """What to call each: the last part of its path, with as much before it as tells them apart.

    What all paths end with tells nothing.

    >>> _names([Path("models/crnn"), Path("theirs.nc")])
    ['crnn', 'theirs']
    >>> _names([Path("cells/one/model"), Path("cells/two/model")])
    ['one', 'two']
    >>> _names([Path("a/crnn"), Path("b/crnn"), Path("b/other")])
    ['a/crnn', 'b/crnn', 'b/other']
    """
    files = (".nc", ".csv", ".jams")
    full = [(p.with_suffix("") if p.suffix in files else p).absolute().parts for p in paths]
    if len(set(full)) < len(full):
        return [f"{parts[-1]} {i}" for i, parts in enumerate(full, start=1)]
    while len(full) > 1 and len({parts[-1] for parts in full}) == 1:
        full = [parts[:-1] for parts in full]
    count = 1
    while len({parts[-count:] for parts in full}) < len(full):
        count += 1
    return ["/".join(parts[-count:]) for parts in full]
