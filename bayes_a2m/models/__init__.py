"""Models by name and from their directories.

- :func:`~bayes_a2m.models.construction.make_posterior`: what an experiment asks for, not fitted;
- :func:`~bayes_a2m.models.loading.load_model`: what a directory holds, ready to predict.
"""

from bayes_a2m.models.construction import check, make_posterior
from bayes_a2m.models.loading import load_model

__all__ = ["check", "load_model", "make_posterior"]
