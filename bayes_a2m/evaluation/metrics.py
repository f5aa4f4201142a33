"""What ``metrics.json`` says: every score of an evaluation, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.calibration.selective import accept, realised
from bayes_a2m.diagnostics.calibration_summary import calibration_summary, trust
from bayes_a2m.metrics.frames import NAMES, PER_CLASS_NAMES
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals, intervals_by_class, resample_weights

if TYPE_CHECKING:
    from bayes_a2m.evaluation.evaluation import Evaluation

ACCEPT_CONFIDENCE = 0.9
"""Chance, over tuning parts, that the share of errors asked for is kept."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Metrics:
    """The scores of an evaluation; all see the same resamples of its recordings."""

    evaluation: Evaluation
    resamples: int
    seed: int

    def to_dict(self, accept_error: float) -> dict[str, Any]:
        """All of it; ``accept_error`` is the share of accepted frames that may be wrong."""
        whole = self.evaluation
        everyone = np.ones(len(whole.ids), dtype=bool)
        taken = np.array([bool(t) and t in whole.seen_takes for t in whole.takes], dtype=bool)
        scores = self.scores(everyone)
        return {
            "format_version": 1,
            "recordings": len(whole.ids),
            "frames": int(whole.frames.frames.sum()),
            "draws": whole.draws,
            "metrics": scores,
            "raw": scores if whole.raw is None else self.raw_scores(),
            "per_class": self.per_class(),
            "per_condition": {name: self.scores(mask) for name, mask in self._conditions()},
            "stages": self.stages(),
            "near_boundary": self.scores(everyone, whole.near),
            "away_from_boundary": self.scores(everyone, whole.away),
            "without_seen_takes": (
                self.scores(~taken) if taken.any() and not taken.all() else None
            ),
            "by_place": self.by_place(),
            "calibration": {
                "recalibration": whole.tuned.recalibration.name,
                "gain": self.gain(),
                "conformal": [self.coverage(i) for i in range(len(whole.sets))],
                "accept": self.accepting(accept_error),
                **calibration_summary(
                    whole.frames,
                    whole.vocabulary.names,
                    resamples=self.resamples,
                    seed=self.seed,
                ),
            },
            "confusion": whole.frames.confusion.sum(axis=0).astype(int).tolist(),
            "cost": vars(whole.cost),
        }

    def scores(self, which: Mask, frames: FrameStatistics | None = None) -> dict[str, Any]:
        """Scores of some recordings; of their notes, too, unless only some frames are asked for."""
        weights = self._weights(int(which.sum()))
        found = intervals((frames or self.evaluation.frames).select(which).metrics_of, weights)
        if frames is None:
            found |= intervals(self.evaluation.notes.select(which).metrics_of, weights)
        return {name: _triple(found.get(name)) for name in NAMES}

    def raw_scores(self) -> dict[str, Any]:
        """Scores before recalibration."""
        frames, notes = self.evaluation.raw, self.evaluation.raw_notes
        assert frames is not None
        assert notes is not None
        weights = self._weights()
        found = intervals(frames.metrics_of, weights) | intervals(notes.metrics_of, weights)
        return {name: _triple(found.get(name)) for name in NAMES}

    def gain(self) -> dict[str, Any] | None:
        """Recalibrated less raw, paired: below zero is better but for accuracy and the like."""
        recalibrated, raw = self.evaluation.frames, self.evaluation.raw
        if raw is None:
            return None

        def difference(w: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
            after, before = recalibrated.metrics_of(w), raw.metrics_of(w)
            return {name: after[name] - before[name] for name in after}

        return _triples(intervals(difference, self._weights()))

    def per_class(self) -> dict[str, Any]:
        """Scores of every class, and how far it can be trusted where it is called."""
        weights = self._weights()
        found = intervals_by_class(self.evaluation.frames.per_class_of, weights)
        trusted = trust(self.evaluation.frames, weights)
        return {
            name: {score: _triple(scores.get(score)) for score in PER_CLASS_NAMES}
            | {"trust": trusted[k]}
            for k, (name, scores) in enumerate(self._by_class(found))
        }

    def stages(self) -> dict[str, Any]:
        """Scores of silence against sound, and of the pitch where there is sound."""
        weights = self._weights()
        return {
            name: _quick(counts, weights) if counts.frames.any() else None
            for name, counts in self.evaluation.stages.items()
        }

    def by_place(self) -> dict[str, Any]:
        """Scores by run length, level and take; only those that are quick to resample."""
        whole, weights = self.evaluation, self._weights()
        scored = {
            kind: {
                place: _quick(counts, weights)
                for place, counts in places.items()
                if counts.frames.any()
            }
            for kind, places in whole.places.items()
        }
        by_take = {}
        for take in sorted(set(whole.takes) - {""}):
            which = np.array(whole.takes) == take
            by_take[take] = _quick(whole.frames.select(which), self._weights(int(which.sum())))
        return {**scored, "take": by_take}

    def coverage(self, i: int) -> dict[str, Any]:
        """Of the sets of one level: how often they hold the truth, and how large they are."""
        sets, counts = self.evaluation.tuned.sets[i], self.evaluation.sets[i]

        def scores(which: Mask) -> dict[str, Any]:
            weights = self._weights(int(which.sum()))
            return _triples(intervals(counts.select(which).metrics_of, weights))

        by_class = intervals_by_class(counts.per_class_of, self._weights())
        return {
            "level": sets.level,
            "way": sets.way,
            **scores(np.ones(len(self.evaluation.ids), dtype=bool)),
            "per_class": {name: _triples(found) for name, found in self._by_class(by_class)},
            "per_condition": {name: scores(mask) for name, mask in self._conditions()},
            "warnings": sets.warnings(self.evaluation.vocabulary.names),
        }

    def accepting(self, error: float) -> dict[str, Any] | None:
        """The threshold the tuning part gives, and the error and share kept of these recordings."""
        stored, counted = self.evaluation.tuned.accepted, self.evaluation.accepted
        if stored is None or counted is None:
            return None
        chosen = accept(stored, error, confidence=ACCEPT_CONFIDENCE, resamples=10)
        wrong, kept = realised(counted, chosen.threshold, resamples=self.resamples, seed=self.seed)
        return {
            "asked": error,
            "confidence": ACCEPT_CONFIDENCE,
            "threshold": chosen.threshold if chosen.threshold <= 1 else None,
            "error": _triple(wrong),
            "kept": _triple(kept),
            "promise": chosen.promise,
        }

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


def _quick(counts: FrameStatistics, weights: NDArray[np.int64]) -> dict[str, Any]:
    """Quick scores of a place, with how many frames and recordings it has."""
    facts = {"frames": int(counts.frames.sum()), "recordings": int((counts.frames > 0).sum())}
    return {**facts, **_triples(intervals(counts.quick_metrics_of, weights))}


def _triples(found: dict[str, Interval]) -> dict[str, Any]:
    return {name: _triple(one) for name, one in found.items()}


def _triple(interval: Interval | None) -> dict[str, float | None] | None:
    """A score as ``metrics.json`` holds it; null where this version has no such score."""
    return None if interval is None else vars(interval)
