"""Base of the effects of a recording condition: small frozen models that change a sound."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Samples = NDArray[np.float64]
"""Mono samples on their way through the effects, shape ``(samples,)``, full scale 1."""


class Part(BaseModel):
    """Base of all that a condition is made of: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Effect(Part, ABC):
    """Effect on a sound between the mouth and the file.

    Attributes
    ----------
    kind
        Its name in JSON, by which effects are told apart.
    """

    kind: str

    @abstractmethod
    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """Apply the effect to a sound.

        Parameters
        ----------
        samples
            Mono samples, shape ``(samples,)``, at least one; not changed.
        sample_rate
            Sample rate, Hz.
        generator
            Source of the realisation of a random effect; the others ignore it.

        Returns
        -------
        ndarray
            Shape ``(samples,)``; every sound stands at the sample where it stood.
        """
