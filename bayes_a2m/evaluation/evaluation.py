"""Counts of every recording, from which all scores and their intervals follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.conformal import SetStatistics
from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.evaluation.cost import Cost
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.music import Vocabulary

RESAMPLES = 1000
"""Of recordings, for each interval."""

ACCEPT_ERROR = 0.05
"""Share of accepted frames that may be wrong where nothing else is asked."""


@dataclass(frozen=True)
class Evaluation:
    """Counts of every recording, and what follows from them.

    Attributes
    ----------
    frames, near, away
        Counts of all frames, of those within 50 ms of a change of label, and of the others.
    stages
        Of the two stages that any law over the classes has (silence or sound; which pitch, given
        sound): counts of the first over all frames, of the second over sounding ones.
    notes
        Counts of matched notes.
    conditions, takes
        Of every recording.
    seen_takes
        Takes that the model was fitted or tuned on.
    alarm
        A sentence, where draws were asked for and are one and the same.
    raw, raw_notes
        Counts of all frames and of notes before recalibration; None where nothing recalibrates.
    places
        Kind of place (run length, level) to place to the counts of its frames.
    tuned
        What the tuning part said: recalibration, conformal sets, accepted frames.
    sets
        Of each stored level, how often its sets hold the truth.
    accepted
        Counts of accepted frames.
    """

    ids: tuple[str, ...]
    conditions: tuple[str, ...]
    takes: tuple[str, ...]
    vocabulary: Vocabulary
    frames: FrameStatistics
    near: FrameStatistics
    away: FrameStatistics
    stages: dict[str, FrameStatistics]
    notes: NoteStatistics
    draws: int
    seen_takes: tuple[str, ...] = ()
    alarm: str | None = None
    cost: Cost = field(default_factory=Cost)
    raw: FrameStatistics | None = None
    raw_notes: NoteStatistics | None = None
    places: dict[str, dict[str, FrameStatistics]] = field(default_factory=dict)
    tuned: Calibrator = field(default_factory=Calibrator)
    sets: tuple[SetStatistics, ...] = ()
    accepted: AcceptStatistics | None = None

    def to_dict(
        self, *, resamples: int = RESAMPLES, seed: int = 0, accept_error: float = ACCEPT_ERROR
    ) -> dict[str, Any]:
        """The content of ``metrics.json``: every score with its 95 % interval.

        Parameters
        ----------
        resamples, seed
            Of the recordings; all scores see the same resamples.
        accept_error
            Share of accepted frames that may be wrong: what threshold keeps it, and does it?
        """
        from bayes_a2m.evaluation.metrics import Metrics

        return Metrics(self, resamples, seed).to_dict(accept_error)
