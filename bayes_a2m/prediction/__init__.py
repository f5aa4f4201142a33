"""Predictions: draws of class probabilities, or their running moments."""
