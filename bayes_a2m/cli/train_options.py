"""Options of ``train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

Out: TypeAlias = Annotated[
    Path, typer.Option(metavar="MODEL_DIR", help="Where the model is written.")
]
"""The model directory."""

ExperimentName: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="EXPERIMENT",
        help="Name of one that ships, such as crnn, or a YAML file; with --from, fine_tuned "
        "where it is left out.",
        show_default=False,
    ),
]
"""The experiment."""

Data: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DATA_DIR",
        help="Folder of recordings and MIDI; pretrained sings its own.",
        show_default=False,
    ),
]
"""The folder of recordings."""

Settings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="a.b=c", help="Override a setting; may be given several times."),
]
"""Settings that take the place of the experiment's."""

Seed: TypeAlias = Annotated[
    int | None, typer.Option(min=0, help="Takes the place of the experiment's.")
]
"""The seed of the training."""

Start: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        help="Take this model's network instead of training one; fine_tuned goes on from it; "
        "an ensemble's members are kept, and those it lacks are added.",
        show_default=False,
    ),
]
"""The model to start from."""

Exclude: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Leave out what these decisions exclude; the page of 'audit' writes them.",
        show_default=False,
    ),
]
"""Decisions on what to leave out."""

Resume: TypeAlias = Annotated[
    bool, typer.Option("--resume", help="Go on where an interrupted training stopped.")
]
"""Whether an interrupted training goes on."""

Logger: TypeAlias = Annotated[
    Literal["csv", "tensorboard"],
    typer.Option(help="tensorboard: event files in MODEL_DIR.tensorboard, beside the table."),
]
"""What the losses are written as."""

Devices: TypeAlias = Annotated[
    int, typer.Option(min=1, help="GPUs that share every batch of a network's training out.")
]
"""How many GPUs train."""

CrossFit: TypeAlias = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="FOLDS",
        help="Count accepted notes also on the recordings that are fitted, each by one of so many "
        "models more that never heard it: --accept-error then doubts fewer right notes.",
        show_default="none",
    ),
]
"""In how many folds the fitted recordings are parted to count accepted notes."""
