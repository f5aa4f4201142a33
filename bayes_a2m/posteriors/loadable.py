"""A model that could not be loaded again is refused before it is trained, not when it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from bayes_a2m import registry
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from bayes_a2m.networks.network import Network
    from bayes_a2m.posteriors.posterior import Posterior

NESTED = {"head": "heads", "trunk": "networks", "method": "posteriors"}
"""Settings that name a further part, and the group it is of."""


def ensure_loadable(posterior: Posterior, network: Network | None = None) -> None:
    """Refuse a model whose directory could not be read again.

    Parameters
    ----------
    posterior
        A posterior that is not fitted yet.
    network
        The network that it is about, if it is about one.

    Raises
    ------
    InputError
        If a class is not the one its name stands for, or settings are no plain values.
    """
    experiment = posterior.experiment
    _is_known(type(posterior), experiment.posterior.name)
    _is_known(type(experiment.features), experiment.features.kind)
    if network is not None:
        _is_known(type(network), experiment.architecture.name)
    written = experiment.model_dump(mode="json")
    try:
        read: Any = yaml.safe_load(yaml.safe_dump(written))
    except yaml.YAMLError as error:
        raise InputError(f"{posterior.name}: a setting cannot be written to a file") from error
    if read != written:
        raise InputError(
            f"{posterior.name}: a setting is not the same once it is written to a file"
        )


def _is_known(kind: type, name: str) -> None:
    """See that looking a name up gives this very class."""
    group: str = kind.group  # type: ignore[attr-defined]
    advice = (
        f"call bayes_a2m.register({kind.__name__}) first, so that the model can be loaded again"
    )
    try:
        registered = registry.get(group, name)
    except InputError as error:
        noun = registry.NOUNS[group]
        raise InputError(f"{noun} {name!r} is not registered: {advice}") from error
    if registered is not kind:
        raise InputError(
            f"{registry.NOUNS[group]} {name!r} is another class, "
            f"{registry.target_of(registered)}: give {kind.__name__} a name of its own; {advice}"
        )


def parts_of(experiment: Experiment) -> list[registry.Origin]:
    """The parts that an experiment names, and where each comes from."""
    named = [("features", experiment.features.kind), ("posteriors", experiment.posterior.name)]
    named += _nested(experiment.posterior.settings)
    kind: type[Posterior] = registry.get("posteriors", experiment.posterior.name)
    if kind.trains_network:
        named.append(("networks", experiment.architecture.name))
        named += _nested(experiment.architecture.settings)
    return [registry.origin(group, name) for group, name in dict.fromkeys(named)]


def _nested(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, group in NESTED.items():
        given = settings.get(key)
        if isinstance(given, str):
            yield group, given
        elif isinstance(given, dict) and "name" in given:
            yield group, str(given["name"])
            yield from _nested(given)


def ensure_parts(parts: Any, source: str) -> None:
    """Refuse to go on where a model is made of parts that are not known here.

    Parameters
    ----------
    parts
        The parts as :func:`parts_of` gives them, read from a file; models of 0.1.0 have none.
    source
        The model directory, for the error.

    Raises
    ------
    InputError
        If one is not known: which package to install, or what to register. Nothing is imported
        to find out but what is installed with an entry point, or registered.
    """
    for part in parts if isinstance(parts, list) else []:
        if not isinstance(part, dict) or part.get("group") not in registry.SHIPPED:
            raise InputError(f"{source}: config.yaml: parts is not as this version writes it")
        group, name = part["group"], str(part.get("name"))
        if registry.is_known(group, name):
            continue
        noun, target = registry.NOUNS[group], part.get("target")
        by_hand = f"load_model(directory, register=[{str(target).rpartition(':')[2]}])"
        package = part.get("distribution")
        if package:
            version = part.get("version", "")
            raise InputError(
                f"{source}: {noun} {name!r} comes from the package {package} {version}, which is "
                f"not installed: 'pip install {package}', or {by_hand}"
            )
        raise InputError(
            f"{source}: {noun} {name!r} is the class {target} of no package: import it where it "
            f"is defined, and call {by_hand}"
        )
