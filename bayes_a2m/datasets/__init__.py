"""Data sets of recordings: folders, splits, checks, synthetic voices."""

from bayes_a2m import lazy

# a recording is made without the readers of settings that a folder needs
__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
