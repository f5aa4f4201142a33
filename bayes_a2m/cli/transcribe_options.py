"""Options of ``transcribe``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

Audio: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="AUDIO...",
        help="Sound files, or folders of them; a model directory may stand first.",
    ),
]
"""Sounds, maybe after a model."""

Model: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-m",
        "--model",
        metavar="MODEL",
        help="A model directory; pretrained: the model of sung notes that ships.",
        show_default="pretrained",
    ),
]
"""The model."""

Out: TypeAlias = Annotated[
    Path, typer.Option("-o", "--out", metavar="OUT_DIR", help="Folder to write to.")
]
"""The folder of what is written."""

Draws: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Draws, for models that draw; a point estimate has one.")
]
"""How many draws a model that draws makes."""

Formats: TypeAlias = Annotated[
    str,
    typer.Option("--format", metavar="LIST", help="Any of mid,jams,csv,json,jsonl,png,html,wav."),
]
"""The formats of what is written, with commas."""

Reference: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="MIDI",
        help="Draw these notes below the transcription (one AUDIO only).",
        show_default=False,
    ),
]
"""The notes that were meant to be sung."""

AcceptError: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Mark notes as doubtful so that at most this share of the other notes is wrong.",
        show_default=False,
    ),
]
"""The share of wrong notes among those that are not doubtful."""

OnsetTolerance: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="How far off the onset of a note may be for it to be right.",
        show_default="0.05",
    ),
]
"""Seconds within which an onset is right."""

Condition: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How AUDIO was recorded, as the model's training recordings name it.",
        show_default=False,
    ),
]
"""The condition of all recordings."""

Pitches: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="C4,E4,G4",
        help="Only these can be sung: names or MIDI numbers; the others are impossible.",
        show_default=False,
    ),
]
"""The pitches that can be sung, with commas."""

Lowest: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="PITCH", help="The lowest that can be sung.", show_default=False),
]
"""The lowest pitch that can be sung."""

Highest: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="PITCH", help="The highest that can be sung.", show_default=False),
]
"""The highest pitch that can be sung."""

Key: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar='"C major"',
        help="The key: its pitches are likelier, others are not ruled out.",
        show_default=False,
    ),
]
"""The key that is sung in."""

Samples: TypeAlias = Annotated[
    int,
    typer.Option(min=0, max=1000, metavar="N", help="Write N sampled transcriptions as MIDI, too."),
]
"""How many transcriptions are sampled."""

Transpose: TypeAlias = Annotated[
    int, typer.Option(metavar="N", help="Move the written notes by so many semitones.")
]
"""Semitones by which written notes are moved."""

Tempo: TypeAlias = Annotated[
    float, typer.Option(metavar="BPM", help="The tempo of MIDI files; times stay as they are.")
]
"""Beats a minute of MIDI files."""

Bends: TypeAlias = Annotated[
    bool, typer.Option("--bends", help="Bend the pitch in MIDI files as the voice did.")
]
"""Whether MIDI files bend the pitch."""

Velocity: TypeAlias = Annotated[
    Literal["loudness", "confidence"],
    typer.Option(help="What a note's velocity in MIDI says."),
]
"""What the velocity of a written note stands for."""

CheckPitches: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--check-pitches/--no-check-pitches",
        help="Let the pretrained model listen, too, for pitches that MODEL does not know.",
    ),
]
"""Whether the model that ships listens for other pitches."""

ModelEngine: TypeAlias = Annotated[
    Literal["auto", "torch", "onnx"],
    typer.Option(
        help="What runs the model: torch, or onnxruntime for one that was exported.",
        show_default="torch where it is installed",
    ),
]
"""What runs the model."""
