"""Design effect: the number of independent frames that correlated ones are worth.

The mean of n independent values has variance ``s^2 / n``. The mean over frames that come in
recordings varies more; by how much is the design effect (Kish, "Survey sampling", 1965, section
5.4), and ``n`` over it is the number of independent frames that would say as much:

    deff = variance between recordings of the mean / (s^2 / n)

The numerator is that of a ratio of sums over R recordings, ``R / (R - 1) sum_r (sum of frame
values - mean)^2 / n^2`` (Cochran, "Sampling techniques", 1977, section 6.4). A recording of 666
frames is often worth a few dozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.errors import InputError

FEWEST = 20
"""Recordings below which a percentile interval of 95 % is too narrow to be relied on."""


@dataclass(frozen=True)
class Effective:
    """Design effect of frames on the mean of a quantity.

    Attributes
    ----------
    frames, recordings
        Number of frames, and of recordings that have any.
    design_effect
        Variance of the mean, over what it would be were frames independent; nan where it is
        undefined: fewer than two recordings, or a quantity that does not vary.
    effective_frames
        Independent frames that would say as much.
    """

    frames: int
    recordings: int
    design_effect: float
    effective_frames: float


def effective(values: Sequence[ArrayLike]) -> Effective:
    """Estimate the design effect on the mean of a quantity.

    Parameters
    ----------
    values
        The quantity in every frame (1 where the prediction is right, say), an array ``(frames,)`` a
        recording; recordings without frames are left out.

    Raises
    ------
    InputError
        If there are no frames, or an array is not one-dimensional.

    >>> effective([[1, 1, 1, 1], [0, 0, 0, 0]])  # two recordings say as much as one frame
    Effective(frames=8, recordings=2, design_effect=8.0, effective_frames=1.0)
    """
    arrays = [np.asarray(frames, dtype=np.float64) for frames in values]
    if any(frames.ndim != 1 for frames in arrays):
        raise InputError("values of frames must be 1-D arrays, one a recording")
    arrays = [frames for frames in arrays if frames.size]
    if not arrays:
        raise InputError("there are no frames")
    return effective_of_sums(
        [frames.sum() for frames in arrays],
        [np.square(frames).sum() for frames in arrays],
        [frames.size for frames in arrays],
    )


def effective_of_sums(sums: ArrayLike, squares: ArrayLike, lengths: ArrayLike) -> Effective:
    """Estimate the design effect from each recording's sum of values and of squares.

    >>> effective_of_sums([4, 0], [4, 0], [4, 4]).design_effect  # a share: squares are the sums
    8.0
    """
    total = np.asarray(lengths, dtype=np.float64)
    summed = np.asarray(sums, dtype=np.float64)[total > 0]
    squared = np.asarray(squares, dtype=np.float64)[total > 0]
    total = total[total > 0]
    frames, recordings = float(total.sum()), int(total.size)
    if recordings < 2:
        return Effective(int(frames), recordings, float("nan"), float("nan"))
    mean = summed.sum() / frames
    spread = squared.sum() / frames - mean**2
    if spread <= 1e-12 * max(1.0, mean**2):
        return Effective(int(frames), recordings, float("nan"), float("nan"))
    between = np.square(summed - mean * total).sum() * recordings / (recordings - 1) / frames**2
    effect = float(between / (spread / frames))
    return Effective(int(frames), recordings, effect, frames / effect if effect else float("nan"))


def cautions(recordings: Mapping[str, int], *, fewest: int = FEWEST) -> list[str]:
    """Write a sentence for each statement that rests on too few recordings.

    Percentile intervals from resampling few recordings are too narrow: resamples can only
    repeat what was recorded, and the bootstrap's variance is short by ``(R - 1) / R``.

    Parameters
    ----------
    recordings
        Subject of a statement ("all recordings", "the condition laptop") to the number of
        recordings it rests on.
    fewest
        Number of recordings below which there is a sentence.

    >>> cautions({"the condition laptop": 7, "all recordings": 45})
    ['the condition laptop: 7 recordings; intervals from fewer than 20 are too narrow']
    >>> cautions({"E4": 1})
    ['E4: 1 recording; intervals need two or more, and 20 to be relied on']
    """
    said = []
    for what, count in recordings.items():
        if count < 2:
            these = f"{count} recording{'' if count == 1 else 's'}"
            said.append(
                f"{what}: {these}; intervals need two or more, and {fewest} to be relied on"
            )
        elif count < fewest:
            said.append(
                f"{what}: {count} recordings; intervals from fewer than {fewest} are too narrow"
            )
    return said
