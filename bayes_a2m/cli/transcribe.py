"""``bayes-a2m transcribe``: sound into notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction import FramePosterior

FORMATS = ("mid", "csv", "png")


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
    transpose: Annotated[
        int, typer.Option(metavar="N", help="Move the written notes by so many semitones.")
    ] = 0,
) -> None:
    """Transcribe recordings into MIDI, a table of notes, and a picture.

    Any format, rate, length and number of channels. For AUDIO song.wav the
    files are OUT_DIR/song.mid, song.csv and song.png; the picture shows the
    spectrum, each class's probability and the notes over one time axis.

    Examples:

        bayes-a2m transcribe models/crnn song.wav -o notes

        bayes-a2m transcribe models/crnn takes/ -o notes --format mid,csv

        bayes-a2m transcribe models/crnn song.wav -o notes --reference song_by_hand.mid
    """
    from bayes_a2m.audio.io import find
    from bayes_a2m.cli import progress
    from bayes_a2m.cli.console import say
    from bayes_a2m.datasets import Recording
    from bayes_a2m.errors import InputError
    from bayes_a2m.model import load_model
    from bayes_a2m.music import midi

    wanted = _formats(formats)
    paths = find(audio)
    _refuse_same_names(paths)
    if reference is not None and len(paths) != 1:
        raise InputError(f"--reference goes with one AUDIO, not {len(paths)}")
    known = midi.read(reference) if reference is not None else None
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; -o names a folder")
    fitted = load_model(model)
    failed: list[str] = []
    with progress.bar("transcribing") as update:
        for done, path in enumerate(paths):
            try:
                recording = Recording(
                    path.stem, path=path, notes=None if known is None else tuple(known)
                )
                posterior = fitted.predict([recording], draws)
                notes = fitted.decoder.decode(posterior)[0]
                _write(fitted, recording, posterior, notes, out, wanted, transpose)
            except InputError as error:  # one bad file does not stop the others
                failed.append(str(error))
            else:
                say(f"{path}: {len(notes.notes)} notes")
            update(done + 1, len(paths))
    if failed:
        for message in failed[:-1]:
            say(f"bayes-a2m: {message}")
        raise InputError(failed[-1])
    typer.echo(str(out))


def _write(
    model: Posterior,
    recording: Recording,
    posterior: FramePosterior,
    transcription: Transcription,
    out: Path,
    formats: tuple[str, ...],
    transpose: int,
) -> None:
    """The files of one recording."""
    if "mid" in formats:
        transcription.write_midi(out / f"{recording.id}.mid", transpose=transpose)
    if "csv" in formats:
        transcription.write_csv(out / f"{recording.id}.csv", transpose=transpose)
    if "png" in formats:
        from bayes_a2m.reporting import style
        from bayes_a2m.reporting.transcription import transcription_figure

        level = model.features_of(recording)
        figure = transcription_figure(posterior, transcription, level, reference=recording.notes)
        style.save(figure, out / f"{recording.id}.png")


def _formats(text: str) -> tuple[str, ...]:
    from bayes_a2m.errors import InputError, suggest

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
