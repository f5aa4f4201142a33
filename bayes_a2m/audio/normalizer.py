"""Normalisation by the global statistics of the training split, unless asked otherwise.

Two numbers for all bins, all frames and all recordings, kept with the model. Per-file
statistics hand a quiet hum the level of a voice, and need the whole recording before its first
frame; they are there to be compared with (study ``features``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

Scope: TypeAlias = Literal["training", "recording"]
"""Source of the statistics: all training recordings, or each recording itself."""

LEAST_STD = 1e-3
"""Least standard deviation of a recording, dB: one that is constant throughout stays finite."""


@dataclass(frozen=True)
class Normalizer:
    """Affine normalisation ``(features - mean) / std``, in the features' unit (dB).

    Attributes
    ----------
    mean, std
        Global mean and standard deviation, dB.
    of
        ``"recording"`` takes each recording's own in their place.
    """

    mean: float
    std: float
    of: Scope = "training"

    @classmethod
    def fit(cls, features: Iterable[NDArray[np.float32]], of: Scope = "training") -> Normalizer:
        """Compute statistics over all frames and bins in one pass.

        Parameters
        ----------
        features
            Arrays ``(frames, bins)`` in dB, one a recording.
        of
            Source of the statistics that are used.

        Raises
        ------
        InputError
            If there is no frame, or all values are the same.
        """
        count, total, square = 0, 0.0, 0.0
        for array in features:
            exact = array.astype(np.float64)
            count += exact.size
            total += float(exact.sum())
            square += float((exact**2).sum())
        if count == 0:
            raise InputError("no frame to take the normalisation from: the training part is empty")
        mean = total / count
        std = float(np.sqrt(max(square / count - mean**2, 0.0)))
        if std < 1e-6:
            raise InputError("the training part is silent throughout: nothing to normalise by")
        return cls(mean, std, of)

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalise a recording, an array of any shape."""
        if self.of == "recording":
            own = max(float(features.std()), LEAST_STD)
            centred: NDArray[np.float32] = features - np.float32(features.mean())
            return (centred / np.float32(own)).astype(np.float32)
        return ((features - np.float32(self.mean)) / np.float32(self.std)).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Convert to what ``normalizer.json`` holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Normalizer:
        """Restore from what ``normalizer.json`` holds.

        Raises
        ------
        InputError
            If a number is missing, not finite, or cannot be divided by.
        """
        try:
            mean, std = float(values["mean"]), float(values["std"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("normalizer.json must hold the numbers 'mean' and 'std'") from error
        if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
            raise InputError(f"normalizer.json: mean {mean:g} and std {std:g} cannot be used")
        of = values.get("of", "training")
        if of not in get_args(Scope):
            raise InputError(f"normalizer.json: 'of' is {of!r}, and must be training or recording")
        return cls(mean, std, of)
