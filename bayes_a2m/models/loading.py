"""Models from their directories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.posteriors.model_directory import read
from bayes_a2m.posteriors.registry import posterior_class

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior


def load_model(path: str | Path) -> Posterior:
    """Load a model directory, whatever its posterior."""
    contents = read(Path(path))
    kind = posterior_class(contents.experiment.posterior.name)
    return kind.of_contents(contents, str(path))
