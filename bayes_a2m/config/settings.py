"""Settings of parts are checked in one place and refused in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from bayes_a2m.errors import InputError, suggest

MOST = 10_000_000
"""A whole number among settings, at most: of units, epochs, frames."""

MOST_SEED = 2**63 - 1
"""A seed at most: what generators take."""


class Settings(BaseModel):
    """The base of all settings: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _in_proportion(self) -> Self:
        """Refuse whole numbers that would ask for years, or for more memory than there is."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            numbers = value if isinstance(value, tuple) else (value,)
            most = MOST_SEED if name in ("seed", "seeds") else MOST
            for number in numbers:
                if isinstance(number, int) and abs(number) > most:
                    raise ValueError(f"{name}: {number} is out of all proportion, {most} at most")
        return self


Model = TypeVar("Model", bound=BaseModel)


def parse_settings(kind: type[Model], values: Mapping[str, Any], place: str = "") -> Model:
    """Check the values of a part's settings: an instance of its ``Options``.

    Parameters
    ----------
    kind
        The class of the settings.
    values
        The values that a person gave, in a file or as keywords.
    place
        The key under which an experiment file has them (``network.head``), for the error.

    Raises
    ------
    InputError
        If one is unknown (the nearest is suggested) or not of its type.

    >>> class Options(Settings):
    ...     hidden: int = 96
    >>> parse_settings(Options, {"hidden": "12"}, "network").hidden
    12
    >>> parse_settings(Options, {"hiden": 12}, "network")
    Traceback (most recent call last):
        ...
    bayes_a2m.errors.InputError: unknown key 'network.hiden' (did you mean 'hidden'?); known: hidden
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(explain(error, kind, place)) from error


def explain(error: ValidationError, model: type[BaseModel], place: str = "") -> str:
    """Say the first thing that is wrong, in one line, with the right key where one is near.

    Parameters
    ----------
    error
        The error that pydantic raised.
    model
        The settings that were validated.
    place
        The key that they stand under in a file.
    """
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):  # a part has said it, its place and all
        return str(cause)
    path = [str(part) for part in first["loc"]]
    dotted = ".".join([place, *path] if place else path)
    if first["type"] == "extra_forbidden":
        known = _fields(model, path[:-1])
        words = f"known: {', '.join(known)}" if known else "there are no settings"
        return f"unknown key {dotted!r}{suggest(path[-1], known)}; {words}"
    words = first["msg"].removeprefix("Value error, ")
    return f"{dotted}: {words}" if dotted else words


def _fields(model: Any, path: Sequence[str]) -> list[str]:
    """The names of the fields at a path of nested settings."""
    options = [model]
    keys = iter(path)
    for key in keys:
        annotations = [o.model_fields[key].annotation for o in options if key in o.model_fields]
        if any(get_origin(annotation) is dict for annotation in annotations):
            next(keys, None)  # the name of one among them, which people choose
        options = [m for annotation in annotations for m in _models_in(annotation)]
    return [name for option in options for name in option.model_fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The settings classes that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _models_in(part)]
