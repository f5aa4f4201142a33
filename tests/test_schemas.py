"""The JSON schemas are those of the records, and describe what the program writes."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import pytest

from bayes_a2m.files import read_json
from bayes_a2m.schemas.generation import RECORDS, schema_of, write_schemas

FOLDER = Path(str(importlib.resources.files("bayes_a2m") / "schemas"))


@pytest.mark.parametrize("name", RECORDS)
def test_the_committed_schema_is_that_of_the_record(name: str) -> None:
    committed = read_json(FOLDER / f"{name}.json")
    assert committed == schema_of(RECORDS[name]), "run: python -m bayes_a2m.schemas"


def test_no_schema_is_without_a_record(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in FOLDER.glob("*.json")}


def test_nothing_unnamed_is_allowed_and_everything_named_is_required() -> None:
    schema = schema_of(RECORDS["metrics"])
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is not True
        assert part["required"] == list(part["properties"])
    assert "note_ece" in schema["$defs"]["Scores"]["required"]
    assert "from" in schema["$defs"]["ReliabilityBin"]["properties"]
