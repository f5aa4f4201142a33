"""The JSON schemas are those of the records, and describe what the program writes."""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from bayes_a2m.files import read_json
from bayes_a2m.schemas.generation import RECORDS, schema_of, write_schemas

FOLDER = Path(str(importlib.resources.files("bayes_a2m") / "schemas"))


@pytest.mark.parametrize("name", RECORDS)
def test_the_committed_schema_is_that_of_the_record(name: str) -> None:
    committed, made = read_json(FOLDER / f"{name}.json"), schema_of(RECORDS[name])
    if not describes_dataclasses():
        committed, made = without_descriptions(committed), without_descriptions(made)
    assert committed == made, "run: python -m bayes_a2m.schemas"


def describes_dataclasses() -> bool:
    """Whether this pydantic takes over the docstrings of dataclasses, as later ones do."""

    @dataclass
    class Described:
        """A description."""

        value: int

    return "description" in TypeAdapter(Described).json_schema()


def without_descriptions(schema: Any) -> Any:
    """The same schema with nothing but what it demands."""
    if isinstance(schema, list):
        return [without_descriptions(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {k: v for k, v in schema.items() if k != "description" or not isinstance(v, str)}
    return {key: without_descriptions(part) for key, part in kept.items()}


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
