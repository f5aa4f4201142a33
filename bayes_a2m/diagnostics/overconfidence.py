"""Overconfidence: mean confidence minus accuracy, with an interval from resampling recordings.

Above zero a model is more confident than it is accurate. Unlike the ECE, which adds up absolute
gaps and is above zero for a calibrated model too, it has a sign, and is zero on average where
confidence is right on average.
"""

from __future__ import annotations

import numpy as np

from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals, resample_weights


def overconfidence(
    statistics: FrameStatistics,
    *,
    bins: slice = slice(None),
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Mean confidence minus accuracy over the frames of some bins, with its 95 % interval.

    Parameters
    ----------
    statistics
        The sufficient statistics of every recording.
    bins
        Which of the equally wide bins of confidence; all unless given.
    resamples, seed
        How often recordings are resampled, and from which seed.

    Returns
    -------
    Interval
        Its value is None where the bins hold no frame.

    >>> one = FrameStatistics.of([[0.9, 0.1]] * 10, [0] * 8 + [1] * 2)
    >>> round(overconfidence(FrameStatistics.stack([one, one]), resamples=20).value, 3)
    0.1
    """
    excess = (statistics.top_confidence - statistics.top_right)[:, bins].sum(axis=1)
    frames = statistics.top_count[:, bins].sum(axis=1)

    def gap(weights: Floats) -> dict[str, Floats]:
        return {"gap": ratio(weights @ excess, weights @ frames)}

    weights = resample_weights(len(statistics), resamples, np.random.default_rng(seed))
    return intervals(gap, weights)["gap"]
