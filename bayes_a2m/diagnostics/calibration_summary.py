"""What the calibration of some recordings comes to: every score, test and caution, as JSON holds.

The figures behind a sentence such as "when it says E4 with 0.8, it is right in 78 to 86 % of the
frames". All scores see the same resamples of recordings, so they can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.diagnostics.reliability import (
    Reliability,
    class_reliability,
    predicted_reliability,
    top_reliability,
)
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.cumulative import CalibrationTest, calibration_test
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals, intervals_by_class, resample_weights
from bayes_a2m.resampling.design_effect import cautions, effective_of_sums

Number = float | None


def calibration_summary(
    counts: FrameStatistics,
    names: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Everything that frames say of calibration beyond the scores of ``metrics.json``.

    Parameters
    ----------
    counts
        Of every recording.
    names
        Of the classes.
    resamples, seed
        Of the recordings.

    Returns
    -------
    dict
        ``effective``: what the frames are worth (for the accuracy); ``metrics``: further scores
        with intervals; ``test``: of the class called; ``reliability``: its diagram; ``per_class``:
        for every class further scores, ``test``, ``reliability`` (against the rest); ``cautions``:
        what rests on too few recordings.

    Raises
    ------
    InputError
        If there are not as many names as classes.

    >>> one = FrameStatistics.of([[0.9, 0.1], [0.2, 0.8]], [0, 1])
    >>> statistics = FrameStatistics.stack([one] * 3)
    >>> sorted(calibration_summary(statistics, ["silence", "C4"], resamples=50))
    ['cautions', 'effective', 'metrics', 'per_class', 'reliability', 'test']
    """
    classes = counts.confusion.shape[1]
    if len(names) != classes:
        raise InputError(f"{len(names)} names for {classes} classes")
    generator = np.random.default_rng(seed)
    weights = resample_weights(len(counts), resamples, generator)
    by_class = intervals_by_class(counts.more_per_class_of, weights)
    hits = np.trace(counts.confusion, axis1=1, axis2=2)
    having = (counts.confusion.sum(axis=2) > 0).sum(axis=0)
    asked = {"all recordings": len(counts)}
    asked |= {f"the class {name}": int(n) for name, n in zip(names, having, strict=True)}
    return {
        "effective": {
            name: _number(value)
            for name, value in vars(effective_of_sums(hits, hits, counts.frames)).items()
        },
        "metrics": _triples(intervals(counts.more_metrics_of, weights)),
        "test": _test(calibration_test(counts.top_gaps, counts.frames, generator)),
        "reliability": bins_of(top_reliability(counts)),
        "per_class": {
            name: {
                **_triples(by_class[k]),
                "test": _test(calibration_test(counts.class_gaps[:, k], counts.frames, generator)),
                "reliability": bins_of(class_reliability(counts, k)),
            }
            for k, name in enumerate(names)
        },
        "cautions": cautions(asked),
    }


def trust(counts: FrameStatistics, weights: NDArray[np.int64]) -> list[dict[str, Any]]:
    """For every class: among the frames called it, the share right, at each level of confidence.

    Parameters
    ----------
    counts
        Of every recording.
    weights
        Resamples of them, ``(S, R)``.

    Returns
    -------
    list
        ``value``, ``low``, ``high`` of the share right; ``calibration``: the calibration error
        of these frames, with its interval; ``levels``: the bins of its diagram that have frames.
    """
    shares = intervals_by_class(lambda w: {"trust": counts.per_class_of(w)["trust"]}, weights)
    errors = intervals_by_class(counts.more_per_class_of, weights)
    return [
        {
            **vars(shares[k]["trust"]),
            "calibration": vars(errors[k]["trust_ece"]),
            "levels": bins_of(predicted_reliability(counts, k)),
        }
        for k in range(counts.confusion.shape[1])
    ]


def bins_of(diagram: Reliability) -> list[dict[str, Number]]:
    """The bins of a diagram that have frames, as JSON holds them."""
    edges = np.arange(diagram.frames.size + 1) / diagram.frames.size
    return [
        {
            "from": float(edges[b]),
            "to": float(edges[b + 1]),
            "frames": float(diagram.frames[b]),
            "recordings": float(diagram.recordings[b]),
            "stated": _number(diagram.confidence[b]),
            "true": _number(diagram.true[b]),
            "low": _number(diagram.low[b]),
            "high": _number(diagram.high[b]),
        }
        for b in np.flatnonzero(diagram.frames)
    ]


def _triples(found: dict[str, Interval]) -> dict[str, dict[str, Number]]:
    return {name: dict(vars(one)) for name, one in found.items()}


def _test(test: CalibrationTest) -> dict[str, Number]:
    return {name: _number(value) for name, value in vars(test).items()}


def _number(value: float) -> Number:
    return float(value) if np.isfinite(value) else None
