"""``bayes-a2m synth``: synthetic voices as a data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from bayes_a2m.cli.options import Force, Quiet
from bayes_a2m.cli.output import Output

Number = TypeVar("Number", int, float)


def synth(
    out_dir: Annotated[
        Path, typer.Argument(metavar="OUT_DIR", help="Folder to make.", show_default=False)
    ],
    recordings: Annotated[int, typer.Option(metavar="N", help="How many.")] = 60,
    pitches: Annotated[
        str, typer.Option(metavar="60,64,67", help="MIDI pitches of the vocabulary.")
    ] = "60,64,67",
    conditions: Annotated[
        str, typer.Option(metavar="NAMES", help="Recording conditions, taken in turn.")
    ] = "studio,noisy,laptop",
    severity: Annotated[
        str, typer.Option(metavar="LOW,HIGH", help="How bad the conditions are, 0 to 5.")
    ] = "0,3",
    seconds: Annotated[float, typer.Option(metavar="S", help="Length of a recording.")] = 4.0,
    tempo: Annotated[
        str, typer.Option(metavar="LOW,HIGH", help="Slowest and fastest, beats a minute.")
    ] = "60,140",
    sounding_offset: Annotated[
        int, typer.Option(metavar="N", help="Semitones from the labelled to the sounding pitch.")
    ] = 0,
    out_of_vocabulary: Annotated[
        float, typer.Option(metavar="P", help="Share of notes outside the vocabulary, unlabelled.")
    ] = 0.0,
    label_lag: Annotated[
        float, typer.Option(metavar="MS", help="Labels come so late (below 0: early).")
    ] = 0.0,
    label_jitter: Annotated[
        float, typer.Option(metavar="MS", help="Standard deviation of each label edge.")
    ] = 0.0,
    sample_rate: Annotated[int, typer.Option(metavar="HZ", help="Of the sound files.")] = 16000,
    format: Annotated[Literal["wav", "flac"], typer.Option(help="Of the sound files.")] = "wav",
    seed: Annotated[int, typer.Option(metavar="N", help="Decides every sample.")] = 0,
    wide: Annotated[
        bool,
        typer.Option("--wide", help="Every kind of voice and what is none, MIDI 36 to 84."),
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Sing a data folder: voices that never lived, and labels that are exact.

    Every recording has a singer, a line of notes and a recording condition of its own, all
    drawn from the seed; the same options give the same bytes. Beside voice_001.wav and
    midi_001.mid lies truth/001.json: everything that was drawn, and the f0 asked for at
    every 6 ms frame.

    With --wide a recording is of any kind: women, men, children, humming,
    whistling, instruments; speech, noise, drums and birds without a note.
    It draws pitches, tempo and conditions itself.

    Examples:

        bayes-a2m synth voices

        bayes-a2m synth voices --recordings 300 --conditions studio --severity 0,1 --seed 7

        bayes-a2m synth any --wide --recordings 200 --seconds 6

        bayes-a2m synth low --pitches 60,62,64 --sounding-offset -12 --label-lag 40
    """
    from bayes_a2m.datasets.synthetic import SynthesisSettings, write_folder

    console = Output(quiet)
    if wide:
        given = {
            "--pitches": pitches != "60,64,67",
            "--conditions": conditions != "studio,noisy,laptop",
            "--severity": severity != "0,3",
            "--tempo": tempo != "60,140",
            "--sounding-offset": sounding_offset != 0,
            "--out-of-vocabulary": out_of_vocabulary != 0,
            "--label-lag": label_lag != 0,
            "--label-jitter": label_jitter != 0,
        }
        _wide(
            console,
            out_dir,
            refused=[name for name, there in given.items() if there],
            recordings=recordings,
            seconds=seconds,
            seed=seed,
            sample_rate=sample_rate,
            ending=f".{format}",
            force=force,
        )
        return
    settings = SynthesisSettings(
        recordings=recordings,
        seconds=seconds,
        pitches=_numbers("--pitches", pitches, int),
        sounding_offset=sounding_offset,
        conditions=tuple(name.strip() for name in conditions.split(",") if name.strip()),
        severity=_pair("--severity", severity),
        tempo=_pair("--tempo", tempo),
        out_of_vocabulary=out_of_vocabulary,
        label_lag_ms=label_lag,
        label_jitter_ms=label_jitter,
        sample_rate=sample_rate,
        seed=seed,
    )
    with console.bar("singing") as update:
        write_folder(out_dir, settings, update, ending=f".{format}", force=force)
    console.echo(
        f"{recordings} recording{'' if recordings == 1 else 's'} of {seconds:g} s in {out_dir}"
    )


def _wide(
    console: Output, out_dir: Path, *, refused: list[str], recordings: int, **settings: Any
) -> None:
    """Make a folder of recordings of every kind; what is drawn there cannot be asked for."""
    from bayes_a2m.datasets.synthetic.wide import write_wide_folder
    from bayes_a2m.errors import InputError

    if refused:
        raise InputError(f"{refused[0]}: is drawn with --wide; leave one of the two out")
    with console.bar("singing") as update:
        write_wide_folder(out_dir, recordings=recordings, progress=update, **settings)
    console.echo(
        f"{recordings} recording{'' if recordings == 1 else 's'} of {settings['seconds']:g} s "
        f"in {out_dir}"
    )


def _numbers(option: str, text: str, kind: Callable[[str], Number]) -> tuple[Number, ...]:
    """``"60, 64"`` as numbers."""
    from bayes_a2m.errors import InputError

    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{option} {text}: give numbers with commas between") from None


def _pair(option: str, text: str) -> tuple[float, float]:
    """``"0, 3"`` as two numbers; one number stands for both."""
    from bayes_a2m.errors import InputError

    numbers = _numbers(option, text, float)
    if len(numbers) > 2:
        raise InputError(f"{option} {text}: give one number or two, from and to")
    return numbers[0], numbers[-1]
