"""Weights of the classes in the loss."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def class_weights(
    labels: Iterable[NDArray[np.int64]], classes: int, power: float
) -> NDArray[np.float32]:
    """Compute the weight of every class, its frequency to the power ``-power``.

    Weights are scaled so that their mean over the frames is one.

    With ``power`` 0 all are one (plain cross-entropy, a proper score); with 1 every class
    counts the same. Anything but 0 trades calibration for recall of rare classes. A class
    that never occurs gets the weight of one that occurs once.

    Parameters
    ----------
    labels
        Class of every frame, one array a recording.
    classes
        Number of classes.
    power
        Exponent, 0 to 1.

    Returns
    -------
    ndarray, shape (class,)

    >>> class_weights([np.array([0, 0, 0, 1])], 2, 1.0).round(3).tolist()
    [0.667, 2.0]
    """
    counts = np.sum([np.bincount(a, minlength=classes) for a in labels], axis=0)
    share = np.maximum(counts, 1) / counts.sum()
    weights = share**-power
    return np.asarray(weights / (share @ weights), dtype=np.float32)
