"""The page on the Python names: those of ``bayes_a2m/__init__.pyi``, and of modules named here."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

STUB = ROOT / "bayes_a2m" / "__init__.pyi"

PAGE = "reference/python.md"

ROOMS = {
    "datasets": "Data",
    "music": "Pitches, frames and notes",
    "audio": "Features",
    "networks": "Networks",
    "posteriors": "Uncertainty methods",
    "baselines": "Baselines",
    "prediction": "Predictions",
    "evaluation": "Evaluation",
    "calibration": "Recalibration",
    "models": "Saved models",
    "registry": "Parts of your own",
    "config": "Settings",
    "errors": "Errors",
}
"""Parts of the page by the room that a name comes from, in order; others come last."""

MODULES = {
    "Scores of frames": "bayes_a2m.metrics.frames",
    "Figures on your own axes": "bayes_a2m.plot",
    "Figures": "bayes_a2m.reporting.figures",
    "Notes": "bayes_a2m.decoding.note_posterior",
    "Recording conditions": "bayes_a2m.datasets.conditions.twin",
    "Calibration summary": "bayes_a2m.diagnostics.calibration_summary",
}
"""Modules that are shown whole, by what they are for."""

HERE = "<!-- The names, written by docs/site/api.py -->"
"""Where in the page they go."""


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Fill the page."""
    return markdown.replace(HERE, names()) if page.file.src_uri == PAGE else markdown


def public() -> dict[str, list[str]]:
    """The public names by room, each as the path of its definition.

    >>> public()["evaluation"]
    ['bayes_a2m.evaluation.evaluate.evaluate']
    """
    found: dict[str, list[str]] = {}
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module not in (None, "version"):
            room = str(node.module).partition(".")[0]
            names = [f"bayes_a2m.{node.module}.{one.name}" for one in node.names]
            found.setdefault(room, []).extend(names)
    return found


def names() -> str:
    """All of them as Markdown, for mkdocstrings to fill in.

    >>> names().count("::: bayes_a2m.") > 30
    True
    """
    found = public()
    rooms = [*ROOMS, *(room for room in found if room not in ROOMS)]
    text = ""
    for room in rooms:
        if room in found:
            text += f"## {ROOMS.get(room, room.capitalize())}\n\n"
            text += "".join(f"::: {name}\n\n" for name in found[room])
    for title, module in MODULES.items():
        place = ROOT / module.replace(".", "/")
        if place.with_suffix(".py").is_file() or (place / "__init__.py").is_file():
            text += f"## {title}: `{module}`\n\n::: {module}\n    options:\n"
            text += "      show_root_heading: false\n      show_root_toc_entry: false\n\n"
    return text
