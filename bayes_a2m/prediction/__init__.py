"""Predictions: draws of class probabilities, or their running moments."""

from bayes_a2m import renamed

__getattr__ = renamed.names_of(__name__)
