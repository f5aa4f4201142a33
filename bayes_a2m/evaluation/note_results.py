"""Scores of the probabilities of notes, as ``metrics.json`` holds them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.calibration.note_acceptance import note_threshold
from bayes_a2m.calibration.selective import AcceptStatistics, realised
from bayes_a2m.evaluation.note_evaluation import LEVEL, NoteEvaluation
from bayes_a2m.files.record import Count, Record
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.resampling.bootstrap import Interval, intervals
from bayes_a2m.resampling.exact import clopper_pearson


class NoteReliabilityBin(Record):
    """Notes of about the same probability.

    Attributes
    ----------
    notes
        How many there are.
    confidence
        Their mean probability.
    accuracy
        The share of them that is right, with its interval.
    """

    notes: Count
    confidence: float
    accuracy: Interval


class TimeIntervalScores(Record):
    """The intervals of onsets, or of offsets.

    Attributes
    ----------
    level
        The share of times that they shall hold.
    coverage
        The share that they hold, of the notes that overlap a reference note of their pitch.
    width
        Their mean width in seconds.
    """

    level: float
    coverage: Interval
    width: Interval


class NumberScores(Record):
    """The number of notes of a recording.

    Attributes
    ----------
    expected, true
        The mean over recordings of what is expected, and of what is.
    level, coverage
        The share of recordings whose number shall lie in its interval, and of those in which it
        does.
    """

    expected: Interval
    true: Interval
    level: float
    coverage: Interval


class ForecastScores(Record):
    """The forecast of the onset F1 of a recording, made without its reference.

    Attributes
    ----------
    expected, true
        The mean over recordings of what is expected, and of what is.
    rank_correlation
        Spearman's correlation of the two over recordings.
    """

    expected: Interval
    true: Interval
    rank_correlation: Interval


class NoteAcceptResults(Record):
    """Accepting only notes of enough probability.

    Attributes
    ----------
    asked
        Share of accepted notes that may be wrong.
    threshold
        The least probability accepted.
    promised
        Whether the tuning split allows a promise.
    error, kept
        Share of accepted notes that are wrong, and share of notes accepted, here.
    promise
        What is promised, or why nothing is.
    """

    asked: float
    threshold: float
    promised: bool
    error: Interval
    kept: Interval
    promise: str


class NoteResults(Record):
    """Everything about the probabilities of notes.

    Attributes
    ----------
    notes, unknown
        Notes predicted with a probability, and those without.
    ece, ece_by_chance, ece_debiased
        The calibration error of notes predicted; what true probabilities would have by chance; the
        difference.
    brier
        The Brier score per reference note, in which a missed note counts one.
    auroc
        The chance that a right note is surer than a wrong one.
    confidence, precision, recall
        The mean probability, the share of notes predicted that is right, of reference notes found.
    ks_p
        The p-value of the test that probabilities are true at every level; None where there are
        too few recordings.
    reliability
        Notes by their probability.
    onset, offset
        The intervals of times; None where notes have none.
    number, forecast
        Forecasts for whole recordings; None where there are none.
    accept
        Accepting notes; None where the tuning split says nothing of them.
    """

    notes: Count
    unknown: Count
    ece: Interval
    ece_by_chance: Interval
    ece_debiased: Interval
    brier: Interval
    auroc: Interval
    confidence: Interval
    precision: Interval
    recall: Interval
    ks_p: float | None
    reliability: list[NoteReliabilityBin]
    onset: TimeIntervalScores | None
    offset: TimeIntervalScores | None
    number: NumberScores | None
    forecast: ForecastScores | None
    accept: NoteAcceptResults | None


def note_results(
    found: NoteEvaluation,
    weights: NDArray[np.int64],
    *,
    stored: AcceptStatistics | None = None,
    accept_error: float = 0.05,
    inside: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> NoteResults:
    """Compute every score of the probabilities of notes.

    Parameters
    ----------
    found
        The statistics of the recordings.
    weights
        Resamples of them, ``(S, R)``.
    stored
        Accepted notes of the tuning split, from which a threshold is chosen; none where None.
    accept_error
        Share of accepted notes that may be wrong.
    inside
        Whether each recording is like those that were learned from, ``(R,)``: of these alone
        something is promised. All, unless given.
    seed
        The seed of the test and of the resamples of accepted notes.
    """
    scores = intervals(found.calibration.metrics_of, weights)
    forecasts = intervals(found.forecasts.metrics_of, weights)
    test = found.calibration.test(np.random.default_rng(seed))
    foreseen = bool(found.forecasts.forecasts.any())
    return NoteResults(
        notes=int(found.calibration.notes.sum()),
        unknown=int(found.calibration.unknown.sum()),
        ece=scores["note_ece"],
        ece_by_chance=scores["note_ece_by_chance"],
        ece_debiased=scores["note_ece_debiased"],
        brier=scores["note_brier"],
        auroc=scores["note_auroc"],
        confidence=scores["note_confidence"],
        precision=scores["note_precision"],
        recall=scores["note_recall"],
        ks_p=test.ks_p if math.isfinite(test.ks_p) else None,
        reliability=_reliability(found, weights),
        onset=_times(found, "onsets", weights),
        offset=_times(found, "offsets", weights),
        number=NumberScores(
            expected=forecasts["expected_notes"],
            true=forecasts["notes"],
            level=LEVEL,
            coverage=forecasts["number_coverage"],
        )
        if foreseen
        else None,
        forecast=ForecastScores(
            expected=forecasts["expected_f1"],
            true=forecasts["f1"],
            rank_correlation=forecasts["rank_correlation"],
        )
        if foreseen
        else None,
        accept=_accepting(
            found.accepted if inside is None else found.accepted.select(inside),
            stored,
            accept_error,
            len(weights),
            seed,
        ),
    )


def _reliability(found: NoteEvaluation, weights: NDArray[np.int64]) -> list[NoteReliabilityBin]:
    """The bins that hold any note, with an interval of their accuracy."""
    counts = found.calibration
    whole = counts.reliability()
    bins = []
    for b in np.flatnonzero(whole["notes"] > 0):
        notes, right = counts.bin_notes[:, b], counts.bin_right[:, b]
        accuracy = intervals(_ratio_of(right, notes), weights)["accuracy"]
        if accuracy.low is not None and accuracy.value in (0.0, 1.0):
            # all resamples are alike, which does not make it certain
            low, high = clopper_pearson(right.sum(), notes.sum())
            accuracy = Interval(accuracy.value, float(low), float(high))
        bins.append(
            NoteReliabilityBin(
                notes=int(whole["notes"][b]),
                confidence=float(whole["confidence"][b]),
                accuracy=accuracy,
            )
        )
    return bins


def _ratio_of(above: NDArray[np.float64], below: NDArray[np.float64]) -> Any:
    def accuracy(w: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {"accuracy": ratio(w @ above, w @ below)}

    return accuracy


def _times(
    found: NoteEvaluation, kind: str, weights: NDArray[np.int64]
) -> TimeIntervalScores | None:
    statistics = getattr(found, kind)
    if not statistics.intervals.any():
        return None
    return TimeIntervalScores(level=LEVEL, **intervals(statistics.metrics_of, weights))


def _accepting(
    counted: AcceptStatistics,
    stored: AcceptStatistics | None,
    error: float,
    resamples: int,
    seed: int,
) -> NoteAcceptResults | None:
    if stored is None or not counted.frames.any():
        return None
    chosen = note_threshold(stored, error)
    wrong, kept = realised(counted, chosen.threshold, resamples=resamples, seed=seed)
    return NoteAcceptResults(
        asked=error,
        threshold=chosen.threshold,
        promised=chosen.promised,
        error=wrong,
        kept=kept,
        promise=chosen.words,
    )
