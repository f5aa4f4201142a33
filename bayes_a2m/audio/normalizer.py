"""Normalisation by the global statistics of the training part.

Two numbers for all bins, all frames and all recordings, kept with the model. Per-file
statistics would hand a quiet hum the level of a voice, and a different decibel reference in
training and in use would shift everything the network ever saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError


@dataclass(frozen=True)
class Normalizer:
    """``(features - mean) / std`` with global statistics, in the features' unit (dB)."""

    mean: float
    std: float

    @classmethod
    def fit(cls, features: Iterable[NDArray[np.float32]]) -> Normalizer:
        """Statistics over all frames and bins of arrays ``(frames, bins)``, in one pass.

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
        return cls(mean, std)

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalise an array of any shape."""
        return ((features - np.float32(self.mean)) / np.float32(self.std)).astype(np.float32)

    def to_dict(self) -> dict[str, float]:
        """For ``normalizer.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Normalizer:
        """From ``normalizer.json``."""
        try:
            mean, std = float(values["mean"]), float(values["std"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("normalizer.json must hold the numbers 'mean' and 'std'") from error
        if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
            raise InputError(f"normalizer.json: mean {mean:g} and std {std:g} cannot be used")
        return cls(mean, std)
