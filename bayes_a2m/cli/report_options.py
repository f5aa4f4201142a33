"""Options of ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

Models: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(metavar="MODEL...", help="Model directories.", show_default=False),
]
"""The model directories."""

Data: TypeAlias = Annotated[
    Path, typer.Option(metavar="DATA_DIR", help="Folder of recordings and MIDI.")
]
"""The folder of recordings."""

Out: TypeAlias = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder to write; an earlier report is replaced.")
]
"""The folder of the page."""

Predictions: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE.nc",
        help="Predictions of any model, as evaluate --predictions writes them; may be given "
        "several times.",
        show_default=False,
    ),
]
"""Files of predictions of other programs."""

Notes: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Notes of any tool, with confidences or without: JAMS, CSV, or a folder of them; "
        "may be given several times.",
        show_default=False,
    ),
]
"""Files or folders of notes of other programs."""

Split: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Only this split. Left out: every recording no model was fitted or tuned on.",
        show_default=False,
    ),
]
"""The split to report on."""

Draws: TypeAlias = Annotated[int, typer.Option(min=1, help="Draws, for models that draw.")]
"""How many draws a model that draws makes."""

AcceptError: TypeAlias = Annotated[
    float,
    typer.Option(metavar="SHARE", help="Which confidence keeps errors below this share?"),
]
"""The share of errors among accepted frames."""

Worst: TypeAlias = Annotated[
    int, typer.Option(min=0, metavar="N", help="Recordings shown: N worst, N least sure.")
]
"""How many recordings are shown."""

Sound: TypeAlias = Annotated[
    bool, typer.Option("--sound/--no-sound", help="Whether there is anything to hear.")
]
"""Whether there is anything to hear."""

EmbedAudio: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--embed-audio", help="Put the sound into the pages, which can be sent on alone then."
    ),
]
"""Whether sound is in the pages."""

Projection: TypeAlias = Annotated[
    Literal["pca", "umap"], typer.Option(help="Of the map of the network's features.")
]
"""What makes the map of the network's features."""

Tolerance: TypeAlias = Annotated[
    float,
    typer.Option(
        metavar="SHARE", help="A gap between confidence and accuracy that does not matter."
    ),
]
"""The overconfidence that does not matter."""

Require: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SCORE[:CLASS]>=NUMBER",
        help="A bound on a score, of a class or a condition if named; exit code 1 where it is "
        "not kept. May be given several times.",
        show_default=False,
    ),
]
"""Bounds on scores."""

Seed: TypeAlias = Annotated[int, typer.Option(min=0, help="Of the resamples.")]
"""The seed of the resamples."""
