"""Models are loaded from their directories, whatever their posterior."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m import registry
from bayes_a2m.models.construction import posterior_class
from bayes_a2m.posteriors.model_directory import read
from bayes_a2m.runtime.location import PRETRAINED, model_directory, pretrained_directory

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior

__all__ = ["PRETRAINED", "load_model", "model_directory", "pretrained_directory"]


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
