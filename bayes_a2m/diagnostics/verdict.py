"""May the confidence of a class be believed? A verdict that few data never make better.

The question is about the gap of the frames predicted as a class: their mean confidence less their
accuracy. A verdict looks at the whole 95 % interval of the gap, studentised by recording
(:mod:`bayes_a2m.resampling.studentised`), against a tolerance within which a gap does not matter:

- wholly inside: the confidence can be **trusted**, as closely as the tolerance says;
- wholly outside: **overconfident** or **underconfident**;
- anything else, or fewer than 20 recordings in which the class is predicted: **unknown**. Ignorance
  is not trust: an interval that holds zero because it holds everything says nothing.

That is the logic of equivalence tests (Schuirmann, "A comparison of the two one-sided tests
procedure and the power approach", 1987): calibration is what has to be shown. A gap inside the
tolerance may still be told from zero; then it is real and does not matter.

>>> generator = np.random.default_rng(0)
>>> frames = np.full(60, 100.0)
>>> right = generator.binomial(100, 0.8, size=60).astype(float)
>>> gap_verdict(0.8 * frames, right, frames, generator=generator).kind
'trusted'
>>> gap_verdict(0.95 * frames, right, frames, generator=generator).kind
'overconfident'
>>> gap_verdict(0.8 * frames[:8], right[:8], frames[:8], generator=generator).kind
'unknown'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.errors import InputError
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.resampling.studentised import studentised_ratio

TOLERANCE = 0.03
"""A gap below this, as a share, does not matter unless a user says otherwise."""

FEWEST_RECORDINGS = 20
"""Recordings in which a class has to be predicted, or nothing is said of it."""

Kind: TypeAlias = Literal["trusted", "overconfident", "underconfident", "unknown"]


@dataclass(frozen=True)
class GapVerdict:
    """The verdict on the frames that are predicted as one class.

    Attributes
    ----------
    kind
        The verdict.
    gap
        Mean confidence less accuracy, with its studentised interval.
    recordings
        The recordings in which the class is predicted at all.
    tolerance
        The gap that does not matter.
    """

    kind: Kind
    gap: Interval
    recordings: int
    tolerance: float = TOLERANCE

    @property
    def differs_from_zero(self) -> bool:
        """Whether the interval excludes a gap of zero."""
        return (
            self.gap.low is not None
            and self.gap.high is not None
            and not (self.gap.low <= 0 <= self.gap.high)
        )


def gap_verdict(
    confidence: ArrayLike,
    right: ArrayLike,
    frames: ArrayLike,
    *,
    generator: np.random.Generator,
    tolerance: float = TOLERANCE,
    resamples: int = 2000,
) -> GapVerdict:
    """Judge the gap of one class from sums by recording.

    Parameters
    ----------
    confidence
        The summed confidence of the frames predicted as the class, shape ``(R,)``.
    right
        How many of these frames are right, shape ``(R,)``.
    frames
        How many they are, shape ``(R,)``; zero where the class is not predicted.
    generator
        Draws the resamples of recordings.
    tolerance
        The gap that does not matter, as a share.
    resamples
        Their number.

    Raises
    ------
    InputError
        If the tolerance is not between 0 and 1, or shapes do not agree.
    """
    if not 0 < tolerance < 1:
        raise InputError(f"a tolerance of {tolerance:g}: must lie between 0 and 1")
    count = np.asarray(frames, dtype=np.float64)
    numerators = np.asarray(confidence, dtype=np.float64) - np.asarray(right, dtype=np.float64)
    gap = studentised_ratio(numerators, count, generator=generator, resamples=resamples)
    recordings = int((count > 0).sum())
    return GapVerdict(_kind(gap, recordings, tolerance), gap, recordings, tolerance)


def _kind(gap: Interval, recordings: int, tolerance: float) -> Kind:
    if recordings < FEWEST_RECORDINGS or gap.low is None or gap.high is None:
        return "unknown"
    if gap.low > tolerance:
        return "overconfident"
    if gap.high < -tolerance:
        return "underconfident"
    if -tolerance <= gap.low and gap.high <= tolerance:
        return "trusted"
    return "unknown"
