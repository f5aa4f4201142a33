"""Reliability diagrams: probability against what came true, with bands by recording.

Three diagrams answer three questions, and differ:

- **top**: of the frames predicted with 0.8, whatever the class, are eight in ten right?
- **a class against the rest**: of all frames whose probability of E4 is 0.3, also where another
  class is predicted, are three in ten E4?
- **a class where it is predicted** (trust): of the frames predicted as E4 with 0.8, are eight in
  ten E4?

Beside the bins stands an isotonic curve: the nondecreasing function of the probability that fits
what came true best (Dimitriadis, Gneiting and Jordan, "Stable reliability diagrams for
probabilistic classifiers", 2021, https://arxiv.org/abs/2008.03033). It needs no bins; here it is
fitted to fine ones.

**Bands** count recordings. Where hardly any frame is wrong, as in the highest bin, resampling
cannot see what might have gone wrong: of simulated sets of 60 recordings 69 % of the sup-t bands
(:mod:`bayes_a2m.resampling.bands`) hold the truth everywhere. So the share right in a bin gets a
score interval (Wilson, "Probable inference", 1927) with the number of frames divided by their
design effect, as Korn and Graubard do for small proportions in surveys of clusters ("Confidence
intervals for proportions with small expected number of positive counts", 1998); a bin in which all
frames, or none, came true gets the exact interval of Clopper and Pearson with that number:

    n_eff = n_b / max(1, deff, deff_b),   deff_b = variance between recordings of the share
                                                   over share (1 - share) / n_b

with ``deff`` that of all bins together, since a bin's own is a guess where errors are few. Bands
are simultaneous (Sidak) unless asked otherwise, so that the diagonal leaving the band anywhere is
a finding; 95 to 97 % of those of 30 to 200 simulated recordings hold the truth everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics, Singles
from bayes_a2m.resampling.bootstrap import LEVEL
from bayes_a2m.resampling.exact import clopper_pearson


@dataclass(frozen=True, eq=False)
class Reliability:
    """Reliability diagram: probability and what came true by bin; nan in bins without frames.

    Attributes
    ----------
    frames, recordings
        Number of frames in every bin, and of recordings they belong to, ``(B,)``.
    confidence, true
        Mean probability, and share that came true, ``(B,)``.
    low, high
        The band around ``true``, in 0 to 1, ``(B,)``; nan too where fewer than two recordings
        have frames.
    isotonic_confidence, isotonic_true
        The isotonic curve: probability, and the share that comes true at it; ``(X,)`` each.
    """

    frames: Floats
    recordings: Floats
    confidence: Floats
    true: Floats
    low: Floats
    high: Floats
    isotonic_confidence: Floats
    isotonic_true: Floats


def top_reliability(counts: FrameStatistics, *, level: float = LEVEL) -> Reliability:
    """Make the diagram of the predicted class, whichever it is.

    >>> one = FrameStatistics.of([[0.9, 0.1], [0.9, 0.1]], [0, 1])
    >>> diagram = top_reliability(FrameStatistics.stack([one, one]))
    >>> float(diagram.confidence[13]), float(diagram.true[13])
    (0.9, 0.5)
    """
    fine = (counts.right + counts.wrong, counts.confidence, counts.right)
    bins = (counts.top_count, counts.top_confidence, counts.top_right)
    return reliability_of(bins, fine, level=level)


def class_reliability(counts: FrameStatistics, index: int, *, level: float = LEVEL) -> Reliability:
    """Make the diagram of one class against the rest, over all frames.

    Parameters
    ----------
    counts
        Statistics of every recording.
    index
        Number of the class.
    level
        Chance that the band holds the truth everywhere.

    Raises
    ------
    InputError
        If there is no such class, or the level is not between 0 and 1.
    """
    _check(counts, index)
    fine = tuple(
        one[:, index] for one in (counts.fine_count, counts.fine_probability, counts.fine_label)
    )
    bins = tuple(
        one[:, index] for one in (counts.class_count, counts.class_probability, counts.class_label)
    )
    return reliability_of(bins, fine, level=level)


def predicted_reliability(
    counts: FrameStatistics, index: int, *, level: float = LEVEL
) -> Reliability:
    """Make the diagram of one class where it is predicted: how far it can be trusted.

    Its isotonic curve is fitted to the bins themselves.

    Parameters
    ----------
    counts
        Statistics of every recording.
    index
        Number of the class.
    level
        Chance that the band holds the truth everywhere.

    Raises
    ------
    InputError
        If there is no such class, or the level is not between 0 and 1.
    """
    _check(counts, index)
    bins = tuple(
        one[:, index]
        for one in (counts.predicted_count, counts.predicted_confidence, counts.predicted_right)
    )
    return reliability_of(bins, bins, level=level)


def reliability_of(
    bins: tuple[Floats, ...],
    fine: tuple[Floats | Singles, ...],
    *,
    level: float = LEVEL,
    simultaneous: bool = True,
) -> Reliability:
    """Make a diagram from sums per recording.

    Parameters
    ----------
    bins
        Frames, sum of probability, and of what came true, ``(R, B)`` each.
    fine
        The same by finer bins, for the isotonic curve, ``(R, X)`` each.
    level
        Chance that the band holds the truth: in all bins at once, or in each.
    simultaneous
        Whether it holds the truth in all bins at once; otherwise in each.

    Raises
    ------
    InputError
        If the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(f"the level of a band must lie between 0 and 1, not {level}")
    count, confidence, true = bins
    frames = count.sum(axis=0)
    recordings = (count > 0).sum(axis=0).astype(np.float64)
    isotonic = isotonic_curve(*(one.sum(axis=0, dtype=np.float64) for one in fine))
    return Reliability(
        frames,
        recordings,
        ratio(confidence.sum(axis=0), frames),
        ratio(true.sum(axis=0), frames),
        *_band(count, true, recordings, level, simultaneous),
        *isotonic,
    )


