"""The registry holds the parts of models, scores and reports by name, open to other packages.

A part is a class with a ``name``, a ``group`` and, where it has settings, ``Options``; a metric is
a record with a name and a group. What ships stands in one table of strings and is imported when it
is used. A part of another package comes in one of three ways:

- its package declares an entry point ``name = package.module:Class`` in the group
  ``bayes_a2m.<group>`` (``bayes_a2m.networks``, for one): it is found wherever that package is
  installed;
- ``bayes_a2m.register(Class)``: it is known in this process, and in those that work for it;
- an experiment file names ``package.module:Class``: reading the file imports it.

Looking a name up imports nothing that is not in the table, installed with an entry point, or
registered, so that a model directory from elsewhere cannot have code imported.

>>> get("networks", "crnn").__name__
'CRNN'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, metadata
from typing import Any, TypeVar

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.version import __version__

SHIPPED: Mapping[str, Mapping[str, str]] = {
    "networks": {
        "crnn": "bayes_a2m.networks.crnn:CRNN",
        "cascade": "bayes_a2m.networks.cascade:Cascade",
        "transformer": "bayes_a2m.networks.transformer:Transformer",
        "unet": "bayes_a2m.networks.unet:UNet",
        "unet_bilstm": "bayes_a2m.networks.unet_bilstm:UNetBiLSTM",
        "harmonic_unet": "bayes_a2m.networks.harmonic_unet:HarmonicUNet",
        "tcn": "bayes_a2m.networks.tcn:TCN",
        "equivariant": "bayes_a2m.networks.equivariant:Equivariant",
    },
    "heads": {
        "one_stage": "bayes_a2m.networks.heads:OneStage",
        "two_stage": "bayes_a2m.networks.heads:TwoStage",
        "cascade": "bayes_a2m.networks.heads:CascadeHead",
        "scores": "bayes_a2m.networks.heads:Scores",
        "evidential": "bayes_a2m.networks.evidential:Evidential",
    },
    "posteriors": {
        "point": "bayes_a2m.posteriors.point:Point",
        "mc_dropout": "bayes_a2m.posteriors.mc_dropout:MCDropout",
        "ensemble": "bayes_a2m.posteriors.ensemble:DeepEnsemble",
        "distilled": "bayes_a2m.posteriors.distilled:Distilled",
        "latent_times": "bayes_a2m.posteriors.latent_times:LatentTimes",
        "variational": "bayes_a2m.posteriors.variational:Variational",
        "laplace": "bayes_a2m.posteriors.laplace:Laplace",
        "fine_tuned": "bayes_a2m.posteriors.fine_tuned:FineTuned",
        "sgmcmc": "bayes_a2m.posteriors.sgmcmc:SGMCMC",
        "hmc": "bayes_a2m.posteriors.hmc:HMC",
        "knn": "bayes_a2m.baselines.knn:KNN",
        "lpc": "bayes_a2m.baselines.lpc:LPC",
        "pyin": "bayes_a2m.baselines.pyin:PYIN",
        "swift_f0": "bayes_a2m.baselines.swift_f0:SwiftF0",
        "basic_pitch": "bayes_a2m.baselines.basic_pitch:BasicPitch",
        "crepe": "bayes_a2m.baselines.crepe:CREPE",
    },
    "features": {
        "cqt": "bayes_a2m.audio.features:CQTFeatures",
        "mel": "bayes_a2m.audio.features:MelFeatures",
    },
    # the simplest first: the order in which a more complex one has to be better
    "recalibrations": {
        "none": "bayes_a2m.calibration.methods:Identity",
        "temperature": "bayes_a2m.calibration.methods:Temperature",
        "stages": "bayes_a2m.calibration.stagewise:Stagewise",
        "vector": "bayes_a2m.calibration.methods:VectorScaling",
        "dirichlet": "bayes_a2m.calibration.methods:Dirichlet",
        "isotonic": "bayes_a2m.calibration.methods:Isotonic",
    },
    "metrics": {},
    # in the order of the page; those of other packages come before the last
    "report_sections": {
        "confusion": "bayes_a2m.reporting.report.sections.confusion:Confusion",
        "reliability": "bayes_a2m.reporting.report.sections.reliability:Reliability",
        "notes": "bayes_a2m.reporting.report.sections.notes:Notes",
        "recordings": "bayes_a2m.reporting.report.sections.recordings:Recordings",
        "slices": "bayes_a2m.reporting.report.sections.slices:Slices",
        "selective": "bayes_a2m.reporting.report.sections.selective:SelectivePrediction",
        "conformal": "bayes_a2m.reporting.report.sections.selective:Conformal",
        "distributions": "bayes_a2m.reporting.report.sections.uncertainty:Distributions",
        "variance": "bayes_a2m.reporting.report.sections.uncertainty:Variance",
        "entropy": "bayes_a2m.reporting.report.sections.uncertainty:Entropy",
        "training": "bayes_a2m.reporting.report.sections.training:Training",
        "embeddings": "bayes_a2m.reporting.report.sections.embeddings:Embeddings",
        "about": "bayes_a2m.reporting.report.sections.about:About",
    },
}
"""The parts that the package itself brings, by group: their names and where their classes are."""

NOUNS: Mapping[str, str] = {
    "networks": "network",
    "heads": "head",
    "posteriors": "posterior",
    "features": "features",
    "recalibrations": "recalibration",
    "metrics": "metric",
    "report_sections": "report section",
}
"""The word for one part of a group in messages."""

ENTRY_POINTS = "bayes_a2m."
"""The start of the names of groups of entry points."""

TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
"""The form of a class written as ``package.module:Class``."""

Part = TypeVar("Part")

_registered: dict[tuple[str, str], Any] = {}
# the one state of the package: what this process was told to know, beside what is installed


@dataclass(frozen=True)
class Origin:
    """The origin of a part, as a model directory records it.

    Attributes
    ----------
    group, name
        The group and name of the part.
    target
        Its class, as ``package.module:Class``.
    distribution, version
        The installed package that brings it; empty where it is of none.
    """

    group: str
    name: str
    target: str
    distribution: str = ""
    version: str = ""

    def to_dict(self) -> dict[str, str]:
        """The fields by name, without the empty ones."""
        return {key: value for key, value in vars(self).items() if value}


def register(part: Part, *, name: str | None = None) -> Part:
    """Make a class known to this process, and to those that train or predict for it.

    Parameters
    ----------
    part
        A network, posterior, head, features, recalibration or report section: a class with the
        ``group`` that its base class gives it, and a ``name``; or a metric's record. Usable as a
        decorator.
    name
        A name to register it under, instead of its own.

    Returns
    -------
    type or Metric
        The part that was given.

    Raises
    ------
    InputError
        If the part is no such class, has no name, or the name belongs to a part that ships.
    """
    group: str = getattr(part, "group", "")
    if not _is_part(part, group):
        raise InputError(
            f"register: {part!r} is no part: derive it from bayes_a2m.Network, Posterior, Head, "
            "Features, Recalibration, Metric or ReportSection"
        )
    known_as = name or getattr(part, "name", None)
    if not isinstance(known_as, str) or not known_as:
        raise InputError(f"register: {part!r} needs a name: a class attribute 'name'")
    ships = SHIPPED[group].get(known_as)
    if ships is not None and ships != target_of(part):
        raise InputError(
            f"register: {NOUNS[group]} {known_as!r} ships with bayes_a2m; give "
            f"{target_of(part)} another name"
        )
    _registered[group, known_as] = part
    return part


def forget(part: Any) -> None:
    """Take back what :func:`register` did."""
    for key in [key for key, known in _registered.items() if known is part]:
        del _registered[key]


def registered() -> tuple[tuple[str, Any], ...]:
    """The names and classes that were registered, for a process that is to know them, too."""
    return tuple((name, part) for (_, name), part in _registered.items())


def get(group: str, name: str, *, key: str = "") -> Any:
    """Find the class of a part by its name.

    Parameters
    ----------
    group
        A group: a key of :data:`SHIPPED`.
    name
        Its name, or ``package.module:Class`` of a class that is registered.
    key
        The key that the name was given under (``network.name``), for the error.

    Raises
    ------
    InputError
        If there is no such part: the nearest name is suggested.
    """
    for (in_group, known_as), part in _registered.items():
        if in_group == group and name in (known_as, target_of(part)):
            return part
    if name in SHIPPED[group]:
        return _loaded(SHIPPED[group][name])
    point = _entry_points(group).get(name)
    if point is not None:
        return _checked(point.load(), group, f"entry point {name} of {_distribution(point)[0]}")
    noun, place = NOUNS[group], f"{key}: " if key else ""
    if TARGET.fullmatch(name):
        raise InputError(
            f"{place}{noun} {name!r} is not registered; import it and call "
            f"bayes_a2m.register({name.partition(':')[2]}), or pass it to "
            "load_model(directory, register=[...])"
        )
    known_names = names(group)
    raise InputError(
        f"{place}unknown {noun} {name!r}{suggest(name, known_names)}; "
        f"known: {', '.join(known_names)}"
    )


def is_known(group: str, name: str) -> bool:
    """Whether :func:`get` would find a part; nothing is imported."""
    if name in SHIPPED[group] or name in _entry_points(group):
        return True
    return any(
        in_group == group and name in (known_as, target_of(part))
        for (in_group, known_as), part in _registered.items()
    )


def names(group: str) -> list[str]:
    """The names of a group's parts: those that ship first, then others'."""
    others = [name for in_group, name in _registered if in_group == group]
    return list(dict.fromkeys([*SHIPPED[group], *others, *_entry_points(group)]))


def shipped_networks() -> dict[str, Any]:
    """The classes of the networks that ship, by name."""
    return {name: get("networks", name) for name in SHIPPED["networks"]}


def shipped_heads() -> dict[str, Any]:
    """The classes of the heads that ship, by name."""
    return {name: get("heads", name) for name in SHIPPED["heads"]}


def posterior_names() -> tuple[str, ...]:
    """The names of the posteriors that ship, baselines among them."""
    return tuple(SHIPPED["posteriors"])


def baseline_names() -> tuple[str, ...]:
    """The names of the posteriors that ship and train no network."""
    everyone = posterior_names()
    return tuple(name for name in everyone if not get("posteriors", name).trains_network)


def import_target(target: str, *, key: str = "") -> Any:
    """Import ``package.module:Class`` and register it under that name.

    It is for names that the user wrote, never for those of a file from elsewhere.

    Raises
    ------
    InputError
        If the class cannot be imported, or is no part.
    """
    module, _, name = target.partition(":")
    place = f"{key}: " if key else ""
    try:
        part = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"{place}{target}: cannot be imported ({error}); install its package, or put its "
            "folder on PYTHONPATH"
        ) from error
    return register(part, name=target)


def origin(group: str, name: str) -> Origin:
    """Find the origin of a part: its class, and the package that brings it.

    Raises
    ------
    InputError
        If there is no such part.
    """
    part = get(group, name)
    point = _entry_points(group).get(name)
    if point is not None and (group, name) not in _registered:
        return Origin(group, name, target_of(part), *_distribution(point))
    package = part.__module__.partition(".")[0]
    if package == __package__:
        return Origin(group, name, target_of(part), package, __version__)
    brought_by = _packages().get(package, [])
    if not brought_by:
        return Origin(group, name, target_of(part))
    return Origin(group, name, target_of(part), brought_by[0], metadata.version(brought_by[0]))


def target_of(part: Any) -> str:
    """The form ``package.module:Class`` of a class; for a record, its class and name.

    >>> target_of(Origin)
    'bayes_a2m.registry:Origin'
    """
    if isinstance(part, type):
        return f"{part.__module__}:{part.__qualname__}"
    return f"{target_of(type(part))}({part.name})"


def _loaded(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _checked(part: Any, group: str, source: str) -> Any:
    if getattr(part, "group", None) != group or not _is_part(part, group):
        raise InputError(f"{source}: {part!r} is no {NOUNS[group]} of bayes_a2m")
    return part


def _is_part(part: Any, group: str) -> bool:
    """Whether something can be a part of a group: a class or, among metrics, a record."""
    return group in SHIPPED and isinstance(part, type) != (group == "metrics")


@cache
def _entry_points(group: str) -> dict[str, metadata.EntryPoint]:
    """The entry points of a group: a scan of what is installed, made once."""
    return {point.name: point for point in metadata.entry_points(group=ENTRY_POINTS + group)}


@cache
def _packages() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _distribution(point: metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("another package", "")
