"""JSON schemas from the records, one a file.

``python -m bayes_a2m.schemas`` writes them; a test compares what is committed with what it would
write.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bayes_a2m.comparison.compare import Comparison
from bayes_a2m.datasets.verify.report import VerifyRecord
from bayes_a2m.demo.record import DemoRecord
from bayes_a2m.diagnostics.calibration_summary import CalibrationSummary
from bayes_a2m.evaluation.results import EvaluationResults
from bayes_a2m.files import write_json
from bayes_a2m.files.record import Record
from bayes_a2m.label_audit.record import AuditRecord
from bayes_a2m.reporting.report.record import ReportRecord
from bayes_a2m.studies.record import StudyRecord
from bayes_a2m.transcription.record import TranscribeRecord

RECORDS: Mapping[str, type[Record]] = {
    "audit": AuditRecord,
    "calibration": CalibrationSummary,
    "compare": Comparison,
    "demo": DemoRecord,
    "metrics": EvaluationResults,
    "report": ReportRecord,
    "study": StudyRecord,
    "transcribe": TranscribeRecord,
    "verify": VerifyRecord,
}
"""The name of each schema, and the record it describes."""


def schema_of(record: type[Record]) -> dict[str, Any]:
    """The JSON schema of a record, with the first paragraph of every docstring as description.

    >>> schema_of(VerifyRecord)["properties"]["errors"]
    {'minimum': 0, 'type': 'integer'}
    """
    schema = record.model_json_schema(mode="serialization", by_alias=True)
    for part in (schema, *schema.get("$defs", {}).values()):
        _tidy(part)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def write_schemas(folder: Path) -> None:
    """Write the schema of every record into a folder, replacing those that are there."""
    for name, record in RECORDS.items():
        write_json(folder / f"{name}.json", schema_of(record))


def _tidy(part: dict[str, Any]) -> None:
    """Shorten descriptions, leave out titles that only repeat names, and allow nothing unnamed."""
    if "description" in part:
        part["description"] = " ".join(part["description"].partition("\n\n")[0].split())
    for name, own in part.get("properties", {}).items():
        if own.get("title", "").lower().replace(" ", "_") == name.lower():
            del own["title"]
    if part.get("type") == "object":
        # records of the standard library say neither what is required nor what is forbidden
        if part.get("additionalProperties", True) is True:
            part["additionalProperties"] = False
        part["required"] = list(part.get("properties", {}))
