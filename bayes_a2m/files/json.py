"""JSON files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from bayes_a2m.files.atomic import write_text
from bayes_a2m.files.reading import read_text, reading


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, indented, non-finite numbers refused (JSON has none)."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    InputError
        If it is missing, cannot be read, is not JSON, or holds numbers that JSON has not.
    """
    text = read_text(path, "JSON")
    with reading(path, "JSON"):
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    """A number, unless it is too large for one."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]} is too large")
    return value
