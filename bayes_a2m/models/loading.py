"""Models are loaded from their directories, whatever their posterior."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m import registry
from bayes_a2m.models.construction import posterior_class
from bayes_a2m.posteriors.model_directory import read

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior


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


def load_model(path: str | Path, *, register: Iterable[type] = ()) -> Posterior:
    """Load a model directory, whatever its posterior.

    Parameters
    ----------
    path
        The model directory, or ``"pretrained"``, the model of sung notes that ships.
    register
        Classes of its network, posterior or features that are of no installed package: they are
        registered (:func:`bayes_a2m.registry.register`). Nothing else is imported for a name that
        a directory holds.

    Raises
    ------
    InputError
        If a file is missing or broken, or a part of the model is not known here.
    """
    for part in register:
        registry.register(part)
    state = read(model_directory(path))
    kind = posterior_class(state.experiment.posterior.name)
    return kind.from_state(state, str(path))
