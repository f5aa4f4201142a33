"""Audio to MIDI, with probabilities that can be believed.

The public names are loaded when they are first used, so that importing the package is quick; they
are listed in ``__init__.pyi``.

>>> import bayes_a2m as a2m
>>> a2m.Vocabulary((60, 64, 67)).names
('silence', 'C4', 'E4', 'G4')
"""

from bayes_a2m import lazy, renamed
from bayes_a2m.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
__all__ += ["__version__"]

renamed.install()
