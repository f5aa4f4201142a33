"""``bayes-a2m store``: how much the store of features holds, and its cleaning."""

from __future__ import annotations

from typing import Annotated

import typer


def store(
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove all of it; it is made again when needed.")
    ] = False,
) -> None:
    """Say how large the store of features is, or empty it.

    Features of more than 1 GB of recordings are kept on the disk and not in
    memory: in the folder that BAYES_A2M_STORE names (all features, then), else
    in the user's cache. Where there are more than BAYES_A2M_STORE_GB (50 unless
    named), what was not used for longest is removed.

    Examples:

        bayes-a2m store

        bayes-a2m store --clean
    """
    from bayes_a2m.audio.store import FeatureStore

    features = FeatureStore.usual()
    if clean:
        typer.echo(f"{features.folder}: {features.clean() / 1e9:.2f} GB removed")
        return
    typer.echo(
        f"{features.folder}: features of {features.count()} recordings, "
        f"{features.size() / 1e9:.2f} of {features.limit / 1e9:g} GB"
    )
