"""Search spaces: YAML files that say which settings are searched, and where.

A space is a file of ``experiments/spaces`` or one of the user's. Its parameters stand under the
dotted keys of an experiment file: a range (``low``, ``high``, and ``log`` or ``step``), whole
numbers where both ends are, or ``choices``. Settings that are known to be good stand under
``known``; they are tried first. A space may inherit from one other (``base:``), as experiments do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, ValidationError, model_validator

from bayes_a2m.config import yaml_files
from bayes_a2m.config.experiment import Experiment, import_named, validate_experiment
from bayes_a2m.config.settings import Settings, explain
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.models import check
from bayes_a2m.models.construction import posterior_class

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution

Values = dict[str, Any]
"""Settings by their dotted keys."""


class Parameter(Settings):
    """One setting that is searched: a range, or choices."""

    low: float | None = Field(None, description="the least value")
    high: float | None = Field(None, description="the greatest")
    log: bool = Field(False, description="search its logarithm")
    step: float | None = Field(None, gt=0, description="from one value to the next")
    choices: tuple[Any, ...] | None = Field(None, min_length=1, description="in place of a range")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        ranged = self.low is not None or self.high is not None
        if ranged == (self.choices is not None):
            raise ValueError("give low and high, or choices")
        if self.choices is not None:
            if self.log or self.step is not None:
                raise ValueError("choices have neither log nor step")
            return self
        if self.low is None or self.high is None or not self.low < self.high:
            raise ValueError("low must be less than high; give both")
        if self.log and self.low <= 0:
            raise ValueError("log: low must be greater than zero")
        if self.log and self.step is not None:
            raise ValueError("give log or step, not both")
        return self

    @property
    def whole(self) -> bool:
        """Whether the values of a range are whole numbers."""
        numbers = [n for n in (self.low, self.high, self.step) if n is not None]
        return all(float(n).is_integer() for n in numbers)

    @property
    def distribution(self) -> BaseDistribution:
        """The distribution that Optuna draws from."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        if self.choices is not None:
            return CategoricalDistribution([self.stored(value) for value in self.choices])
        assert self.low is not None
        assert self.high is not None
        if self.whole:
            step = 1 if self.step is None else int(self.step)
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=step)
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def stored(self, value: Any) -> Any:
        """A value as Optuna keeps it: lists and mappings as JSON text."""
        return json.dumps(_plain(value)) if isinstance(value, list | tuple | dict) else value

    def given(self, stored: Any) -> Any:
        """A value as an experiment takes it, from what Optuna keeps."""
        if self.choices is None:
            return stored
        return next(c for c in self.choices if self.stored(c) == stored)

    def holds(self, value: Any) -> bool:
        """Whether a value is one of those that are searched."""
        try:
            return bool(self.distribution._contains(self._internal(value)))
        except (ValueError, TypeError):
            return False

    def _internal(self, value: Any) -> float:
        return float(self.distribution.to_internal_repr(self.stored(value)))


