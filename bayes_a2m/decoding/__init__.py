"""Decoding: paths of classes and notes from frame probabilities."""
