"""Options that several verbs have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

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
