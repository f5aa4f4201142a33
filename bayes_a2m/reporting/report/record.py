"""The content of ``report.json``: what was reported on, the verdicts, every score."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bayes_a2m.evaluation import EvaluationResults
from bayes_a2m.evaluation.note_results import NoteResults
from bayes_a2m.files.record import Record
from bayes_a2m.reporting.report.requirement import Checked
from bayes_a2m.reporting.report.verdict import ClassVerdict
from bayes_a2m.resampling.bootstrap import Interval

MADE_BY = "bayes-a2m report"


class ReportedModel(Record):
    """A model or a file of predictions.

    Attributes
    ----------
    name
        The name that the page gives it.
    origin
        ``model`` or ``predictions``.
    method
        The uncertainty method; "" where that is not known.
    provenance
        What is known of where it comes from, by name.
    verdicts
        The verdict on every class.
    metrics
        The content of ``metrics.json``.
    """

    name: str
    origin: str
    method: str
    provenance: dict[str, str] = Field(default_factory=dict)
    verdicts: list[ClassVerdict]
    metrics: EvaluationResults


class ReportedNotes(Record):
    """The notes of another tool: onset F1 by tolerance, and whether its confidences come true."""

    name: str
    f1: dict[str, Interval]
    results: NoteResults


class ReportRecord(Record):
    """The report as programs read it.

    Attributes
    ----------
    format_version
        The version of this file; raised when a reader must change.
    made_by, version
        The verb, and the version of the package.
    data, recordings
        The name of the data, and the ids of its recordings that were scored.
    models, notes
        What was reported on.
    requirements
        What the user required, and whether it is kept.
    """

    format_version: Literal[2] = 2
    made_by: str = MADE_BY
    version: str
    data: str
    recordings: list[str]
    models: list[ReportedModel]
    notes: list[ReportedNotes] = Field(default_factory=list)
    requirements: list[Checked] = Field(default_factory=list)