def _plain(value: Any) -> Any:
    """A nested value in which whole numbers are written one way, 1 and not 1.0."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Budget(Settings):
    """Settings of what one trial may cost.

    Attributes
    ----------
    folds
        The number of folds that the train split is divided into.
    used
        The number of these that a trial is scored on.
    epochs
        The epochs of a training; None: as the experiment says. Baselines have none.
    """

    folds: int = Field(5, ge=2)
    used: int = Field(1, ge=1)
    epochs: int | None = Field(10, ge=1)

    @model_validator(mode="after")
    def _no_more_than_there_are(self) -> Self:
        if self.used > self.folds:
            raise ValueError(f"used: there are only {self.folds} folds")
        return self


class StartSettings(Settings):
    """Settings of the networks that all trials go on from, one a fold."""

    experiment: str = "crnn"
    set: Values = Field(default_factory=dict)


class Space(Settings):
    """A search space.

    Attributes
    ----------
    parameters
        The parameters by their dotted keys.
    known
        Settings that are tried first; what one does not name is as the experiment has it.
    budget
        What a trial may cost.
    start
        The experiment whose networks are trained once, and that every trial goes on from.
    draws
        The number of draws that a trial is scored with.
    """

    description: str = ""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    known: tuple[Values, ...] = ()
    budget: Budget = Budget()
    start: StartSettings | None = None
    draws: int = Field(10, ge=1)

    @model_validator(mode="after")
    def _something_is_searched(self) -> Self:
        if not self.parameters:
            raise ValueError("parameters: name at least one setting to search")
        return self

    def suggested(self, trial: Trial) -> Values:
        """Let a trial choose the values; by their dotted keys, as an experiment takes them."""
        from optuna.distributions import CategoricalDistribution, IntDistribution

        chosen: Values = {}
        for key, parameter in self.parameters.items():
            wanted = parameter.distribution
            if isinstance(wanted, CategoricalDistribution):
                stored: Any = trial.suggest_categorical(key, wanted.choices)
            elif isinstance(wanted, IntDistribution):
                stored = trial.suggest_int(
                    key, wanted.low, wanted.high, step=wanted.step, log=wanted.log
                )
            else:
                low, high = float(parameter.low or 0.0), float(parameter.high or 0.0)
                stored = trial.suggest_float(key, low, high, step=parameter.step, log=parameter.log)
            chosen[key] = parameter.given(stored)
        return chosen

    def stored(self, values: Mapping[str, Any]) -> Values:
        """Values as Optuna keeps them."""
        return {key: self.parameters[key].stored(value) for key, value in values.items()}

    def first(self, experiment: Experiment) -> list[Values]:
        """The settings to try first: the experiment's own, then those that are known to be good.

        Those of the experiment are left out where one of them is not in the space.
        """
        own = {key: setting_of(experiment, key) for key in self.parameters}
        inside = {key: value for key, value in own.items() if self.parameters[key].holds(value)}
        found = [own] if len(inside) == len(own) else []
        for known in self.known:
            whole = {**inside, **known}
            if whole not in found:
                found.append(whole)
        return found


def setting_of(experiment: Experiment, dotted: str) -> Any:
    """The value that an experiment has under a dotted key, defaults among them; None: it has none.

    >>> setting_of(Experiment(), "training.batch")
    10
    """
    from bayes_a2m.posteriors.fingerprint import settings_that_count

    value: Any = {
        **experiment.model_dump(mode="json"),
        **settings_that_count(experiment),
    }
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def with_values(values: Mapping[str, Any], experiment: Experiment, source: str) -> Experiment:
    """Lay values by dotted keys over an experiment.

    Raises
    ------
    InputError
        If a key or value is not right (the nearest key is suggested).
    """
    whole = experiment.model_dump(mode="json", exclude_none=True)
    for dotted, value in values.items():
        yaml_files.put(whole, dotted, value, source=source)
    import_named(whole)
    changed = validate_experiment(whole, source)
    try:
        check(changed)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    return changed


def shipped_spaces() -> dict[str, Path]:
    """The files of the spaces that ship, by name."""
    folder = Path(str(resources.files("bayes_a2m.experiments"))) / "spaces"
    return {p.stem: p for p in sorted(folder.glob("*.yaml"))}


def find_space(name: str | Path | None, experiment: Experiment, called: str) -> Path:
    """Find the file of a space: a path, a name that ships, or what suits an experiment.

    Parameters
    ----------
    name
        A path or a name; None: that of the experiment, its posterior or its network.
    experiment
        The experiment.
    called
        The name that the experiment was given under.

    Raises
    ------
    InputError
        If there is none.
    """
    known = shipped_spaces()
    if name is not None:
        return yaml_files.find_file(name, known, what="search space", hints={})
    names = [Path(called).stem, experiment.posterior.name]
    if posterior_class(experiment.posterior.name).trains_network:
        names.append(experiment.architecture.name)
    for wanted in names:
        if wanted in known:
            return known[wanted]
    raise InputError(
        f"{called}: no search space ships for it; give --space FILE, or one of {', '.join(known)}"
    )


def load_space(path: Path, experiment: Experiment) -> Space:
    """Read a space and check it against the experiment whose settings it searches.

    Raises
    ------
    InputError
        If a key is misspelt (the right one is suggested), a range is none, or a known setting is
        not in the space.
    """
    values = yaml_files.read(
        path,
        lambda name: yaml_files.find_file(name, shipped_spaces(), what="search space", hints={}),
    )
    try:
        space = Space.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error, Space)}") from error
    for key, parameter in space.parameters.items():
        value = parameter.choices[0] if parameter.choices else parameter.low
        if parameter.choices is None and parameter.whole:
            value = int(parameter.low or 0)
        with_values({key: value}, experiment, f"{path}: parameters.{key}")
    for number, known in enumerate(space.known, start=1):
        for key, value in known.items():
            place = f"{path}: known {number}: {key}"
            if key not in space.parameters:
                raise InputError(
                    f"{place}: is not searched{suggest(key, space.parameters)}; searched: "
                    f"{', '.join(space.parameters)}"
                )
            if not space.parameters[key].holds(value):
                raise InputError(f"{place}: {value} is not among the values that are searched")
    return space
