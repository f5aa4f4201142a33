"""``bayes-a2m plot``: a picture of every recording, before there is any model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_a2m.cli.options import Force, Quiet
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bayes_a2m.datasets import Recording
    from bayes_a2m.music import Vocabulary


def plot(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA_DIR|AUDIO...",
            help="A data folder, whose MIDI is drawn too, or sound files.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the pictures.", show_default=False)
    ],
    formats: Annotated[
        str, typer.Option("--format", metavar="png,svg,pdf", help="One or more, with commas.")
    ] = "png",
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Draw only the first N.", show_default=False),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Draw recordings: waveform, CQT and labels on one time axis.

    One picture a recording, named after its file. The labels are also
    outlined over the CQT at the pitch that should sound (sounding_offset in
    dataset.yaml), so that wrong octaves and late onsets can be seen.

    Examples:

        bayes-a2m plot recordings --out pictures

        bayes-a2m plot recordings --out paper --format pdf,svg --limit 3

        bayes-a2m plot song.wav other.flac --out pictures
    """
    from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor
    from bayes_a2m.errors import InputError
    from bayes_a2m.files import OutputFolder
    from bayes_a2m.reporting import style
    from bayes_a2m.reporting.recording import recording_figure

    console = Output(quiet)

    endings = _endings(formats)
    drawn = _recordings(paths)[:limit]
    output = OutputFolder(out, "plot", force=force)
    output.check(f"{stem}.{ending}" for stem, _, _ in drawn for ending in endings)
    extract = FeatureExtractor(CQTFeatures())
    failed: list[str] = []
    with console.bar("drawing") as update:
        for done, (stem, recording, vocabulary) in enumerate(drawn, start=1):
            try:
                figure = recording_figure(recording, vocabulary, extract)
                with output.adding() as new:
                    for ending in endings:
                        style.save(figure, new / f"{stem}.{ending}")
            except InputError as error:  # one bad file does not stop the others
                failed.append(str(error))
            update(done, len(drawn))
    for message in failed[:-1]:
        console.warn(f"bayes-a2m: {message}")
    if failed:
        raise InputError(failed[-1])
    console.echo(f"{len(drawn)} recording{'' if len(drawn) == 1 else 's'} drawn in {out}")


def _endings(formats: str) -> list[str]:
    """``"png, svg"`` as a list."""
    from bayes_a2m.errors import InputError, suggest
    from bayes_a2m.reporting import style

    endings = list(dict.fromkeys(f.strip().lower() for f in formats.split(",") if f.strip()))
    for ending in endings:
        if ending not in style.FORMATS:
            known = ", ".join(style.FORMATS)
            hint = suggest(ending, style.FORMATS)
            raise InputError(f"--format {ending}: a picture is one of {known}{hint}")
    if not endings:
        raise InputError(f"--format: give one or more of {', '.join(style.FORMATS)}")
    return endings


def _recordings(paths: Iterable[Path]) -> list[tuple[str, Recording, Vocabulary]]:
    """What to draw: name of the picture, recording, vocabulary; data folders with labels."""
    from dataclasses import replace

    from bayes_a2m.audio import io
    from bayes_a2m.datasets import Recording, load_folder
    from bayes_a2m.datasets.folder import scan
    from bayes_a2m.music import Vocabulary

    found: list[tuple[Recording, Vocabulary]] = []
    for path in paths:
        if path.is_dir() and any(path.glob("midi_*.mid*")):
            data = load_folder(path)
            named = scan(path).has_splits  # a split that was merely drawn is no fact to print
            found += [
                (replace(r, id=_name(r), split=r.split if named else ""), data.vocabulary)
                for r in data
            ]
        else:
            plain = Vocabulary()
            found += [(Recording(file.name, path=file), plain) for file in io.find([path])]
    by_stem: dict[str, tuple[Recording, Vocabulary]] = {}
    for recording, vocabulary in found:
        stem = first = Path(recording.id).stem
        number = 1
        while stem in by_stem:  # take.wav beside take.flac, or in another folder
            number += 1
            stem = f"{first}-{number}"
        by_stem[stem] = (recording, vocabulary)
    return [(stem, *pair) for stem, pair in by_stem.items()]


def _name(recording: Recording) -> str:
    return recording.id if recording.path is None else recording.path.name
