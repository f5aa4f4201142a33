"""The library that runs a model: torch, or onnxruntime where it was exported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.runtime.model import RuntimeModel

Engine: TypeAlias = Literal["auto", "torch", "onnx"]
"""What runs a model; auto: torch where it is installed and the model has weights for it."""


def load(model: str | Path, engine: Engine = "auto") -> Posterior | RuntimeModel:
    """Load a model to transcribe with.

    Parameters
    ----------
    model
        A model directory, that of an export, or ``"pretrained"``, the model that ships.
    engine
        What runs it.

    Raises
    ------
    InputError
        If the model cannot be read, or not by this engine.
    """
    from bayes_a2m.runtime.location import model_directory

    directory = model_directory(model)
    if runs_on_onnx(directory, engine):
        from bayes_a2m.runtime.model import RuntimeModel

        return RuntimeModel.load(directory)
    if find_spec("torch") is None:
        raise InputError("--engine torch: torch is not installed; install it, or leave this out")
    from bayes_a2m.models import load_model

    return load_model(model)


def runs_on_onnx(directory: Path, engine: Engine) -> bool:
    """Whether a model's directory is read by the runtime of exported models."""
    if engine != "auto":
        return engine == "onnx"
    exported = (directory / "runtime.json").is_file()
    return (exported and not (directory / "config.yaml").is_file()) or find_spec("torch") is None
