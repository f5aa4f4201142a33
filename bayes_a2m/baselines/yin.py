"""The candidates of a period that YIN finds, and pYIN's probabilities of them.

YIN (de Cheveigné and Kawahara 2002, https://doi.org/10.1121/1.1458024) takes the first lag at
which a normalised difference dips below a threshold. pYIN (Mauch and Dixon 2014,
https://doi.org/10.1109/ICASSP.2014.6853678, section 2.1) takes all thresholds, each as likely as a
Beta prior says, and so gets probabilities of several lags. Where it sums over a hundred
thresholds, the sum has a closed form: dip j, of depth ``d_j``, is the first below the
threshold s if and only if ``d_j < s <= m_j``, with ``m_j`` the deepest dip at a shorter lag, so

    P_j = F(m_j) - F(d_j)   where d_j < m_j, else 0,

F being the prior's distribution function, and ``m_1 = 1``. The thresholds below all dips are left:
:data:`ABSOLUTE` of their probability goes to the deepest dip, the rest to there being no pitch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.baselines.linear_prediction import parabola
from bayes_a2m.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRENGTH = 20.0
"""The sum of the Beta prior's two parameters, as of pYIN's Beta(2, 18)."""

ABSOLUTE = 0.01
"""The share of the thresholds below all dips that the deepest dip gets, as in pYIN."""

_TABLE = np.linspace(0.0, 1.0, 4001)


def difference(frames: Floats, longest: int) -> Floats:
    """Cumulative mean normalised difference, ``(frame, longest + 1)``; 1 at lag 0.

    The formulas are de Cheveigné and Kawahara 2002, equations 6 and 8, over the
    ``samples - longest`` samples that have a partner at every lag.

    Parameters
    ----------
    frames
        Frames that are not windowed, ``(frame, samples)``.
    longest
        The longest lag, at most half the samples.

    Raises
    ------
    InputError
        If the frames are too short for that lag.
    """
    samples = frames.shape[1]
    if not 1 <= longest <= samples // 2:
        raise InputError(f"frames of {samples} samples are too short for lags up to {longest}")
    width = samples - longest
    points = 1 << (samples - 1).bit_length()
    product = np.fft.rfft(frames, points) * np.conj(np.fft.rfft(frames[:, :width], points))
    shared = np.fft.irfft(product, points)[:, : longest + 1]
    sums = np.cumsum(np.pad(np.square(frames), ((0, 0), (1, 0))), axis=1)
    energy = sums[:, width : width + longest + 1] - sums[:, : longest + 1]
    squares = np.maximum(energy[:, :1] + energy - 2.0 * shared, 0.0)[:, 1:]
    means = np.cumsum(squares, axis=1) / np.arange(1, longest + 1)
    # a frame of digital silence has no dip
    normal = np.where(means > 1e-12, squares / np.maximum(means, 1e-12), 1.0)
    return np.pad(normal, ((0, 0), (1, 0)), constant_values=1.0)


@dataclass(frozen=True)
class Candidates:
    """Periods that frames may have, one row a candidate, in order of the frames.

    Attributes
    ----------
    frame
        The frame that a candidate belongs to, ``(candidate,)``.
    hertz, probability
        Its frequency in Hz, and its probability, ``(candidate,)``; what those of a frame lack to
        one is the probability of no pitch.
    """

    frame: Ints
    hertz: Floats
    probability: Floats


def candidates(normal: Floats, threshold: float, shortest: int, sample_rate: int) -> Candidates:
    """The candidates of pYIN and their probabilities.

    Parameters
    ----------
    normal
        The normalised difference of :func:`difference`, ``(frame, lag)``.
    threshold
        The mean of the Beta prior of the threshold.
    shortest
        The lag, in samples, below which dips do not count.
    sample_rate
        The sample rate, Hz.
    """
    here, before, after = normal[:, 1:-1], normal[:, :-2], normal[:, 2:]
    dips = (here < before) & (here <= after)
    dips[:, : max(shortest - 1, 0)] = False
    depth = np.where(dips, np.minimum(here, 1.0), 1.0)
    deepest = np.minimum.accumulate(depth, axis=1)
    shallower = np.pad(deepest[:, :-1], ((0, 0), (1, 0)), constant_values=1.0)
    first = depth < shallower
    probability = np.zeros_like(depth)
    probability[first] = _prior(shallower[first], threshold) - _prior(depth[first], threshold)
    rows, best = np.arange(len(depth)), depth.argmin(axis=1)
    remainder = ABSOLUTE * _prior(depth[rows, best], threshold)
    probability[rows, best] += np.where(dips[rows, best], remainder, 0.0)
    frame, lag = np.nonzero(probability > 0)
    turn = parabola(before[frame, lag], here[frame, lag], after[frame, lag])
    return Candidates(frame, sample_rate / (lag + 1 + turn), probability[frame, lag])


def _prior(depth: Floats, threshold: float) -> Floats:
    """Probability that the threshold is at most ``depth``."""
    from scipy.special import betainc

    table = betainc(STRENGTH * threshold, STRENGTH * (1.0 - threshold), _TABLE)
    below: Floats = np.interp(depth, _TABLE, table)
    return below
