"""Models are made by name or loaded from their directories.

- :func:`~bayes_a2m.models.construction.make_posterior` makes the posterior that an experiment
  describes, not fitted yet;
- :func:`~bayes_a2m.models.loading.load_model` loads the model of a directory, ready to predict.
"""

from bayes_a2m.models.construction import check, make_posterior
from bayes_a2m.models.loading import load_model

__all__ = ["check", "load_model", "make_posterior"]
