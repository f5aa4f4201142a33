"""The sufficient statistics of every recording that a model is evaluated on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m import renamed
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.conformal import SetStatistics
from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.evaluation.cost import Cost
from bayes_a2m.evaluation.note_evaluation import NoteEvaluation
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.metrics.recording_statistics import RecordingStatistics
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.music import Vocabulary
from bayes_a2m.notebook import Shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Evaluation(Shown):
    """Sufficient statistics of every recording, from which all scores and intervals follow.

    Attributes
    ----------
    ids, conditions, takes
        Id, condition and take of every recording.
    vocabulary
        What the classes are.
    frames, near, away
        Statistics of all frames, of those within 50 ms of a change of label, and of the others.
    stages
        Statistics of the two stages that any distribution over the classes has: silence or sound,
        over all frames; which pitch, over those that sound.
    notes
        Statistics of matched notes.
    draws
        Draws of the posterior.
    seen_takes
        Takes that the model was fitted or tuned on.
    alarm
        A sentence where draws were asked for and are one and the same.
    cost
        What the answer cost.
    raw, raw_notes
        Statistics of all frames and of notes before recalibration; None where nothing recalibrates.
    places
        Statistics of subgroups of the frames, by kind (run length, level) and name.
    tuned
        What the tuning split gave: recalibration, conformal sets, accepted frames.
    sets
        For each stored level, how often its sets hold the truth.
    accepted
        Statistics of accepted frames.
    other, raw_other
        Statistics of the metrics of other packages by name, after and before recalibration.
    unlike
        What sets recordings apart from those that the model learned from, phrases by id; None where
        that is not known.
    sure, raw_sure
        Statistics of the probabilities of notes, after and before recalibration; None where they
        are not known.
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
    other: dict[str, RecordingStatistics] = field(default_factory=dict)
    raw_other: dict[str, RecordingStatistics] = field(default_factory=dict)
    sure: NoteEvaluation | None = None
    raw_sure: NoteEvaluation | None = None
    unlike: dict[str, tuple[str, ...]] | None = None

    def table(self, *, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
        """Every score with its 95 % interval as a table, a row for each.

        Parameters
        ----------
        resamples, seed
            How often recordings are resampled, and the seed of that.

        Returns
        -------
        DataFrame
            Columns ``of`` (``all``, ``class``, ``condition``, ``boundary`` or a kind of subgroup),
            ``name`` (of the class, condition or subgroup; "" for all), ``metric``, ``value``,
            ``low`` and ``high`` (NaN where a score is undefined).

        Examples
        --------
        Accuracy by condition: ``table.query("of == 'condition' and metric == 'accuracy'")``.
        """
        import pandas as pd

        from bayes_a2m.evaluation.scoring import results_of
        from bayes_a2m.evaluation.table import COLUMNS, rows_of

        found = results_of(self, resamples=resamples, seed=seed)
        table = pd.DataFrame(rows_of(found), columns=list(COLUMNS))
        return table.astype(dict.fromkeys(("value", "low", "high"), float))

    def _shown(self) -> Mapping[str, object]:
        scores = self.frames.quick_metrics_of(np.ones((1, len(self.frames))))
        return {
            "recordings": len(self.ids),
            "draws": self.draws,
            **{name: f"{float(scores[name][0]):.4f}" for name in ("accuracy", "nll", "ece")},
            "classes": " ".join(self.vocabulary.names),
        }

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each recording is like those that were learned from, as far as is known.

        What a model promises, it promises of these.
        """
        return np.array(
            [not self.unlike or name not in self.unlike for name in self.ids], dtype=bool
        )


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
