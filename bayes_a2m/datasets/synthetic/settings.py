"""Settings of synthetic recordings."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bayes_a2m.datasets.conditions import CONDITIONS
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.music import Vocabulary

LOWEST_HZ, HIGHEST_HZ = 55.0, 1200.0
"""Range of the singers: A1 to D6."""


class SynthesisSettings(BaseModel):
    """Settings of a set of synthetic recordings; with the seed they decide every sample.

    Raises
    ------
    InputError
        If a value is out of range, a condition unknown, or a pitch beyond what voices reach.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recordings: int = Field(60, ge=1, le=99999)
    seconds: float = Field(4.0, ge=0.5, le=3600)
    pitches: tuple[int, ...] = (60, 64, 67)
    sounding_offset: int = Field(0, ge=-48, le=48)
    conditions: tuple[str, ...] = Field(("studio", "noisy", "laptop"), min_length=1)
    severity: tuple[float, float] = Field((0.0, 3.0), description="drawn between these, 0 to 5")
    tempo: tuple[float, float] = Field((60.0, 140.0), description="beats a minute, from and to")
    out_of_vocabulary: float = Field(0.0, ge=0, le=0.9, description="share of the notes")
    label_lag_ms: float = Field(0.0, ge=-500, le=500, description="labels late by this much")
    label_jitter_ms: float = Field(0.0, ge=0, le=200, description="standard deviation per edge")
    sample_rate: int = Field(16000, ge=8000, le=96000)
    seed: int = Field(0, ge=0)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                raise InputError(
                    f"unknown key {key!r}{suggest(key, type(self).model_fields)}"
                ) from error
            # our own words are wrapped by pydantic, the original is in the context
            message = str(first.get("ctx", {}).get("error", first["msg"]))
            raise InputError(f"{key}: {message}" if key else message) from error

    @property
    def vocabulary(self) -> Vocabulary:
        """Classes of the labels."""
        return Vocabulary(self.pitches, self.sounding_offset)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name, (low, high), top in (
            ("severity", self.severity, 5.0),
            ("tempo", self.tempo, 400.0),
        ):
            if not 0 <= low <= high <= top:
                raise InputError(f"{name}: give two numbers in order between 0 and {top:g}")
        if self.tempo[0] < 20:
            raise InputError(f"tempo: {self.tempo[0]:g} beats a minute is slower than 20")
        for name in self.conditions:
            if name not in CONDITIONS:
                known = ", ".join(CONDITIONS)
                hint = suggest(name, CONDITIONS)
                raise InputError(f"no recording condition {name!r}{hint}; there are: {known}")
        for pitch in self.vocabulary.pitches:
            f0 = 440.0 * 2 ** ((pitch + self.sounding_offset - 69) / 12)
            if not LOWEST_HZ <= f0 <= HIGHEST_HZ:
                raise InputError(
                    f"pitch {pitch} would sound at {f0:.0f} Hz; these voices reach from "
                    f"{LOWEST_HZ:.0f} to {HIGHEST_HZ:.0f} Hz"
                )
        return self
