"""Contents of a data folder, before any file is opened, and the settings that lie in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.files import is_given, reading
from bayes_a2m.files.yaml import read_yaml
from bayes_a2m.music import Vocabulary
from bayes_a2m.music.polyphony import Rule

SOUND = (".wav", ".flac")
"""Endings of the sound files of a data folder."""


class FolderSettings(BaseModel):
    """Settings in ``dataset.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str | None = None
    source: str | None = None
    pitches: tuple[int, ...] = (60, 64, 67)
    sounding_offset: int = Field(0, ge=-48, le=48)
    middle_c: str = "C4"
    seconds: float | None = Field(None, gt=0, description="the length every recording should have")
    polyphony: Rule = Field("latest", description="which of several notes at once is heard")

    @property
    def vocabulary(self) -> Vocabulary:
        """Classes of the set."""
        return Vocabulary(self.pitches, self.sounding_offset, self.middle_c)


@dataclass(frozen=True)
class Entry:
    """Number of the folder: its files, where they exist, and its row of metadata."""

    id: str
    sound: Path | None
    midi: Path | None
    condition: str = ""
    split: str = ""
    take: str = ""


@dataclass(frozen=True)
class FolderScan:
    """Contents of a data folder, before any file is opened.

    Attributes
    ----------
    entries
        One entry a number, in the order of the numbers.
    unknown
        Ids of metadata rows that have no file.
    has_splits
        Whether the metadata name splits.
    """

    path: Path
    settings: FolderSettings
    entries: tuple[Entry, ...]
    unknown: tuple[str, ...]
    has_splits: bool


def read_settings(path: Path) -> FolderSettings:
    """Read the settings of ``dataset.yaml``; the defaults where there is no such file.

    Raises
    ------
    InputError
        If it cannot be read, is not YAML, or holds an unknown key or a bad value.
    """
    if not is_given(path):
        return FolderSettings()
    values: Any = read_yaml(path)
    with reading(path, "settings of a data folder"):
        try:
            settings = FolderSettings.model_validate({} if values is None else values)
            _ = settings.vocabulary
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                hint = suggest(key, FolderSettings.model_fields)
                raise InputError(f"{path}: unknown key {key!r}{hint}") from error
            raise InputError(f"{path}: {key or 'the whole'}: {first['msg']}") from error
    return settings
