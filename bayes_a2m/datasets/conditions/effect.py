"""What every part of a recording condition is: a small frozen model that changes a sound."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Samples = NDArray[np.float64]
"""Mono samples on their way through the stages, shape ``(samples,)``, full scale 1."""


class Part(BaseModel):
    """Base of all that a condition is made of: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Effect(Part, ABC):
    """One thing that happens to a sound between the mouth and the file.

    Attributes
    ----------
    kind
        Its name in JSON, by which the stages are told apart.
    """

    kind: str

    @abstractmethod
    def apply(self, samples: Samples, sample_rate: int, generator: np.random.Generator) -> Samples:
        """The sound after this stage.

        Parameters
        ----------
        samples
            Shape ``(samples,)``, at least one; not changed.
        sample_rate
            Hz.
        generator
            Where a stage that is random takes its realisation from; the others ignore it.

        Returns
        -------
        ndarray
            Shape ``(samples,)``; every sound stands at the sample where it stood.
        """
