"""Data sets of recordings: folders, splits, checks, synthetic voices."""

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.folder import load_folder
from bayes_a2m.datasets.recording import Recording

__all__ = ["Dataset", "Recording", "load_folder"]
