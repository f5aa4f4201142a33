"""The findings of an audit, as ``audit.json`` holds them and its tables show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.label_audit.lag import (
    Change,
    LagSpread,
    RecordingLag,
    changes_of,
    lag_profiles,
    pooled_lag,
    recording_lags,
)
from bayes_a2m.label_audit.record import (
    AuditRecord,
    KindLag,
    LagRecord,
    SegmentRecord,
    SuspectRecord,
)
from bayes_a2m.label_audit.suspects import OutOfFoldPrediction, Suspect, suspects
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.music import FrameGrid
from bayes_a2m.resampling.bootstrap import Interval

NOT_MOVED = ("mismatched MIDI", "octave", "doubtful audio")
"""Causes of recordings that no shift makes right."""

KINDS = ("onset", "offset", "change")


@dataclass(frozen=True, eq=False)
class Lags:
    """The lags of a data set in seconds: of all, by condition, by kind of change, by recording."""

    whole: Interval
    by_condition: dict[str, Interval]
    by_kind: dict[str, KindLag]
    recordings: list[RecordingLag]
    spreads: dict[str, LagSpread]
    changes: list[Change]


@dataclass(frozen=True, eq=False)
class Findings:
    """The findings of an audit.

    Attributes
    ----------
    data
        The recordings that were audited.
    grid
        The grid of its frames.
    predictions
        The out-of-fold predictions of every recording, in the data set's order.
    lags
        None where no label ever changes.
    suspects
        The most suspicious first.
    """

    data: Dataset
    grid: FrameGrid
    predictions: list[OutOfFoldPrediction]
    lags: Lags | None
    suspects: list[Suspect]

    @property
    def moves(self) -> dict[str, float]:
        """The seconds by which labels should be moved later, by the id of the recording."""
        if self.lags is None:
            return {}
        never = {s.id for s in self.suspects if s.cause in NOT_MOVED}
        pairs = zip(self.data, self.lags.recordings, strict=True)
        return {r.id: lag.value for r, lag in pairs if lag.changes and r.id not in never}

    @property
    def record(self) -> AuditRecord:
        """The findings as ``audit.json`` holds them; times in seconds."""
        lags = self.lags
        return AuditRecord(
            data=self.data.name,
            recordings=len(self.data),
            lag=None
            if lags is None
            else LagRecord(
                data_set=lags.whole,
                by_condition=lags.by_condition,
                by_kind=lags.by_kind,
                spread=lags.spreads,
            ),
            suspects=tuple(self._row(rank, s) for rank, s in enumerate(self.suspects, start=1)),
        )

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain values."""
        return self.record.to_dict()

    def _row(self, rank: int, suspect: Suspect) -> SuspectRecord:
        """One recording of the record."""
        names, i = self.data.vocabulary.names, self.data.ids.index(suspect.id)
        segments = tuple(
            SegmentRecord(
                start=s.start,
                end=s.end,
                label=names[s.label],
                heard=names[s.predicted],
                kind=s.kind,
                evidence=s.log_ratio,
            )
            for s in suspect.segments
        )
        own = {key: value for key, value in vars(suspect).items() if key != "segments"}
        return SuspectRecord(
            rank=rank,
            condition=self.data[i].condition,
            split=self.data[i].split,
            lag=None if self.lags is None else self.lags.recordings[i],
            stretches=segments,
            **own,
        )


def audit_labels(
    data: Dataset,
    grid: FrameGrid,
    predictions: list[OutOfFoldPrediction],
    frame_log_probs: Sequence[Floats] | None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Findings:
    """Measure lags and rank recordings.

    Parameters
    ----------
    data
        The recordings that are audited.
    grid
        The grid of the frames.
    predictions
        The out-of-fold predictions of every recording, in the data set's order.
    frame_log_probs
        The log-probabilities ``(frames, class)`` of single frames, an array a recording; None
        where there is one class only.
    resamples, seed
        The resampling of recordings for the intervals of lags.
    """
    ranked = suspects(predictions, grid, data.vocabulary)
    never = {s.id for s in ranked if s.cause in NOT_MOVED}
    try:
        lags = (
            None
            if frame_log_probs is None
            else _lags(data, grid, frame_log_probs, never, resamples, seed)
        )
    except InputError:  # no label changes
        lags = None
    return Findings(data, grid, predictions, lags, ranked)


def _lags(
    data: Dataset,
    grid: FrameGrid,
    frame_log_probs: Sequence[Floats],
    never: set[str],
    resamples: int,
    seed: int,
) -> Lags:
    labels = data.labels_on(grid)
    conditions = np.array([r.condition for r in data])
    usable = np.array([r.id not in never for r in data])
    profiles = lag_profiles(frame_log_probs, labels, grid)
    changes = changes_of(frame_log_probs, labels, grid)
    recordings, spreads = recording_lags(changes, [str(c) for c in conditions])

    def pooled(which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Interval:
        return pooled_lag(profiles, which & usable, resamples=resamples, seed=seed)

    return Lags(
        pooled(np.ones(len(data), dtype=bool)),
        {str(c): pooled(conditions == c) for c in dict.fromkeys(conditions) if c},
        {kind: _of_kind(changes, kind) for kind in KINDS},
        recordings,
        spreads,
        changes,
    )


def _of_kind(changes: Sequence[Change], kind: str) -> KindLag:
    """How many changes there are, their median lag, and where the middle half lies."""
    lags = np.array([c.lag for c in changes if c.kind == kind])
    if not lags.size:
        return KindLag(changes=0, median=None, lower_quartile=None, upper_quartile=None)
    lower, middle, upper = (float(q) for q in np.quantile(lags, [0.25, 0.5, 0.75]))
    return KindLag(
        changes=int(lags.size), median=middle, lower_quartile=lower, upper_quartile=upper
    )
