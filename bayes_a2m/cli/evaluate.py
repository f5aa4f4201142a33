"""``bayes-a2m evaluate``: how good a model is, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_a2m.cli.options import Json, Quiet
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from bayes_a2m.evaluation import Evaluation


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model directory.")],
    data: Annotated[Path, typer.Option(metavar="DATA_DIR", help="Folder of recordings and MIDI.")],
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Only this split. Left out: every recording the model was not fitted or tuned on.",
            show_default=False,
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, help="Draws, for models that draw; a point estimate has one.")
    ] = 30,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Show the scores before recalibration, and the difference."),
    ] = False,
    accept_error: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Which confidence keeps errors below this share, and does it?"
        ),
    ] = 0.05,
    check_pitches: Annotated[
        bool,
        typer.Option(
            "--check-pitches",
            help="Ask pYIN whether other pitches are sung than the model knows.",
        ),
    ] = False,
    predictions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.nc", help="Write every frame's probabilities here.", show_default=False
        ),
    ] = None,
    draws_too: Annotated[
        bool, typer.Option("--draws-too", help="Write every draw beside their mean, too.")
    ] = False,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Score a model: frames, calibration, notes; overall, per class and condition.

    Intervals hold 95 % of 1,000 resamples of recordings: frames of one
    recording are not independent, so resampling frames would make them
    several times too narrow.

    Examples:

        bayes-a2m evaluate models/crnn --data recordings

        bayes-a2m evaluate models/crnn --data recordings --split validation --json metrics.json

        bayes-a2m evaluate models/crnn --data recordings --predictions predictions.nc

        bayes-a2m evaluate models/crnn --data recordings --raw --accept-error 0.03
    """
    from bayes_a2m.baselines.pitch_check import check_pitches as pitch_check
    from bayes_a2m.cli.console import metrics_tables, raw_table
    from bayes_a2m.datasets import load_folder
    from bayes_a2m.errors import InputError
    from bayes_a2m.evaluation import evaluate as evaluate_model
    from bayes_a2m.evaluation import results_of
    from bayes_a2m.files.atomic import real_path
    from bayes_a2m.models import load_model
    from bayes_a2m.posteriors.model_directory import describe

    console = Output(quiet, json_file)

    if not 0 < accept_error < 1:
        raise InputError(f"--accept-error {accept_error:g}: must lie between 0 and 1")
    if predictions is not None and predictions.suffix != ".nc":
        raise InputError(f"{predictions}: predictions are NetCDF; name the file *.nc")
    if draws_too and predictions is None:
        raise InputError("--draws-too: say where with --predictions FILE.nc")
    fitted = load_model(model)
    recordings = load_folder(data, seed=fitted.seed)
    chosen = recordings.split(split) if split else fitted.seen.unseen(recordings)
    for sentence in fitted.seen.cautions(chosen):
        console.warn(f"caution: {sentence}")
    if (unknown := fitted.unknown_conditions()) is not None:
        console.warn(f"caution: {model}: {unknown}")
    with console.bar("predicting") as update:
        result = evaluate_model(
            fitted,
            chosen,
            draws=draws,
            predictions=predictions,
            draws_too=draws_too,
            progress=update,
        )
    if check_pitches:
        rate, told = fitted.grid.sample_rate, dict(result.unlike or {})
        for recording in chosen:
            check = pitch_check(recording.audio(rate), rate, fitted.vocabulary)
            if other := check.differences():
                told[recording.id] = (*told.get(recording.id, ()), *other)
        result = replace(result, unlike=told if told else result.unlike)
    if result.unlike:
        first, phrases = next(iter(result.unlike.items()))
        console.warn(
            f"caution: {len(result.unlike)} of {len(chosen)} recordings are unlike those that the "
            f"model learned from, such as {first}: {'; '.join(phrases)}; 'bayes-a2m verify {data} "
            f"-m {model}' lists them"
        )
    if result.alarm:
        console.warn(f"warning: {result.alarm}")
    metrics = results_of(result, accept_error=accept_error)
    if json_file is not None and real_path(json_file) == real_path(model / "metrics.json"):
        where = f"split {split}" if split else "all that it was not fitted or tuned on"
        describe(model, fitted, metrics.to_dict(), measured_on=f"{data.name}, {where}")
    else:
        console.write(metrics)
    metrics_tables(console, metrics)
    if raw:
        raw_table(console, metrics)
    _verdicts(console, result, fitted.vocabulary.names)


def _verdicts(console: Output, result: Evaluation, names: Sequence[str]) -> None:
    """End with a line for each class: may its confidence be believed?"""
    from bayes_a2m.reporting.report.verdict import class_verdicts, withdrawn_verdicts

    inside = result.inside
    verdicts = (
        class_verdicts(result.frames.select(inside), names)
        if inside.any()
        else withdrawn_verdicts(names)
    )
    rows = [[one.name, one.word, one.sentence] for one in verdicts]
    console.table("May its confidence be believed?", ["class", "verdict", "why"], rows)
