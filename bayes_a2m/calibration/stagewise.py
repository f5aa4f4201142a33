"""Recalibration of each stage alone: silence or sound, and the pitch given sound.

Any distribution over the classes is the product of two (:mod:`bayes_a2m.metrics.stages`), and its
negative log-likelihood is the sum of theirs. So the two can be recalibrated one by one, each on
the frames it speaks of, and the best pair is the best of each. The other methods recalibrate both
jointly, as one distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike

from bayes_a2m.calibration.methods import Recalibration, Temperature
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.stages import composed, parted, pitch_of, silence_of


@dataclass(frozen=True)
class Stagewise(Recalibration):
    """Stagewise temperature scaling, a temperature for each stage.

    >>> Stagewise(Temperature(2.0), Temperature(1.0)).apply([[0.1, 0.6, 0.3]])  # silence 1 : 3
    array([[0.25, 0.5 , 0.25]])
    """

    silence: Temperature
    pitch: Temperature
    name: ClassVar[str] = "stages"

    @classmethod
    def fit(cls, probabilities: Floats, labels: Ints) -> Self:
        """Each by maximum likelihood; a stage that says nothing on these frames stays."""
        found = {}
        for stage, (distribution, truth) in parted(probabilities, labels).items():
            says = truth.size > 0 and distribution.shape[1] > 1
            found[stage] = Temperature.fit(distribution, truth) if says else Temperature(1.0)
        return cls(**found)

    def apply(self, probabilities: ArrayLike) -> Floats:
        """Recalibrate both stages and compose them again."""
        first = self.silence.apply(silence_of(probabilities))
        return composed(first, self.pitch.apply(pitch_of(probabilities)))

    def to_dict(self) -> dict[str, Any]:
        """Convert to the name and the temperature of each stage."""
        temperatures = {"silence": self.silence.temperature, "pitch": self.pitch.temperature}
        return {"method": self.name, **temperatures}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Restore from the temperature of each stage."""
        return cls(Temperature(float(values["silence"])), Temperature(float(values["pitch"])))
