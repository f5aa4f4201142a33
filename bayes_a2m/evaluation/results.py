"""The content of ``metrics.json``: every score of a model on some recordings, with its interval."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bayes_a2m.diagnostics.calibration_summary import CalibrationSummary, Trust
from bayes_a2m.evaluation.cost import Cost
from bayes_a2m.evaluation.note_results import NoteResults
from bayes_a2m.files.record import Count, Record
from bayes_a2m.metrics.metric import Family
from bayes_a2m.resampling.bootstrap import Interval
from bayes_a2m.resampling.score_table import Scores, ScoreTable


class SubgroupScores(ScoreTable):
    """Scores of some of the frames, those that are quick to resample.

    Attributes
    ----------
    frames, recordings
        Frames of the subgroup, and recordings that have any.
    """

    frames: Count
    recordings: Count


class ClassScores(ScoreTable):
    """Scores of one class against the rest.

    Attributes
    ----------
    trust
        How often a prediction of the class is right, at each level of confidence.
    """

    families: ClassVar[tuple[Family, ...]] = ("class",)

    trust: Trust


class StageScores(Record):
    """Scores of the two stages that any distribution over the classes has.

    Attributes
    ----------
    silence
        Silence against sound, over all frames.
    pitch
        The pitch given sound, over the frames that sound; None where none does.
    """

    silence: SubgroupScores | None
    pitch: SubgroupScores | None


class SliceScores(Record):
    """Scores by subgroup.

    Attributes
    ----------
    run_length
        By duration of the note or rest.
    level
        By level of the sound.
    take
        By the take that recordings were cut from.
    """

    run_length: dict[str, SubgroupScores] = Field(default_factory=dict)
    level: dict[str, SubgroupScores] = Field(default_factory=dict)
    take: dict[str, SubgroupScores] = Field(default_factory=dict)


class SetScores(Record):
    """Coverage and size of the conformal prediction sets of one group of frames.

    Attributes
    ----------
    coverage
        Share of frames whose set holds the truth.
    size
        Mean number of classes in a set.
    single
        Share of frames whose set has one class.
    """

    coverage: Interval
    size: Interval
    single: Interval


class ClassSetScores(SetScores):
    """Coverage and size of the prediction sets of the frames of one class.

    Attributes
    ----------
    recording_coverage
        Mean over the recordings that have the class of the share covered, which is what sets by
        recordings promise.
    """

    recording_coverage: Interval = Interval(None)


class ConformalResults(SetScores):
    """Conformal prediction sets of one level.

    Attributes
    ----------
    level
        The share of sets that shall hold the truth.
    way
        ``recordings`` where the threshold was found by recordings, ``pooled`` where by frames.
    per_class, per_condition
        Coverage and size by true class and by condition.
    warnings
        Sentences about what the level does not promise.
    """

    level: float
    way: Literal["recordings", "pooled"]
    per_class: dict[str, ClassSetScores]
    per_condition: dict[str, SetScores]
    warnings: list[str]


class AcceptResults(Record):
    """Selective prediction: accepting only frames of enough confidence.

    Attributes
    ----------
    asked
        Share of accepted frames that may be wrong.
    confidence
        Chance, over tuning splits, that this share is kept.
    threshold
        The least confidence accepted; None where no threshold keeps the share.
    error, kept
        Share of accepted frames that are wrong, and share of frames accepted, here.
    promise
        What the threshold promises, in a sentence.
    """

    asked: float
    confidence: float
    threshold: float | None
    error: Interval | None
    kept: Interval | None
    promise: str


class CalibrationResults(CalibrationSummary):
    """The calibration of a model.

    Attributes
    ----------
    recalibration
        The method that recalibrates it.
    gain
        Scores after recalibration less those before, paired; None where nothing recalibrates.
    conformal
        Its conformal prediction sets, level by level.
    accept
        Selective prediction; None where the model stores nothing for it.
    """

    recalibration: str
    gain: dict[str, Interval] | None
    conformal: list[ConformalResults]
    accept: AcceptResults | None


class UnlikeResults(Record):
    """The recordings unlike those that a model learned from, of which it promises nothing.

    Attributes
    ----------
    recordings
        What sets each apart, phrases by id.
    overconfidence_inside, overconfidence_outside
        Mean confidence less accuracy over the frames of all other recordings, and of these.
    """

    recordings: dict[str, list[str]]
    overconfidence_inside: Interval
    overconfidence_outside: Interval


class EvaluationResults(Record):
    """Every score of a model on some recordings.

    Attributes
    ----------
    format_version
        The version of this file; raised when a reader must change.
    recordings, frames, draws
        How many there are.
    metrics, raw
        Scores, and scores before recalibration.
    per_class, per_condition
        Scores by the names of classes and of conditions.
    stages
        Scores of silence against sound, and of the pitch given sound.
    near_boundary, away_from_boundary
        Scores of frames within 50 ms of a change of label, and of the others.
    without_seen_takes
        Scores on recordings of takes the model never saw; None where that is all or none.
    by_place
        Scores by subgroup.
    calibration
        Its calibration. Conformal sets and selective prediction are those of the recordings like
        the ones that it learned from.
    unlike
        The other recordings; None where it is not known which these are.
    notes
        The probabilities of its notes; None where they are not known.
    confusion
        Frames by true class (row) and predicted class (column).
    cost
        What the answer cost.
    """

    format_version: Literal[1] = 1
    recordings: Count
    frames: Count
    draws: Count
    metrics: Scores
    raw: Scores
    per_class: dict[str, ClassScores]
    per_condition: dict[str, Scores]
    stages: StageScores
    near_boundary: Scores
    away_from_boundary: Scores
    without_seen_takes: Scores | None
    by_place: SliceScores
    calibration: CalibrationResults
    unlike: UnlikeResults | None = None
    confusion: list[list[Count]]
    cost: Cost
    notes: NoteResults | None = None
