"""``python -m bayes_a2m.schemas``: write the JSON schemas anew."""

from __future__ import annotations

from pathlib import Path

from bayes_a2m.schemas.generation import write_schemas

write_schemas(Path(__file__).parent)