def _band(
    count: Floats, true: Floats, recordings: Floats, level: float, simultaneous: bool
) -> tuple[Floats, Floats]:
    """Bounds of the band by the module's formula, ``(B,)`` each."""
    from scipy.special import ndtri

    frames = count.sum(axis=0)
    known = recordings >= 2
    share = np.where(known, ratio(true.sum(axis=0), frames), np.nan)
    # variance of the share times n_b: over share (1 - share) it is the design effect
    between = np.square(true - share * count).sum(axis=0) * ratio(recordings, recordings - 1)
    spread = ratio(between, frames)
    chance = share * (1 - share)
    own, together = (
        ratio(spread, chance),
        ratio(np.asarray(np.nansum(spread)), np.asarray(np.nansum(chance))),
    )
    effect = np.fmax(1.0, np.fmax(own, together))
    worth = np.where(known, frames / effect, np.nan)
    bins = max(1, int(known.sum())) if simultaneous else 1
    each = level ** (1 / bins)
    z = float(ndtri((1 + each) / 2))
    centre = share + z**2 / (2 * worth)
    reach = z * np.sqrt(chance / worth + z**2 / (4 * worth**2))
    low, high = (centre - reach) / (1 + z**2 / worth), (centre + reach) / (1 + z**2 / worth)
    extreme = (share == 0) | (share == 1)
    least, most = clopper_pearson(share[extreme] * worth[extreme], worth[extreme], level=each)
    low[extreme], high[extreme] = least, most
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def isotonic_curve(count: Floats, confidence: Floats, true: Floats) -> tuple[Floats, Floats]:
    """Fit the best nondecreasing curve through what came true, by pooling adjacent violators.

    Parameters
    ----------
    count, confidence, true
        Frames, sum of probability, and of what came true, ``(X,)``, probability ascending.

    Returns
    -------
    confidence, true : ndarray
        Of the bins that have frames.

    >>> isotonic_curve(np.array([2.0, 1.0, 1.0]), np.array([0.2, 0.5, 0.9]), np.array([0, 1.0, 0]))
    (array([0.1, 0.5, 0.9]), array([0. , 0.5, 0.5]))
    """
    from sklearn.isotonic import isotonic_regression

    filled = count > 0
    if not filled.any():
        return np.zeros(0), np.zeros(0)
    share = true[filled] / count[filled]
    fitted = isotonic_regression(share, sample_weight=count[filled], y_min=0.0, y_max=1.0)
    return confidence[filled] / count[filled], np.asarray(fitted, dtype=np.float64)


def _check(counts: FrameStatistics, index: int) -> None:
    classes = counts.class_count.shape[1]
    if not 0 <= index < classes:
        raise InputError(f"there is no class {index}: classes are 0 to {classes - 1}")
