"""The content of ``demo.json``: every number of the demo's page."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bayes_a2m.datasets.verify.report import VerifyRecord
from bayes_a2m.demo.steps.degrade import Degradation
from bayes_a2m.demo.steps.evaluate import Quality
from bayes_a2m.demo.steps.methods import Methods
from bayes_a2m.demo.steps.sing import Singing
from bayes_a2m.demo.steps.train import Training
from bayes_a2m.demo.steps.transcribe import DemoTranscription
from bayes_a2m.files.record import Record

MADE_BY = "bayes-a2m demo"


class DemoSections(Record):
    """The findings of every step; they repeat with the seed. None where a step did not run."""

    sing: Singing | None = None
    verify: VerifyRecord | None = None
    train: Training | None = None
    evaluate: Quality | None = None
    transcribe: DemoTranscription | None = None
    methods: Methods | None = None
    degrade: Degradation | None = None


class DemoRecord(Record):
    """The demo as programs read it.

    Attributes
    ----------
    format_version
        The version of this file; raised when a reader must change.
    made_by, version
        The verb, and the version of the package.
    settings
        The size of the demo and its seed.
    sections
        The findings of every step.
    seconds
        How long every step took.
    files
        The files of the demo.
    """

    format_version: Literal[2] = 2
    made_by: str = MADE_BY
    version: str
    settings: dict[str, Any]
    sections: DemoSections
    seconds: dict[str, float]
    files: list[str] = Field(default_factory=list)
