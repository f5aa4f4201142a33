"""Networks by name, and their settings checked before anything is built."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import ConfigDict, ValidationError, create_model

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.networks.cascade import Cascade
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.network import Network

NETWORKS: dict[str, type[Network]] = {kind.name: kind for kind in (CRNN, Cascade)}


def make_network(name: str, settings: Mapping[str, Any], *, bins: int, classes: int = 2) -> Network:
    """A network from an experiment's settings.

    Parameters
    ----------
    name
        One of :data:`NETWORKS`.
    settings
        Keyword arguments of its class; their types are checked against its signature.
    bins, classes
        Size of its input and output.

    Raises
    ------
    InputError
        If there is no such network, or it has no such setting, or not of that type.
    """
    kind = named(name, NETWORKS, "network.name")
    return kind(bins, classes, **checked(kind, settings))


def named(name: str, kinds: Mapping[str, type[Network]], key: str) -> type[Network]:
    """The kind of network of this name; ``key`` is named in the error.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in kinds:
        raise InputError(
            f"{key}: unknown network {name!r}{suggest(name, kinds)}; known: {', '.join(kinds)}"
        )
    return kinds[name]


def checked(
    kind: type[Network], settings: Mapping[str, Any], place: str = "network"
) -> dict[str, Any]:
    """The settings, converted to the types that the network's signature names.

    ``place`` is where an experiment file has them, for errors.
    """
    hints = get_type_hints(kind.__init__)
    own = {
        p.name: (hints[p.name], p.default)
        for p in inspect.signature(kind.__init__).parameters.values()
        if p.kind is p.KEYWORD_ONLY
    }
    model = create_model("Settings", __config__=ConfigDict(extra="forbid"), **own)  # type: ignore[call-overload]
    try:
        values = model.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise InputError(f"unknown key '{place}.{key}'{suggest(key, own)}") from error
        dotted = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{place}.{dotted}: {first['msg']}") from error
    return {name: getattr(values, name) for name in values.model_fields_set}
