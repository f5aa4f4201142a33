"""The calibration of some recordings: every score, test and caution, as JSON files hold them.

The figures behind a sentence such as "when it says E4 with 0.8, it is right in 78 to 86 % of the
frames". All scores see the same resamples of recordings, so they can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bayes_a2m.diagnostics.reliability import (
    Reliability,
    class_reliability,
    isotonic_curve,
    predicted_reliability,
    top_reliability,
)
from bayes_a2m.errors import InputError
from bayes_a2m.files.record import Record
from bayes_a2m.metrics.cumulative import CalibrationTest, calibration_test
from bayes_a2m.metrics.kernels import BINS
from bayes_a2m.metrics.metric import Family
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals, intervals_by_class, resample_weights
from bayes_a2m.resampling.design_effect import cautions, effective_of_sums
from bayes_a2m.resampling.score_table import ScoreTable

Number = float | None


class EffectiveSize(Record):
    """Effective size of the frames for the accuracy, since they are not independent.

    Attributes
    ----------
    frames, recordings
        How many there are.
    design_effect
        Variance of the accuracy over what it would be were frames independent; None where it is
        undefined.
    effective_frames
        Independent frames that would say as much.
    """

    frames: Number
    recordings: Number
    design_effect: Number
    effective_frames: Number


class CalibrationTestResult(Record):
    """Tests of calibration whose null hypothesis flips the signs of whole recordings.

    Attributes
    ----------
    ks, kuiper
        Kolmogorov-Smirnov and Kuiper calibration errors.
    ks_p, kuiper_p
        Their p-values; None with fewer than two recordings.
    recordings
        How many had frames.
    """

    ks: Number
    kuiper: Number
    ks_p: Number
    kuiper_p: Number
    recordings: Number


class ReliabilityBin(Record):
    """A bin of a reliability diagram that has frames.

    Attributes
    ----------
    lower, upper
        Its edges; ``from`` and ``to`` in files.
    frames, recordings
        Frames in it, and recordings that they are of.
    confidence
        Their mean probability; ``stated`` in files.
    observed
        The share that came true; ``true`` in files.
    low, high
        A simultaneous 95 % band around that share.
    """

    lower: float = Field(alias="from")
    upper: float = Field(alias="to")
    frames: float
    recordings: float
    confidence: Number = Field(alias="stated")
    observed: Number = Field(alias="true")
    low: Number
    high: Number


class ClassCalibration(ScoreTable):
    """Further scores of one class against the rest, with its test and its reliability diagram."""

    families: ClassVar[tuple[Family, ...]] = ("class_calibration",)

    test: CalibrationTestResult
    reliability: list[ReliabilityBin]


class CalibrationScores(ScoreTable):
    """Further scores of calibration and of ranking, of all frames."""

    families: ClassVar[tuple[Family, ...]] = ("calibration",)


class CalibrationSummary(Record):
    """Everything that frames say of calibration beyond the scores of a model as a whole.

    Attributes
    ----------
    effective
        What the frames are worth for the accuracy.
    metrics
        Further scores with intervals.
    test, reliability
        The test and the reliability diagram of the predicted class.
    per_class
        The same for every class against the rest, by its name.
    cautions
        Sentences about what rests on too few recordings.
    """

    effective: EffectiveSize
    metrics: CalibrationScores
    test: CalibrationTestResult
    reliability: list[ReliabilityBin]
    per_class: dict[str, ClassCalibration]
    cautions: list[str]


class Trust(Record):
    """Accuracy of the predictions of one class, at each level of confidence.

    Attributes
    ----------
    value, low, high
        The share right among the frames predicted to be of the class, with its interval.
    calibration
        The calibration error of these frames.
    levels
        The bins of their reliability diagram that have frames.
    """

    value: Number
    low: Number
    high: Number
    calibration: Interval
    levels: list[ReliabilityBin]

    @property
    def share(self) -> Interval:
        """The share right with its interval."""
        return Interval(self.value, self.low, self.high)


def calibration_summary(
    counts: FrameStatistics,
    names: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> CalibrationSummary:
    """Summarise what frames say of calibration beyond the scores of a model as a whole.

    All scores see the same resamples of recordings.

    Parameters
    ----------
    counts
        Statistics of every recording.
    names
        The classes' names.
    resamples, seed
        How often recordings are resampled, and the seed of that.

    Raises
    ------
    InputError
        If there are not as many names as classes.

    >>> one = FrameStatistics.of([[0.9, 0.1], [0.2, 0.8]], [0, 1])
    >>> statistics = FrameStatistics.stack([one] * 3)
    >>> calibration_summary(statistics, ["silence", "C4"], resamples=50).test.recordings
    3.0
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
    effective = effective_of_sums(hits, hits, counts.frames)
    return CalibrationSummary(
        effective=EffectiveSize(**{k: _number(value) for k, value in vars(effective).items()}),
        metrics=CalibrationScores.of(intervals(counts.more_metrics_of, weights)),
        test=_test(calibration_test(counts.top_gaps, counts.frames, generator)),
        reliability=bins_of(top_reliability(counts)),
        per_class={
            name: ClassCalibration.of(
                by_class[k],
                test=_test(calibration_test(counts.class_gaps[:, k], counts.frames, generator)),
                reliability=bins_of(class_reliability(counts, k)),
            )
            for k, name in enumerate(names)
        },
        cautions=cautions(asked),
    )


