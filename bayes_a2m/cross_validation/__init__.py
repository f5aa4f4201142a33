"""Folds by take, and a model for each."""
