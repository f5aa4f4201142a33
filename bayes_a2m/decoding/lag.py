"""The label's clock: one lag a recording, unknown, shared by all of its notes.

A network is trained on labels whose clock is off, differently in each condition (a microphone, a
way of recording) and, within a condition, in each recording. Its frames know the mean of that; what
is left is one number a recording, by which all label times of that recording come later than the
network says (the sign of :mod:`bayes_a2m.label_audit.lag` with the sides exchanged: there the sound
is compared with the label, here the label with the prediction). No draw of the network and no path
through its frames shares a shift among notes, so it is a doubt of its own.

Nothing in the sound tells the lag. It stays as uncertain as its prior, a mixture of normal
distributions, one a training condition, on whole frames:

    p(lag) = sum_c share_c N(lag; mean_c, sd_c^2)

Where the condition is known, its distribution alone is used.

>>> studio, laptop = LagComponent("studio", 0.5, 0.0, 0.01), LagComponent("laptop", 0.5, 0.0, 0.03)
>>> prior = LagPrior((studio, laptop))
>>> grid = prior.on(FrameGrid(), "studio")
>>> int(grid.frames[grid.probabilities.argmax()]), float(grid.probabilities.sum().round(6))
(0, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.music import FrameGrid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_WIDTHS = 4.0
"""Standard deviations to either side that the grid spans."""

_LEAST = 1e-6
"""Probability below which a lag is left out."""


@dataclass(frozen=True)
class LagComponent:
    """The lags of a condition.

    Attributes
    ----------
    condition
        Its name; "" where there are no conditions.
    share
        Share of recordings, where the condition is not known.
    mean, sd
        Seconds by which labels come later than the network says.
    """

    condition: str
    share: float
    mean: float
    sd: float


@dataclass(frozen=True, eq=False)
class LagGrid:
    """Lags in whole frames and their probabilities, each ``(lag,)``, ascending."""

    frames: Ints
    probabilities: Floats

    def draw(self, count: int, generator: np.random.Generator) -> Ints:
        """Lags of so many transcriptions, stratified over the distribution."""
        uniform = (generator.permutation(count) + generator.random(count)) / count
        places = np.searchsorted(np.cumsum(self.probabilities), uniform, side="right")
        drawn: Ints = self.frames[places.clip(max=self.frames.size - 1)]
        return drawn


@dataclass(frozen=True)
class LagPrior:
    """The distribution of lags, a mixture over conditions.

    Attributes
    ----------
    components
        One a condition, with shares that sum to one.

    Raises
    ------
    InputError
        If there is none, a share or a spread is negative, or shares do not sum to one.
    """

    components: tuple[LagComponent, ...] = (LagComponent("", 1.0, 0.0, 0.0),)

    def __post_init__(self) -> None:
        shares = [one.share for one in self.components]
        if not shares or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
            raise InputError(f"shares of lags must be probabilities that sum to one, not {shares}")
        if not all(np.isfinite([c.mean, c.sd]).all() and c.sd >= 0 for c in self.components):
            raise InputError(
                "means and spreads of lags must be finite seconds, spreads not negative"
            )
        names = [one.condition for one in self.components]
        if len(set(names)) < len(names):
            raise InputError(f"a condition has two distributions of lags: {', '.join(names)}")

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions."""
        return tuple(one.condition for one in self.components)

    def on(self, grid: FrameGrid, condition: str | None = None) -> LagGrid:
        """The distribution on whole frames.

        Parameters
        ----------
        grid
            How long a frame is.
        condition
            The recording's; None, or the only one's "", where it is not known.

        Raises
        ------
        InputError
            If the condition is not among those the prior was learned from.
        """
        chosen: Sequence[LagComponent] = self.components
        if condition is not None and self.conditions != ("",):
            chosen = [one for one in self.components if one.condition == condition]
            if not chosen:
                raise InputError(
                    f"no lags are known of the condition {condition!r}"
                    f"{suggest(condition, self.conditions)}: give one of "
                    f"{', '.join(self.conditions)}, or none"
                )
        reach = max(abs(c.mean) + _WIDTHS * c.sd for c in chosen) * grid.frame_rate
        frames = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
        total = np.zeros(frames.size)
        for one in chosen:
            total += one.share * _normal(
                frames, one.mean * grid.frame_rate, one.sd * grid.frame_rate
            )
        total /= total.sum()
        kept = total > _LEAST
        return LagGrid(frames[kept], total[kept] / total[kept].sum())

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values, for JSON."""
        return [vars(one).copy() for one in self.components]

    @classmethod
    def from_dict(cls, values: Sequence[dict[str, Any]]) -> LagPrior:
        """Take back what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If a value is missing, unknown or no number.
        """
        try:
            parts = [
                LagComponent(str(v["condition"]), *(float(v[n]) for n in ("share", "mean", "sd")))
                for v in values
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"lag prior: {error}; give condition, share, mean and sd") from error
        return cls(tuple(parts))


def _normal(frames: Ints, mean: float, sd: float) -> Floats:
    """A normal distribution's probability of each frame, from half a frame before to half after."""
    if sd < 1e-3:  # all at the nearest frame
        return np.where(frames == round(mean), 1.0, 0.0)
    ends = (np.append(frames, frames[-1] + 1) - 0.5 - mean) / sd
    # as scipy.special.ndtr, whose import takes a fifth of a second of a transcription's
    below = np.array([0.5 * math.erfc(-end / math.sqrt(2)) for end in ends])
    mass: Floats = np.diff(below)
    whole: Floats = mass / mass.sum()
    return whole
