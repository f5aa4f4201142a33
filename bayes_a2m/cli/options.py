"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

Force: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Replace files that stand in the way although they are not the command's own, or "
        "were changed since it wrote them.",
    ),
]
"""Whether a verb may replace in its folder what it did not write."""

Engine: TypeAlias = Annotated[
    Literal["loky", "dask"] | None,
    typer.Option(
        help="What runs trainings: processes of this machine, or workers of Dask.",
        show_default="loky; dask with --scheduler",
    ),
]
"""The engine of what runs in parallel."""

Scheduler: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The Dask scheduler whose workers do it, such as tcp://10.0.0.1:8786.",
        show_default=False,
    ),
]
"""The address of a Dask scheduler."""

Quiet: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print no progress and no tables: only cautions and errors."
    ),
]
"""Whether a verb prints nothing but what must be known."""

Json: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write what was found to this JSON file; - prints it, and nothing else, on standard "
        "output.",
        show_default=False,
    ),
]
"""The JSON file of a verb, for programs."""
