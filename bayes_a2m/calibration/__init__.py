"""Calibration: scores of it, recalibration, conformal sets and selective prediction.

>>> from bayes_a2m import calibration
>>> calibration.accuracy([[0.9, 0.1], [0.2, 0.8]], [0, 1])
1.0
"""

from typing import Any

from bayes_a2m import lazy, renamed

_load, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
_renamed = renamed.names_of(__name__)


def __getattr__(name: str) -> Any:
    """Load a name of the stub when it is first used; one of 0.1.0 by its name now."""
    return _load(name) if name in __all__ else _renamed(name)
