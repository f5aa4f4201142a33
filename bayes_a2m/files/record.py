"""Contents of JSON files as typed and frozen records; the JSON schemas are made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bayes_a2m.errors import InputError
from bayes_a2m.files.json import read_json, write_json

Count: TypeAlias = Annotated[int, Field(ge=0)]
"""How many there are of something."""


class Record(BaseModel):
    """The base of all that is written as JSON.

    A field whose name in files is no name in Python, or another word, has an alias; either is
    taken. A field that the record does not have is refused, so that nothing is lost unseen.

    >>> class Answer(Record):
    ...     share: float | None
    >>> Answer(share=0.5).to_dict()
    {'share': 0.5}
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names that files have."""
        return self.model_dump(mode="json", by_alias=True)

    def write(self, path: Path) -> None:
        """Write the record as a JSON file, atomically."""
        write_json(path, self.to_dict())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the record from a JSON file.

        Raises
        ------
        InputError
            If the file is missing, is not JSON, or holds something else.
        """
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"{path}: {where or 'the whole'}: {first['msg']}") from error
