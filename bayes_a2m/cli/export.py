"""``bayes-a2m export``: a model for the runtime that needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="A model directory; pretrained: the model of sung notes that ships.",
        ),
    ] = Path("pretrained"),
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR|FILE.onnx",
            help="A new directory, or a file for the network alone.",
            show_default="MODEL itself, beside its weights",
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, help="Draws that are stored, of models that draw.")
    ] = 30,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Without --out: replace files of these names in MODEL that no export wrote.",
        ),
    ] = False,
) -> None:
    """Export a model as ONNX, to be used without torch or from other languages.

    DIR has the network and all that is needed around it as JSON: features,
    vocabulary, normaliser, recalibration, note model, checksums. A posterior
    of the last layer is a trunk, a head, and the weights of its draws. Every
    export is compared with the model before it is left there.

    Examples:

        bayes-a2m export pretrained --out sung_notes

        bayes-a2m export models/crnn

        bayes-a2m export models/crnn --out crnn.onnx

        bayes-a2m transcribe song.wav -m sung_notes --engine onnx
    """
    from bayes_a2m.errors import InputError
    from bayes_a2m.models import load_model
    from bayes_a2m.models.onnx_export import export as write
    from bayes_a2m.models.onnx_export import export_beside

    if out is None:
        typer.echo(str(export_beside(model, draws=draws, force=force)))
        return
    if force:
        raise InputError("--force: is for an export beside the weights; leave out --out, or it")
    write(load_model(model), out, draws=draws)
    typer.echo(str(out))
