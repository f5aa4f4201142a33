"""Recording conditions: rooms, noises and devices as data, for any recording, real or made.

>>> import numpy as np
>>> condition = draw("noisy", 3, np.random.default_rng(0))
>>> [stage.kind for stage in condition.stages]
['level', 'room', 'noise', 'high_pass', 'equaliser', 'level']
>>> worse = condition.apply(np.zeros(16000, np.float32), 16000)
>>> Condition.model_validate_json(condition.model_dump_json()) == condition
True
"""

from typing import TYPE_CHECKING

from bayes_a2m import renamed
from bayes_a2m.datasets.conditions.babble import Babble
from bayes_a2m.datasets.conditions.condition import MILDEST, WORST, Condition
from bayes_a2m.datasets.conditions.device import Clip, Quantise, Resample
from bayes_a2m.datasets.conditions.dynamics import Compressor
from bayes_a2m.datasets.conditions.effect import Effect
from bayes_a2m.datasets.conditions.filters import Band, Equaliser, HighPass, Peak
from bayes_a2m.datasets.conditions.level import Level, active_level, peak_level
from bayes_a2m.datasets.conditions.noise import Noise
from bayes_a2m.datasets.conditions.recipes import CONDITIONS, draw
from bayes_a2m.datasets.conditions.reverb import Reverb
from bayes_a2m.datasets.conditions.source import ColouredNoise, Fan, Hum, Source
from bayes_a2m.datasets.conditions.twin import twin, twins

__all__ = [
    "CONDITIONS",
    "MILDEST",
    "WORST",
    "Babble",
    "Band",
    "Clip",
    "ColouredNoise",
    "Compressor",
    "Condition",
    "Effect",
    "Equaliser",
    "Fan",
    "HighPass",
    "Hum",
    "Level",
    "Noise",
    "Peak",
    "Quantise",
    "Resample",
    "Reverb",
    "Source",
    "active_level",
    "draw",
    "peak_level",
    "twin",
    "twins",
]


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
