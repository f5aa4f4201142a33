"""Every score of an evaluation, with its interval.

All scores see the same resamples of recordings, so that they may be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m import renamed
from bayes_a2m.calibration.selective import accept, realised
from bayes_a2m.diagnostics.calibration_summary import calibration_summary, trust
from bayes_a2m.diagnostics.overconfidence import overconfidence
from bayes_a2m.evaluation.note_evaluation import TOLERANCE, NoteEvaluation
from bayes_a2m.evaluation.note_results import note_results
from bayes_a2m.evaluation.results import (
    AcceptResults,
    CalibrationResults,
    ClassScores,
    ClassSetScores,
    ConformalResults,
    EvaluationResults,
    SetScores,
    SliceScores,
    StageScores,
    SubgroupScores,
    UnlikeResults,
)
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.metric import headline
from bayes_a2m.metrics.recording_statistics import RecordingStatistics, scores_of_others
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals, intervals_by_class, resample_weights
from bayes_a2m.resampling.score_table import Scores

if TYPE_CHECKING:
    from bayes_a2m.evaluation.evaluation import Evaluation

RESAMPLES = 1000
"""How often recordings are resampled for an interval where nothing else is said."""

ACCEPT_ERROR = 0.05
"""Share of accepted frames that may be wrong where nothing else is asked."""

ACCEPT_CONFIDENCE = 0.9
"""Chance, over tuning splits, that the share of errors asked for is kept."""

Mask = NDArray[np.bool_]


def results_of(
    evaluation: Evaluation,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    accept_error: float = ACCEPT_ERROR,
) -> EvaluationResults:
    """Compute every score of an evaluation, with its 95 % interval: the content of metrics.json.

    Parameters
    ----------
    evaluation
        The statistics of the recordings.
    resamples, seed
        How often recordings are resampled, and the seed of that.
    accept_error
        Share of accepted frames that may be wrong: what threshold keeps it, and does it?
    """
    return _Scoring(evaluation, resamples, seed).results(accept_error)


@dataclass(frozen=True)
class _Scoring:
    """An evaluation and how its recordings are resampled."""

    evaluation: Evaluation
    resamples: int
    seed: int

    def results(self, accept_error: float) -> EvaluationResults:
        """Every score."""
        whole = self.evaluation
        everyone = np.ones(len(whole.ids), dtype=bool)
        taken = np.array([bool(t) and t in whole.seen_takes for t in whole.takes], dtype=bool)
        scores = self.scores(everyone)
        summary = calibration_summary(
            whole.frames, whole.vocabulary.names, resamples=self.resamples, seed=self.seed
        )
        return EvaluationResults(
            recordings=len(whole.ids),
            frames=int(whole.frames.frames.sum()),
            draws=whole.draws,
            metrics=scores,
            raw=scores if whole.raw is None else self.raw_scores(),
            per_class=self.per_class(),
            per_condition={name: self.scores(mask) for name, mask in self._conditions()},
            stages=self.stages(),
            near_boundary=self.part_scores(whole.near),
            away_from_boundary=self.part_scores(whole.away),
            without_seen_takes=(self.scores(~taken) if taken.any() and not taken.all() else None),
            by_place=self.by_slice(),
            calibration=CalibrationResults(
                recalibration=whole.tuned.recalibration.name,
                gain=self.gain(),
                conformal=(
                    [self.coverage(i) for i in range(len(whole.sets))] if whole.inside.any() else []
                ),
                accept=self.accepting(accept_error) if whole.inside.any() else None,
                **{
                    **dict(summary),
                    "cautions": [*summary.cautions, *unlike_cautions(whole.inside)],
                },
            ),
            unlike=self.unlike(),
            confusion=whole.frames.confusion.sum(axis=0).astype(int).tolist(),
            cost=whole.cost,
            notes=None
            if whole.sure is None
            else note_results(
                whole.sure,
                self._weights(),
                stored=whole.tuned.notes_accepted(TOLERANCE, conditioned=True),
                accept_error=accept_error,
                inside=whole.inside,
                seed=self.seed,
            ),
        )

    def scores(self, which: Mask) -> Scores:
        """Scores of the frames and notes of some recordings."""
        whole, weights = self.evaluation, self._weights(int(which.sum()))
        other = {name: own.select(which) for name, own in whole.other.items()}
        return _headline(
            {
                **intervals(whole.frames.select(which).metrics_of, weights),
                **intervals(whole.notes.select(which).metrics_of, weights),
                **_of_sure(None if whole.sure is None else whole.sure.select(which), weights),
                **_of_others(other, weights),
            }
        )

    def part_scores(self, frames: FrameStatistics) -> Scores:
        """Scores of some frames of all recordings; notes have none."""
        return _headline(intervals(frames.metrics_of, self._weights()))

    def raw_scores(self) -> Scores:
        """Scores before recalibration."""
        whole, weights = self.evaluation, self._weights()
        assert whole.raw is not None
        assert whole.raw_notes is not None
        return _headline(
            {
                **intervals(whole.raw.metrics_of, weights),
                **intervals(whole.raw_notes.metrics_of, weights),
                **_of_sure(whole.raw_sure, weights),
                **_of_others(whole.raw_other, weights),
            }
        )

    def gain(self) -> dict[str, Interval] | None:
        """Recalibrated less raw, paired: whether that is better, the metric says."""
        whole, raw = self.evaluation, self.evaluation.raw
        if raw is None:
            return None

        def difference(w: Floats) -> dict[str, Floats]:
            after = {**whole.frames.metrics_of(w), **scores_of_others(whole.other, w)}
            before = {**raw.metrics_of(w), **scores_of_others(whole.raw_other, w)}
            return {name: after[name] - before[name] for name in after}

        return intervals(difference, self._weights())

    def per_class(self) -> dict[str, ClassScores]:
        """Scores of every class, and how far it can be trusted where it is predicted."""
        weights = self._weights()
        scores = intervals_by_class(self.evaluation.frames.per_class_of, weights)
        trusted = trust(self.evaluation.frames, weights)
        return {
            name: ClassScores.of(
                {metric: score for metric, score in own.items() if metric != "trust"},
                trust=trusted[k],
            )
            for k, (name, own) in enumerate(self._by_class(scores))
        }

    def stages(self) -> StageScores:
        """Scores of silence against sound, and of the pitch where there is sound."""
        weights = self._weights()
        scores = {
            name: _subgroup(statistics, weights) if statistics.frames.any() else None
            for name, statistics in self.evaluation.stages.items()
        }
        return StageScores(**scores)

    def by_slice(self) -> SliceScores:
        """Scores by run length, level and take; only those that are quick to resample."""
        whole, weights = self.evaluation, self._weights()
        scores = {
            kind: {
                name: _subgroup(statistics, weights)
                for name, statistics in slices.items()
                if statistics.frames.any()
            }
            for kind, slices in whole.places.items()
        }
        takes = np.array(whole.takes)
        by_take = {
            take: _subgroup(
                whole.frames.select(takes == take), self._weights(int((takes == take).sum()))
            )
            for take in sorted(set(whole.takes) - {""})
        }
        return SliceScores(**scores, take=by_take)

    def coverage(self, i: int) -> ConformalResults:
        """How often the prediction sets of one level hold the truth, and how large they are.

        They are counted where they promise anything: on recordings like those learned from.
        """
        sets, statistics = self.evaluation.tuned.sets[i], self.evaluation.sets[i]
        inside = self.evaluation.inside

        def scores(which: Mask) -> dict[str, Interval]:
            weights = self._weights(int(which.sum()))
            return intervals(statistics.select(which).metrics_of, weights)

        by_class = intervals_by_class(
            statistics.select(inside).per_class_of, self._weights(int(inside.sum()))
        )
        return ConformalResults(
            level=sets.level,
            way=sets.way,
            **scores(inside),
            per_class={name: ClassSetScores(**own) for name, own in self._by_class(by_class)},
            per_condition={
                name: SetScores(**scores(mask & inside))
                for name, mask in self._conditions()
                if (mask & inside).any()
            },
            warnings=list(sets.warnings(self.evaluation.vocabulary.names)),
        )

    def accepting(self, error: float) -> AcceptResults | None:
        """The threshold the tuning split gives, and the error and share kept here."""
        stored, counted = self.evaluation.tuned.accepted, self.evaluation.accepted
        if stored is None or counted is None:
            return None
        chosen = accept(stored, error, confidence=ACCEPT_CONFIDENCE, resamples=10)
        counted = counted.select(self.evaluation.inside)
        wrong, kept = realised(counted, chosen.threshold, resamples=self.resamples, seed=self.seed)
        return AcceptResults(
            asked=error,
            confidence=ACCEPT_CONFIDENCE,
            threshold=chosen.threshold if chosen.threshold <= 1 else None,
            error=wrong,
            kept=kept,
            promise=chosen.promise,
        )

    def unlike(self) -> UnlikeResults | None:
        """The recordings unlike those learned from, and the overconfidence there and elsewhere."""
        whole = self.evaluation
        if whole.unlike is None:
            return None

        def gap(which: Mask) -> Interval:
            if not which.any():
                return Interval(None)
            chosen = whole.frames.select(which)
            return overconfidence(chosen, resamples=self.resamples, seed=self.seed)

        return UnlikeResults(
            recordings={name: list(phrases) for name, phrases in whole.unlike.items()},
            overconfidence_inside=gap(whole.inside),
            overconfidence_outside=gap(~whole.inside),
        )

    def _weights(self, recordings: int | None = None) -> NDArray[np.int64]:
        """How often each recording is in each resample; of all, unless so many are asked for."""
        count = len(self.evaluation.ids) if recordings is None else recordings
        return resample_weights(count, self.resamples, np.random.default_rng(self.seed))

    def _conditions(self) -> list[tuple[str, Mask]]:
        """Every condition, and which recordings are of it."""
        of_each = np.array(self.evaluation.conditions)
        return [(name, of_each == name) for name in sorted({*self.evaluation.conditions} - {""})]

    def _by_class(self, found: list[dict[str, Interval]]) -> list[tuple[str, dict[str, Interval]]]:
        return list(zip(self.evaluation.vocabulary.names, found, strict=True))


def _headline(scores: Mapping[str, Interval]) -> Scores:
    """A table with a place for every score of a model as a whole."""
    return Scores.of({metric.name: scores.get(metric.name) for metric in headline()})


def _of_sure(found: NoteEvaluation | None, weights: NDArray[np.int64]) -> dict[str, Interval]:
    """Intervals of the scores of the probabilities of notes; none where they are not known."""
    return {} if found is None else intervals(found.calibration.metrics_of, weights)


def _of_others(
    statistics: Mapping[str, RecordingStatistics], weights: NDArray[np.int64]
) -> dict[str, Interval]:
    """Intervals of the metrics of other packages."""
    return intervals(lambda w: scores_of_others(statistics, w), weights)


def _subgroup(statistics: FrameStatistics, weights: NDArray[np.int64]) -> SubgroupScores:
    """Quick scores of a subgroup, with how many frames and recordings it has."""
    return SubgroupScores.of(
        intervals(statistics.quick_metrics_of, weights),
        frames=int(statistics.frames.sum()),
        recordings=int((statistics.frames > 0).sum()),
    )


__getattr__ = renamed.names_of(__name__)


def unlike_cautions(inside: Mask) -> list[str]:
    """Say that nothing is promised of some recordings, if there are any.

    Parameters
    ----------
    inside
        Which recordings are like those that the model learned from, shape ``(R,)``.

    >>> unlike_cautions(np.array([True, True, False]))[0][:56]
    '1 of 3 recordings is unlike those that the model learned'
    """
    outside = int((~inside).sum())
    if not outside:
        return []
    rest = (
        f"prediction sets and accepted frames are counted on the other {int(inside.sum())}"
        if inside.any()
        else "there are no prediction sets and no accepted frames to count"
    )
    verb, them = ("is", "it") if outside == 1 else ("are", "them")
    return [
        f"{outside} of {inside.size} recordings {verb} unlike those that the model learned from; "
        f"it promises nothing of {them}, and {rest}"
    ]
