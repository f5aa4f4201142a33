"""Directories of models by name."""

from __future__ import annotations

from pathlib import Path

PRETRAINED = "pretrained"
"""The name of the model that ships."""


def pretrained_directory() -> Path:
    """The directory of the model that ships in the package."""
    return Path(__file__).parents[1] / PRETRAINED


def model_directory(path: str | Path) -> Path:
    """The directory of a model: a path as it is, or that of the model that ships, by its name.

    A directory of that name, where there is one, comes first.
    """
    if str(path) == PRETRAINED and not Path(path).exists():
        return pretrained_directory()
    return Path(path)
