"""``dataset.yaml``: what of it is valid, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bayes_a2m.datasets.folder_scan import FolderSettings
from bayes_a2m.datasets.verify.problem import Problem
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.files import is_given
from bayes_a2m.files.yaml import read_yaml
from bayes_a2m.music import Vocabulary

ANY = tuple(range(128))
"""Where ``dataset.yaml`` does not say validly, no pitch is called unknown."""


def settings_in(path: Path) -> tuple[FolderSettings, list[Problem]]:
    """The valid part of ``dataset.yaml``, defaults for the rest, and the problems found."""
    if not is_given(path):
        return FolderSettings(), []

    def problem(text: str) -> Problem:
        return Problem("error", path.name, "dataset-yaml", text)

    try:
        values = read_yaml(path)
    except InputError as error:
        text = str(error).removeprefix(f"{path}: ")
        return FolderSettings(pitches=ANY), [problem(text)]
    if values is None:
        return FolderSettings(), []
    if not isinstance(values, dict):
        text = "must hold keys and values, such as 'pitches: [60, 64, 67]'"
        return FolderSettings(pitches=ANY), [problem(text)]
    wrong: set[object] = {key for key in values if not isinstance(key, str)}
    problems = [problem(f"unknown key {key!r}") for key in values if key in wrong]
    try:
        settings = FolderSettings.model_validate(_without(values, wrong))
    except ValidationError as error:
        for detail in error.errors():
            key = str(detail["loc"][0])
            wrong.add(key)
            if detail["type"] == "extra_forbidden":
                text = f"unknown key {key!r}{suggest(key, FolderSettings.model_fields)}"
            else:
                text = f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"
            problems.append(problem(text))
        settings = FolderSettings.model_validate(_without(values, wrong))
        if "pitches" in wrong:
            settings = settings.model_copy(update={"pitches": ANY})
    return settings, problems


def _without(values: Mapping[Any, Any], keys: set[object]) -> dict[Any, Any]:
    return {k: v for k, v in values.items() if k not in keys}


def vocabulary_of(settings: FolderSettings) -> tuple[Vocabulary, list[Problem]]:
    try:
        return settings.vocabulary, []
    except InputError as error:
        problem = Problem("error", "dataset.yaml", "dataset-yaml", str(error))
    pitches = tuple(sorted({p for p in settings.pitches if 0 <= p <= 127}))
    return Vocabulary(pitches or ANY), [problem]
