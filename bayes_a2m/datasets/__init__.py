"""Sets of recordings: folders, splits, checks."""

from bayes_a2m.datasets.dataset import Dataset, Recording
from bayes_a2m.datasets.folder import load_folder

__all__ = ["Dataset", "Recording", "load_folder"]
