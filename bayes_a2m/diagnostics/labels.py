"""Labels of the recordings of a posterior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.prediction.posterior import FramePredictive

Labels: TypeAlias = Sequence[NDArray[np.int64]]
"""The class of every frame, one array a recording."""


def fitting(post: FramePredictive, labels: Labels) -> list[NDArray[np.int64]]:
    """Check labels against a posterior, and return them as arrays.

    Parameters
    ----------
    post
        Predictions of the recordings.
    labels
        Class of every frame, one array a recording.

    Raises
    ------
    InputError
        If a length or a class does not fit.
    """
    arrays = [np.asarray(truth, dtype=np.int64) for truth in labels]
    if [a.size for a in arrays] != post.lengths.tolist():
        raise InputError(
            f"labels of {[a.size for a in arrays]} frames do not fit recordings of "
            f"{post.lengths.tolist()}: give one label a frame, one array a recording"
        )
    if any(a.min() < 0 or a.max() >= len(post.vocabulary) for a in arrays):
        raise InputError(f"labels must be classes, 0 to {len(post.vocabulary) - 1}")
    return arrays
