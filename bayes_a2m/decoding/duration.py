"""Durations of notes and rests: discrete phase-type distributions with a minimum.

A segment first lasts ``minimum - 1`` frames without question. Then it enters phase j with
probability ``start[j]``, stays in a phase from one frame to the next with probability ``stay[j]``,
moves on to the next phase otherwise, and ends when it leaves the last one:

    length = minimum - 1 + G_j + G_(j+1) + ... + G_J,   G_i geometric from 1 with P(stay) = stay[i]

With one phase the distribution is geometric, as a hidden Markov model's; with several it has a
mode, and mixtures over the entered phase approximate any distribution (Tijms, "Stochastic models",
1994, theorem 3.9.1, in continuous time). Its tail is geometric. What matters here: a segment of
any length costs a chain of J states, and not one state a frame, so inference is linear in the
longest length, too (Johnson and Willsky 2013, "Bayesian nonparametric hidden semi-Markov models",
JMLR 14, section 5, on durations as chains of states).

Segments are cut by the ends of a recording. One that is cut at the end has the probability of
lasting at least so long (``survival``). One that already sounds when the recording starts is met
at a random moment of its life (``residual``): in phase j in proportion to the frames that a
segment spends there on average.

>>> distribution = DurationDistribution(2, (1.0,), (0.5,))
>>> np.exp(distribution.log_pmf(5)).round(4)  # of lengths 0 to 5
array([0.    , 0.    , 0.5   , 0.25  , 0.125 , 0.0625])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

Floats = NDArray[np.float64]

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class DurationDistribution:
    """The distribution of a segment's length in frames.

    Attributes
    ----------
    minimum
        Frames that every segment lasts, at least one.
    start
        Probability of entering each phase, summing to one.
    stay
        Probability of staying in each phase from frame to frame, at least 0 and below 1.

    Raises
    ------
    InputError
        If these are no probabilities, or of unlike lengths.
    """

    minimum: int
    start: tuple[float, ...]
    stay: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise InputError(f"a segment lasts at least one frame, not {self.minimum}")
        if not self.start or len(self.start) != len(self.stay):
            raise InputError(
                "a duration distribution needs start and stay for every phase, not "
                f"{len(self.start)} and {len(self.stay)}"
            )
        if not (min(self.start) >= 0 and abs(sum(self.start) - 1) < _TOLERANCE):
            raise InputError(f"start must be probabilities that sum to one, not {self.start}")
        if not all(0 <= s < 1 for s in self.stay):
            raise InputError(f"stay must lie in 0 to 1, without 1, not {self.stay}")

    @property
    def phases(self) -> int:
        """Number of phases."""
        return len(self.start)

    @property
    def mean(self) -> float:
        """Frames that a segment lasts on average."""
        return self.minimum - 1 + float(self._occupancy().sum())

    def residual(self) -> DurationDistribution:
        """The distribution of what is left of a segment that already sounds at a recording's start.

        The phases are met in proportion to the frames spent in them. Of the frames before the
        phases are entered it is not asked how many are left; they are counted as entering now.
        """
        met = self._occupancy() + (self.minimum - 1) * np.array(self.start)
        return DurationDistribution(1, tuple(float(p) for p in met / met.sum()), self.stay)

    def log_pmf(self, longest: int) -> Floats:
        """Log-probability of the lengths 0 to ``longest``, shape ``(longest + 1,)``."""
        pmf = np.zeros(longest + 1)
        occupied = self._occupied(longest)
        pmf[self.minimum :] = occupied[:, -1] * (1 - self.stay[-1])
        with np.errstate(divide="ignore"):
            log_pmf: Floats = np.log(pmf)
        return log_pmf

    def log_survival(self, longest: int) -> Floats:
        """Log-probability of lasting at least 0 to ``longest`` frames, ``(longest + 1,)``."""
        survival = np.ones(longest + 1)
        survival[self.minimum :] = self._occupied(longest).sum(axis=1)
        with np.errstate(divide="ignore"):
            log_survival: Floats = np.log(survival)
        return log_survival

    def _occupancy(self) -> Floats:
        """Expected frames in each phase."""
        occupancy: Floats = np.cumsum(self.start) / (1 - np.array(self.stay))
        return occupancy

    def _occupied(self, longest: int) -> Floats:
        """Probability of being in each phase at the frames ``minimum`` to ``longest``."""
        steps = max(0, longest + 1 - self.minimum)
        occupied = np.zeros((steps, self.phases))
        arriving = np.zeros(steps)
        for j, (start, stay) in enumerate(zip(self.start, self.stay, strict=True)):
            arriving[:1] += start
            # a loop, for importing scipy.signal takes longer than all of its filters
            before = 0.0
            for t, now in enumerate(arriving.tolist()):
                before = now + stay * before
                occupied[t, j] = before
            arriving = np.concatenate([np.zeros(1), (1 - stay) * occupied[:, j]])[:steps]
        return occupied

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"minimum": self.minimum, "start": list(self.start), "stay": list(self.stay)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DurationDistribution:
        """Take back what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If a value is missing, unknown or no number.
        """
        try:
            return cls(
                int(values["minimum"]),
                tuple(float(p) for p in values["start"]),
                tuple(float(p) for p in values["stay"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"duration distribution: {error}; give minimum, start and stay"
            ) from error


@dataclass(frozen=True)
class ObservedLength:
    """A segment as a recording shows it.

    Attributes
    ----------
    frames
        How many of its frames are in the recording.
    from_start, to_end
        Whether the recording's start or end may have cut it.
    """

    frames: int
    from_start: bool = False
    to_end: bool = False


def fit_duration(
    observed: Sequence[ObservedLength], *, minimum: int = 1, phases: int = 3
) -> DurationDistribution:
    """The distribution of greatest likelihood, cut segments included.

    A segment cut at the end contributes ``P(length >= l)``, one cut at the start the residual
    distribution, one cut at both the residual distribution's survival. The start probabilities
    have one pseudo-count in all, spread evenly, so that a few segments do not make a length
    impossible.

    Parameters
    ----------
    observed
        The segments. Those that both ends leave whole and that are shorter than ``minimum``
        cannot be, and are counted as lasting the minimum.
    minimum
        Frames.
    phases
        How many, at least one.

    Raises
    ------
    InputError
        If there is no segment, or no phase.
    """
    from scipy.optimize import minimize

    if not observed:
        raise InputError("no segment to learn durations from: give recordings with labels")
    if phases < 1:
        raise InputError(f"a duration distribution needs at least one phase, not {phases}")
    kinds = {
        (start, end): np.array(
            [
                max(one.frames, 1 if one.from_start else minimum)
                for one in observed
                if (one.from_start, one.to_end) == (start, end)
            ],
            dtype=np.int64,
        )
        for start in (False, True)
        for end in (False, True)
    }
    longest = max(int(lengths.max()) for lengths in kinds.values() if lengths.size)

    def distribution_of(theta: Floats) -> DurationDistribution:
        logits = np.append(theta[: phases - 1], 0.0)
        start = np.exp(logits - logits.max())
        stay = 1 / (1 + np.exp(-np.clip(theta[phases - 1 :], -12, 12)))
        return DurationDistribution(
            minimum,
            tuple(float(p) for p in start / start.sum()),
            tuple(float(s) for s in stay),
        )

    def loss(theta: Floats) -> float:
        distribution = distribution_of(theta)
        total = np.log(np.maximum(distribution.start, 1e-300)).sum() / phases
        for (start, end), lengths in kinds.items():
            if lengths.size:
                of = distribution.residual() if start else distribution
                table = of.log_survival(longest) if end else of.log_pmf(longest)
                total += np.maximum(table[lengths], -1e3).sum()
        return -float(total) / len(observed)

    typical = float(np.median([one.frames for one in observed]))
    per_phase = max(typical - minimum, 1.0) / phases
    guess = np.log(np.linspace(0.5, 1.5, phases) * per_phase + 1e-3)  # logit of 1 - 1 / (1 + x)
    found = minimize(
        loss,
        np.concatenate([np.zeros(phases - 1), guess]),
        method="L-BFGS-B",
        bounds=[(-12.0, 12.0)] * (2 * phases - 1),
    )
    return distribution_of(found.x)
