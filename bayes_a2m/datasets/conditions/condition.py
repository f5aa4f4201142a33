"""Recording conditions: effects in order, as data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bayes_a2m import renamed
from bayes_a2m.datasets.conditions.device import Clip, Quantise, Resample
from bayes_a2m.datasets.conditions.dynamics import Compressor
from bayes_a2m.datasets.conditions.effect import Part, Samples
from bayes_a2m.datasets.conditions.filters import Band, Equaliser, HighPass
from bayes_a2m.datasets.conditions.level import Level
from bayes_a2m.datasets.conditions.noise import Noise
from bayes_a2m.datasets.conditions.reverb import Reverb
from bayes_a2m.errors import InputError

MILDEST, WORST = 0.0, 5.0
"""Least and greatest severity: hardly audible, and the worst that is still a recording."""

RATES = (4000, 192000)
"""Lowest and highest sampling rate that is taken, Hz."""

AnyEffect = Annotated[
    Level | Reverb | HighPass | Equaliser | Band | Noise | Compressor | Clip | Resample | Quantise,
    Field(discriminator="kind"),
]
"""Every effect, told apart by its ``kind``."""


class Condition(Part):
    """Recording condition: all that lies between a voice and the file it ends in.

    It holds every number it needs, so it can be written to JSON
    (``condition.model_dump_json()``), read back (``Condition.model_validate_json``) and does
    the same to the same recording, bit for bit.

    Attributes
    ----------
    name
        Name of the condition, which recordings made in it get.
    severity
        Severity, 0 to 5.
    seed
        Seed of the realisations of its noises and rooms.
    stages
        Effects in the order in which sound goes through them.
    """

    name: str
    severity: float = Field(ge=MILDEST, le=WORST)
    seed: int = Field(ge=0)
    stages: tuple[AnyEffect, ...] = ()

    def apply(self, samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
        """Put a recording through the condition.

        Every sound stays at its sample, so labels stay right. What would exceed full scale is
        turned down as a whole: only a ``Clip`` or ``Quantise`` effect cuts.

        Parameters
        ----------
        samples
            Mono samples, shape ``(samples,)``, full scale 1; not changed.
        sample_rate
            Sample rate, Hz.

        Returns
        -------
        ndarray
            Shape ``(samples,)``, finite, between -1 and 1.

        Raises
        ------
        InputError
            If the samples are not one channel of finite floating-point numbers, or the rate
            is outside 4 to 192 kHz.
        """
        sound = _checked(samples, sample_rate)
        met: Counter[str] = Counter()
        for stage in self.stages:
            # streams go by kind, so leaving a stage out leaves the noise of the others alone
            stream = [self.seed, met[stage.kind], *stage.kind.encode()]
            sound = stage.apply(sound, sample_rate, np.random.default_rng(stream))
            met[stage.kind] += 1
        peak = np.max(np.abs(sound))
        return (sound / peak if peak > 1 else sound).astype(np.float32)


def _checked(samples: NDArray[np.float32], sample_rate: int) -> Samples:
    """The samples in double precision, in which the stages work."""
    array = np.asarray(samples)
    if array.ndim != 1:
        raise InputError(f"samples must be of one channel, shape (samples,), not {array.shape}")
    if array.dtype.kind != "f":
        raise InputError(f"samples must be floats with full scale 1, not {array.dtype}")
    if array.size == 0:
        raise InputError("there are no samples; give at least one")
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        raise InputError(f"{bad} of {array.size} samples are NaN or infinite; mend them first")
    lowest, highest = RATES
    if not lowest <= sample_rate <= highest:
        raise InputError(f"a sample rate of {sample_rate} Hz is not within {lowest}–{highest} Hz")
    return array.astype(np.float64)


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
