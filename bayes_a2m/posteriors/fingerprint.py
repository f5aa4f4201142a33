"""One fingerprint of everything that decides a model tells whether two trainings are the same.

A study's cell, an interrupted training, a fold and an audit all ask whether what lies there was
made of the same settings, sounds and labels. Each compares :func:`training_inputs`, or their
:func:`fingerprint`; so none can forget a setting that another counts.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bayes_a2m import registry
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.dataset import Dataset

if TYPE_CHECKING:
    from bayes_a2m.networks.network import Network
    from bayes_a2m.posteriors.posterior import Posterior

FORMAT = 2
"""A part of every fingerprint, raised where the same inputs come to mean another model.

2: settings that a network or posterior has by default count, and not only those that a file names.
"""

LATER = (("training", "labels"), ("windows", "random"))
"""Settings that came later: without them, a model has the fingerprint it had before them."""


def training_inputs(
    experiment: Experiment, fit: Dataset, tune: Dataset, start: str | None = None
) -> dict[str, Any]:
    """Everything that decides a model, as JSON holds it.

    Parameters
    ----------
    experiment
        The settings of the training; its seed counts.
    fit, tune
        The recordings that the model is fitted and tuned on.
    start
        The fingerprint of the model that the training goes on from, if any.

    Raises
    ------
    InputError
        If the network or the posterior is not known, or a setting is not right.
    """
    return {
        "format": FORMAT,
        "experiment": settings_that_count(experiment),
        "fit": recordings_of(fit),
        "tune": recordings_of(tune),
        "start": start,
    }


def fingerprint(inputs: Any) -> str:
    """Twelve hexadecimal digits of a SHA-256; the order of keys does not matter.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(inputs, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def settings_that_count(experiment: Experiment) -> dict[str, Any]:
    """The settings that a result depends on, defaults among them: a later version may have others.

    A posterior that trains no network has no settings of networks, windows and training; and how
    many processors work on an ensemble changes nothing.
    """
    kind: type[Posterior] = registry.get(
        "posteriors", experiment.posterior.name, key="posterior.name"
    )
    without = {"description", "network", "posterior"}
    if not kind.trains_network:
        without |= {"windows", "training"}
    if experiment.singing is None:
        without |= {"singing"}  # as it was before there was such a section
    values: dict[str, Any] = experiment.model_dump(mode="json", exclude=without)
    for section, name in LATER:
        # as it was before there was such a setting
        if values.get(section, {}).get(name) in (None, False):
            values.get(section, {}).pop(name, None)
    options = kind.checked(experiment.posterior.settings).model_dump(mode="json")
    options.pop("jobs", None)
    values["posterior"] = {"name": experiment.posterior.name, **options}
    if kind.trains_network:
        named = experiment.architecture
        network: type[Network] = registry.get("networks", named.name, key="network.name")
        values["network"] = {
            "name": named.name,
            **network.parse(named.settings).model_dump(mode="json"),
        }
    return values


def recordings_of(data: Dataset) -> dict[str, Any]:
    """Everything a model could learn from recordings: sounds, and labels to the microsecond."""
    return {
        "pitches": [list(data.vocabulary.pitches), data.vocabulary.sounding_offset],
        "recordings": {
            r.id: [
                r.hash,
                r.condition,
                r.take,
                [[round(n.onset, 6), round(n.offset, 6), n.pitch] for n in r.notes or ()],
            ]
            for r in data
        },
    }


def what_differs(known: Any, wanted: dict[str, Any]) -> str:
    """The difference between two trainings, in words; empty where there is none.

    Parameters
    ----------
    known
        The inputs of the training that is there, read from a file.
    wanted
        The inputs of the training that is asked for.

    >>> what_differs({"experiment": 1, "fit": 2}, {"experiment": 1, "fit": 3})
    'other recordings or labels'
    """
    if not isinstance(known, dict):
        return "something else"
    reasons = {
        "experiment": "other settings",
        "fit": "other recordings or labels",
        "tune": "other recordings or labels",
        "start": "another model to start from",
    }
    for key, words in reasons.items():
        if known.get(key) != wanted.get(key):
            return words
    return "" if known == wanted else "another version"
