"""``bayes-a2m transcribe``: sound into notes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_a2m.cli.options import Force

if TYPE_CHECKING:
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior

NEVER = 2.0
"""A confidence that no frame has: nothing is accepted."""


def transcribe(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model directory.")],
    audio: Annotated[
        list[Path], typer.Argument(metavar="AUDIO...", help="Sound files, or folders of them.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT_DIR", help="Folder to write to.")
    ],
    draws: Annotated[
        int, typer.Option(min=1, help="Draws, for models that draw; a point estimate has one.")
    ] = 30,
    formats: Annotated[
        str, typer.Option("--format", metavar="LIST", help="Any of mid,csv,png.")
    ] = "mid,csv,png",
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="MIDI",
            help="Draw these notes above the transcription (one AUDIO only).",
            show_default=False,
        ),
    ] = None,
    accept_error: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Mark notes as doubtful so that at most this share of the other frames is wrong.",
            show_default=False,
        ),
    ] = None,
    transpose: Annotated[
        int, typer.Option(metavar="N", help="Move the written notes by so many semitones.")
    ] = 0,
    force: Force = False,
) -> None:
    """Transcribe recordings into MIDI, a table of notes, and a picture.

    Any format, rate, length and number of channels. For AUDIO song.wav the
    files are OUT_DIR/song.mid, song.csv and song.png; the picture shows the
    spectrum, each class's probability and the notes over one time axis.

    --accept-error 0.05 finds the confidence that keeps errors below 5 % on
    recordings like those the model was tuned on; notes most of whose frames
    stay below it are marked: "?" in the MIDI file, a column in the table.

    Examples:

        bayes-a2m transcribe models/crnn song.wav -o notes

        bayes-a2m transcribe models/crnn takes/ -o notes --format mid,csv

        bayes-a2m transcribe models/crnn song.wav -o notes --reference song_by_hand.mid

        bayes-a2m transcribe models/crnn song.wav -o notes --accept-error 0.05
    """
    from bayes_a2m.audio.io import find
    from bayes_a2m.cli import progress
    from bayes_a2m.cli.console import say
    from bayes_a2m.datasets import Recording
    from bayes_a2m.errors import InputError
    from bayes_a2m.files import OutputFolder
    from bayes_a2m.models import load_model
    from bayes_a2m.music import midi
    from bayes_a2m.transcription import transcription_of, write_transcription

    wanted = _formats(formats)
    paths = find(audio)
    _refuse_same_names(paths)
    if reference is not None and len(paths) != 1:
        raise InputError(f"--reference goes with one AUDIO, not {len(paths)}")
    known = midi.read(reference) if reference is not None else None
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; -o names a folder")
    written = {(out / f"{paths[0].stem}.{ending}").resolve() for ending in wanted}
    if reference is not None and reference.resolve() in written:
        raise InputError(f"{reference}: the transcription would overwrite it; name another -o")
    output = OutputFolder(out, "transcribe", force=force)
    output.check(f"{path.stem}.{ending}" for path in paths for ending in wanted)
    fitted = load_model(model)
    threshold = None if accept_error is None else _threshold(fitted, accept_error, str(model))
    failed: list[str] = []
    with progress.bar("transcribing") as update:
        for done, path in enumerate(paths):
            try:
                recording = Recording(
                    path.stem, path=path, notes=None if known is None else tuple(known)
                )
                unlike = fitted.unlike(recording)
                posterior, notes = transcription_of(
                    fitted, recording, draws=draws, threshold=NEVER if unlike else threshold
                )
                with output.adding() as new:
                    write_transcription(
                        fitted,
                        recording,
                        posterior,
                        notes,
                        new,
                        formats=wanted,
                        transpose=transpose,
                    )
            except Exception as error:  # one bad file does not stop the others
                if not isinstance(error, InputError) and "--debug" in sys.argv:
                    raise
                known_error = isinstance(error, InputError)
                failed.append(str(error) if known_error else f"{path}: unexpected {error!r}")
            else:
                for repair in recording.repairs:
                    say(f"{path}: {repair.message}")
                if unlike:
                    say(f"{path}: {_withdrawn(unlike)}")
                marked = "" if threshold is None or unlike else _marked(posterior, notes, threshold)
                say(f"{path}: {len(notes.notes)} notes{marked}")
            update(done + 1, len(paths))
    if failed:
        for message in failed[:-1]:
            say(f"bayes-a2m: {message}")
        raise InputError(failed[-1])
    typer.echo(str(out))


def _threshold(model: Posterior, error: float, name: str) -> float:
    """The confidence that keeps the error rate; says what is promised."""
    from bayes_a2m.calibration.selective import accept
    from bayes_a2m.cli.console import say
    from bayes_a2m.errors import InputError
    from bayes_a2m.evaluation import ACCEPT_CONFIDENCE

    counts = model.calibrator.accepted
    if counts is None:
        raise InputError(f"{name}: was trained before --accept-error was; train it again")
    found = accept(counts, error, confidence=ACCEPT_CONFIDENCE, resamples=1)
    if found.threshold > 1:
        raise InputError(f"--accept-error {error:g}: {found.promise}")
    if found.threshold <= 1 / len(model.vocabulary):  # no confidence is ever lower
        say(
            f"--accept-error {error:g}: every frame would be accepted, for on the tuning split all "
            "of them together are wrong less often: nothing is marked by it, and nothing promised"
        )
    else:
        say(f"frames of confidence {found.threshold:.3f} and more are accepted: {found.promise}")
    return found.threshold


def _withdrawn(unlike: list[str]) -> str:
    """That a recording is none of those that the model learned from, and what follows."""
    return (
        f"{'; '.join(unlike)}: what the model says of its confidence was not learned on such "
        "recordings, so nothing is promised, and every note is doubtful"
    )


def _marked(posterior: FramePosterior, notes: Transcription, threshold: float) -> str:
    """How many notes are doubtful, and how many frames accepted."""
    kept = float((posterior.confidence()[0] >= threshold).mean())
    return f", {sum(notes.doubtful)} of them doubtful (?); {100 * kept:.0f} % of frames accepted"


def _formats(text: str) -> tuple[str, ...]:
    from bayes_a2m.errors import InputError, suggest
    from bayes_a2m.transcription import FORMATS

    formats = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    for name in formats:
        if name not in FORMATS:
            hint = suggest(name, FORMATS)
            raise InputError(f"--format {name}: unknown{hint}; known: {','.join(FORMATS)}")
    return formats


def _refuse_same_names(paths: list[Path]) -> None:
    from bayes_a2m.errors import InputError

    by_name: dict[str, Path] = {}
    for path in paths:
        if path.stem in by_name:
            raise InputError(
                f"{path}: its notes would overwrite those of {by_name[path.stem]}; transcribe them "
                "into different folders"
            )
        by_name[path.stem] = path
