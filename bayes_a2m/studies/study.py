"""Study files: arms that are compared, and the seeds that each is trained from.

A study is a YAML file. Every arm is an experiment with a few settings changed; every arm is
trained once a seed; and each is compared with the reference arm on the same recordings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from bayes_a2m.config import yaml_files
from bayes_a2m.config.experiment import (
    Experiment,
    find_experiment,
    import_named,
    shipped,
    validate_experiment,
)
from bayes_a2m.config.settings import Settings, explain
from bayes_a2m.datasets.synthetic.settings import SynthesisSettings
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.files import is_given


class FitSettings(Settings):
    """The recordings of the train split that an arm is fitted and tuned on; all, unless told."""

    conditions: tuple[str, ...] | None = Field(None, min_length=1)
    recordings: int | None = Field(
        None, ge=2, description="so many, of every condition alike; the fewer are among the more"
    )


class DataSettings(Settings):
    """Settings of the study's own data, made from nothing or from what is given; one at most."""

    voices: dict[str, Any] | None = Field(None, description="synthetic voices, as synth makes")
    join: float | None = Field(None, gt=0, description="put recordings end to end, to so many s")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.voices is not None and self.join is not None:
            raise ValueError("give voices or join, not both")
        if self.voices is not None:
            SynthesisSettings(**self.voices)  # refuses what is wrong
        return self


class Arm(Settings):
    """An arm: one of the experiments that a study compares.

    Attributes
    ----------
    experiment
        The name of an experiment that ships, or a file beside the study's.
    set
        The settings that are changed, by dotted keys.
    start
        Another arm, whose model of the same seed this one goes on from.
    fit
        The recordings that it learns from.
    """

    experiment: str = "crnn"
    set: dict[str, Any] = Field(default_factory=dict)
    start: str | None = None
    fit: FitSettings = FitSettings()


class Study(Settings):
    """All settings of a study.

    Attributes
    ----------
    arms
        The arms by name, in the order of the table.
    reference
        The arm that the others are compared with; the first, unless named.
    seeds
        The seeds; every arm is trained from each.
    set
        The settings that are changed in all arms.
    data
        The study's own data, if any.
    folds
        The number of folds, by take and stratified by condition; every arm is then trained once a
        seed and fold, and scored on the recordings that it was not trained on. None: no folds.
    split
        The split that all are scored on, ``validation`` unless named; with folds the split that is
        divided into them, all recordings but a test split unless named.
    draws
        The number of draws.
    """

    description: str = ""
    arms: dict[str, Arm] = Field(min_length=1)
    reference: str = ""
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    set: dict[str, Any] = Field(default_factory=dict)
    data: DataSettings = DataSettings()
    folds: int | None = Field(None, ge=2)
    split: str | None = None
    draws: int = Field(30, ge=1)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        for name in self.arms:
            if not re.fullmatch(r"\w[\w.+-]*", name):
                raise ValueError(f"arms: {name!r} must be a word: it names files")
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError("seeds: give different numbers from 0 on")
        named = {"reference": self.reference} if self.reference else {}
        named |= {f"arms.{name}.start": arm.start for name, arm in self.arms.items() if arm.start}
        for key, name in named.items():
            if name not in self.arms:
                raise ValueError(f"{key}: no arm called {name!r}{suggest(name, self.arms)}")
        for name, arm in self.arms.items():
            if arm.start and self.arms[arm.start].start:
                raise ValueError(f"arms.{name}.start: {arm.start} itself starts from another")
        return self

    @property
    def scored_split(self) -> str | None:
        """The split that arms are scored on, or out of whose folds they are.

        None: all of them but a test split.
        """
        return self.split or (None if self.folds else "validation")

    @property
    def compared_with(self) -> str:
        """The name of the reference arm."""
        return self.reference or next(iter(self.arms))


def load_study(
    name: str | Path,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    folds: int | None = None,
) -> tuple[Study, dict[str, Experiment]]:
    """Read a study file, or one that ships, by name.

    Parameters
    ----------
    name
        A path, or a name such as ``"one_vs_two_stage"``.
    overrides
        Settings such as ``"training.epochs=5"``, for every arm, over what the study sets.
    seeds
        The seeds, in place of the file's.
    folds
        The number of folds, in place of the file's.

    Returns
    -------
    study : Study
        The checked study.
    experiments : dict
        Every arm's checked experiment, whose seed is not set yet.

    Raises
    ------
    InputError
        If there is no such study, or a key or value in it or in one of its experiments is not
        right (the right key is suggested).
    """
    source = find_study(name)
    values = yaml_files.read(source, _find_any)
    if "arms" not in values:
        raise InputError(
            f"{source}: has no arms, so it is no study; 'bayes-a2m train {source}' trains an "
            "experiment"
        )
    if seeds is not None:
        values["seeds"] = list(seeds)
    if folds is not None:
        values["folds"] = folds
    try:
        study = Study.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{source}: {explain(error, Study)}") from error
    experiments = {
        arm: _experiment(study, arm, overrides, source)  #
        for arm in study.arms
    }
    return study, experiments


def shipped_studies() -> dict[str, Path]:
    """The files of the studies that ship, by name."""
    files = yaml_files.shipped_files()
    return {name: path for name, path in files.items() if yaml_files.is_study(path)}


def find_study(name: str | Path) -> Path:
    """Find the file of a study: a path as it is, or a name that ships.

    Raises
    ------
    InputError
        If there is neither.
    """
    return yaml_files.find_file(
        name,
        shipped_studies(),
        what="study",
        hints={
            experiment: f"{experiment} is an experiment, not a study: "
            f"'bayes-a2m train {experiment}' trains it"
            for experiment in shipped()
        },
    )


def _find_any(name: str) -> Path:
    """The file of a base, whatever it is: what comes of it is checked as a whole."""
    return yaml_files.find_file(name, yaml_files.shipped_files(), what="study", hints={})


def _experiment(study: Study, name: str, overrides: Sequence[str], source: Path) -> Experiment:
    """An arm's experiment: the file's values, then the study's, the arm's, the overrides."""
    arm = study.arms[name]
    beside = source.parent / arm.experiment
    place = f"{source}, arm {name}"
    try:
        values = yaml_files.read(
            beside if is_given(beside) and not beside.is_dir() else find_experiment(arm.experiment),
            find_experiment,
        )
        for settings in (study.set, arm.set):
            for dotted, value in settings.items():
                yaml_files.put(values, dotted, value, source="set")
        for setting in overrides:
            yaml_files.override(values, setting)
        import_named(values)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error
    return validate_experiment(values, place)
