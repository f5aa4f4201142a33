"""JSON files."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from bayes_a2m.files.atomic import write_text
from bayes_a2m.files.reading import read_text, reading


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, indented, non-finite numbers refused (JSON has none).

    A list of numbers is one line: a line each would be thousands for a curve.
    """
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, _NUMBERS.sub(_on_a_line, text) + "\n")


_NUMBERS = re.compile(r"\[\n\s+[-+.\deE]+(?:,\n\s+[-+.\deE]+)*\n\s*\]")
"""A list of numbers as ``json`` indents it; within a string there are no line breaks."""


def _on_a_line(numbers: re.Match[str]) -> str:
    return "[" + ", ".join(numbers[0][1:-1].replace(",", " ").split()) + "]"


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