def trust(counts: FrameStatistics, weights: NDArray[np.int64]) -> list[Trust]:
    """Measure how often the predictions of each class are right, at each level of confidence.

    Parameters
    ----------
    counts
        Statistics of every recording.
    weights
        Resamples of the recordings, ``(S, R)``.
    """
    shares = intervals_by_class(lambda w: {"trust": counts.per_class_of(w)["trust"]}, weights)
    errors = intervals_by_class(counts.more_per_class_of, weights)
    return [
        Trust(
            **vars(shares[k]["trust"]),
            calibration=errors[k]["trust_ece"],
            levels=bins_of(predicted_reliability(counts, k)),
        )
        for k in range(counts.confusion.shape[1])
    ]


def bins_of(diagram: Reliability) -> list[ReliabilityBin]:
    """The bins of a diagram that have frames."""
    edges = np.arange(diagram.frames.size + 1) / diagram.frames.size
    return [
        ReliabilityBin(
            lower=float(edges[b]),
            upper=float(edges[b + 1]),
            frames=float(diagram.frames[b]),
            recordings=float(diagram.recordings[b]),
            confidence=_number(diagram.confidence[b]),
            observed=_number(diagram.true[b]),
            low=_number(diagram.low[b]),
            high=_number(diagram.high[b]),
        )
        for b in np.flatnonzero(diagram.frames)
    ]


def diagram_of(bins: Sequence[ReliabilityBin], count: int = BINS) -> Reliability:
    """Restore a diagram from its bins that have frames, its isotonic curve fitted to these.

    Parameters
    ----------
    bins
        The bins, as :func:`bins_of` gives them and files hold them.
    count
        The number of bins, those without frames included.

    Examples
    --------
    >>> from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
    >>> one = FrameStatistics.of([[0.9, 0.1], [0.6, 0.4]], [0, 1])
    >>> diagram = top_reliability(FrameStatistics.stack([one, one]))
    >>> again = diagram_of(bins_of(diagram))
    >>> bool(np.array_equal(again.frames, diagram.frames)), float(again.confidence[13])
    (True, 0.9)
    """
    frames, recordings = np.zeros(count), np.zeros(count)
    confidence, true, low, high = np.full((4, count), np.nan)
    for one in bins:
        b = round(one.lower * count)
        frames[b], recordings[b] = one.frames, one.recordings
        values = (one.confidence, one.observed, one.low, one.high)
        confidence[b], true[b], low[b], high[b] = (np.nan if v is None else v for v in values)
    curve = isotonic_curve(frames, np.nan_to_num(confidence) * frames, np.nan_to_num(true) * frames)
    return Reliability(frames, recordings, confidence, true, low, high, *curve)


def _test(test: CalibrationTest) -> CalibrationTestResult:
    return CalibrationTestResult(**{name: _number(value) for name, value in vars(test).items()})


def _number(value: float) -> Number:
    return float(value) if np.isfinite(value) else None
