"""The content of ``audit.json``: lags between label and sound, and every recording by suspicion."""

from __future__ import annotations

from typing import Literal

from bayes_a2m.files.record import Count, Record
from bayes_a2m.label_audit.lag import LagSpread, RecordingLag
from bayes_a2m.resampling.bootstrap import Interval


class KindLag(Record):
    """The lags of single label changes of one kind, in seconds.

    Attributes
    ----------
    changes
        How many there are.
    median, lower_quartile, upper_quartile
        Their median and where the middle half lies; None where there are none.
    """

    changes: Count
    median: float | None
    lower_quartile: float | None
    upper_quartile: float | None


class LagRecord(Record):
    """The lag of the sound behind its label, in seconds.

    Attributes
    ----------
    data_set, by_condition
        The lag of all recordings, and of each condition.
    by_kind
        The lags of single changes by kind: ``onset``, ``offset``, ``change``.
    spread
        How lags scatter between and within recordings, by condition.
    """

    data_set: Interval
    by_condition: dict[str, Interval]
    by_kind: dict[str, KindLag]
    spread: dict[str, LagSpread]


class SegmentRecord(Record):
    """A stretch of a recording in which label and sound disagree.

    Attributes
    ----------
    start, end
        Seconds from the start of the recording.
    label, heard
        The class that the label says, and the one that is heard.
    kind
        What kind of disagreement it is.
    evidence
        Nats against the label.
    """

    start: float
    end: float
    label: str
    heard: str
    kind: str
    evidence: float


class SuspectRecord(Record):
    """One recording and the evidence against its labels.

    Attributes
    ----------
    rank
        Its place among all recordings, the most suspicious first.
    id, condition, split
        Which recording it is.
    score, low, high
        Nats against its labels, and the 5th and 95th percentile over draws.
    cause, words
        The probable cause, and the same in a sentence.
    agreement
        Share of frames on which labels and transcription agree.
    shift
        Seconds by which the labels fit best against what the model expects.
    lag
        The lag of the recording; None where no lag could be measured.
    stretches
        The disagreements, the strongest first.
    """

    rank: int
    id: str
    condition: str
    split: str
    score: float
    low: float
    high: float
    cause: str
    words: str
    agreement: float
    shift: float
    lag: RecordingLag | None
    stretches: tuple[SegmentRecord, ...]


class AuditRecord(Record):
    """The findings of an audit of labels.

    Attributes
    ----------
    format_version
        The version of this file; raised when a reader must change.
    data
        The name of the data set.
    recordings
        How many recordings it has.
    lag
        Lags between label and sound; None where no label ever changes.
    suspects
        Every recording, the most suspicious first.
    """

    format_version: Literal[1] = 1
    data: str
    recordings: Count
    lag: LagRecord | None
    suspects: tuple[SuspectRecord, ...]
