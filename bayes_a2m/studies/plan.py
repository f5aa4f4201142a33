"""A plan of a study: the cells that its arms and seeds come to on its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from bayes_a2m import renamed
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.folder import load_folder
from bayes_a2m.errors import InputError
from bayes_a2m.files import is_given, read_json, write_json
from bayes_a2m.files.yaml import read_yaml
from bayes_a2m.models import check
from bayes_a2m.posteriors.fingerprint import recordings_of
from bayes_a2m.studies.cell import Cell
from bayes_a2m.studies.study import FitSettings, Study

Bar: TypeAlias = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""A function that opens a progress bar with a title."""


@dataclass(frozen=True)
class Plan:
    """The cells of a study.

    Attributes
    ----------
    study
        The study.
    data
        All recordings.
    cells
        The cells of every arm, in the order of the seeds and, of each seed, of the folds. Arms that
        come to the same experiment share theirs.
    """

    study: Study
    data: Dataset
    cells: dict[str, tuple[Cell, ...]]

    @property
    def every(self) -> tuple[Cell, ...]:
        """All cells, each once; those that others start from come first."""
        by_fingerprint: dict[str, Cell] = {}
        for cell in (cell for own in self.cells.values() for cell in own):
            known = by_fingerprint.get(cell.fingerprint)
            if known is None or (cell.keeps_model and not known.keeps_model):
                by_fingerprint[cell.fingerprint] = cell
        return tuple(sorted(by_fingerprint.values(), key=lambda cell: cell.start is not None))

    @property
    def scored_on(self) -> Dataset:
        """The recordings that all cells of a seed are scored on together."""
        return scored_on(self.study, self.data)

    @property
    def takes(self) -> dict[str, str] | None:
        """The take of every recording, by id, for a study with folds: its takes are resampled."""
        return {r.id: r.take for r in self.scored_on} if self.study.folds else None

    def by_seed(self, arm: str) -> dict[int, tuple[Cell, ...]]:
        """The cells of an arm by seed; the model of a seed is one cell, or one a fold."""
        seeds: dict[int, list[Cell]] = {}
        for cell in self.cells[arm]:
            seeds.setdefault(cell.experiment.seed, []).append(cell)
        return {seed: tuple(cells) for seed, cells in seeds.items()}


def scored_on(study: Study, data: Dataset) -> Dataset:
    """The recordings that a study's arms are scored on.

    Raises
    ------
    InputError
        If there is no such split.
    """
    if study.scored_split is not None:
        return data.split(study.scored_split)
    return data.where(lambda recording: recording.split != "test")  # nobody here touches it


def _parts(study: Study, data: Dataset) -> list[tuple[int | None, Dataset, Dataset]]:
    """The recordings to learn from and to be scored on: of every fold, or of the splits."""
    if study.folds is None:
        return [(None, data.split("train"), scored_on(study, data))]
    # the folds are the same for every arm and seed, so that all are paired
    divided = scored_on(study, data).folds(study.folds, seed=0)
    return [(number, rest, held_out) for number, (rest, held_out) in enumerate(divided)]


def plan_of(
    study: Study, experiments: Mapping[str, Experiment], data: Dataset, folder: Path
) -> Plan:
    """Plan the cells of a study.

    Parameters
    ----------
    study, experiments
        A study and its experiments, from :func:`bayes_a2m.studies.study.load_study`.
    data
        Recordings with splits.
    folder
        The folder where cells are kept.

    Raises
    ------
    InputError
        If an experiment cannot be, or the data have not the splits, conditions or number of
        recordings that are asked for.
    """
    for name in study.arms:
        try:
            check(experiments[name])
        except InputError as error:
            raise InputError(f"arm {name}: {error}") from error
    parts = _parts(study, data)
    cells: dict[str, tuple[Cell, ...]] = {}
    # arms that others start from are made first
    for name in sorted(study.arms, key=lambda arm: study.arms[arm].start is not None):
        arm = study.arms[name]
        arm_cells = []
        wanted = [(seed, *part) for seed in study.seeds for part in parts]
        for place, (seed, fold, learned_from, held_out) in enumerate(wanted):
            experiment = experiments[name].model_copy(update={"seed": seed})
            try:
                part = _learned_from(learned_from, arm.fit, seed)
                share = experiment.training.tuning_share
                fit, tune = part.with_tuning_part(share, seed)
            except InputError as error:
                raise InputError(f"arm {name}: {error}") from error
            start = cells[arm.start][place] if arm.start else None
            cell = Cell(
                name,
                experiment,
                fit,
                tune,
                held_out,
                study.draws,
                folder,
                start,
                fold,
            )
            arm_cells.append(cell)
        cells[name] = tuple(arm_cells)
    return Plan(study, data, {name: _keeping(cells[name], cells) for name in study.arms})


def _keeping(own: tuple[Cell, ...], cells: Mapping[str, tuple[Cell, ...]]) -> tuple[Cell, ...]:
    """The same cells, told whether others that are still to be made start from them."""
    every = (cell for arm in cells.values() for cell in arm)
    needed = {c.start.fingerprint for c in every if c.start is not None and not c.scored}
    return tuple(replace(cell, keeps_model=cell.fingerprint in needed) for cell in own)


def prepared(study: Study, data_dir: Path | None, out: Path, bar: Bar) -> Dataset:
    """Load the study's recordings: those given, or ones made for it in ``out/data``.

    Splits that metadata do not name are drawn from the study's first seed.

    Raises
    ------
    InputError
        If data are needed and none are given, or those in ``out/data`` are of another study.
    """
    seed = study.seeds[0]
    settings = study.data
    if settings.voices is not None:
        return load_folder(_voices(settings.voices, out / "data", bar), seed=seed)
    if data_dir is None:
        raise InputError("give --data DATA_DIR: this study has no voices of its own")
    data = load_folder(data_dir, seed=seed)
    if settings.join is None:
        return data
    return load_folder(_joined(data, settings.join, out / "data", bar), seed=seed)


def _voices(values: Mapping[str, object], folder: Path, bar: Bar) -> Path:
    """Sing the voices, unless the same ones lie there; the folder."""
    from bayes_a2m.datasets.synthetic.folder import SETTINGS, write_folder
    from bayes_a2m.datasets.synthetic.settings import SynthesisSettings

    settings = SynthesisSettings(**values)
    settings_file = folder / SETTINGS
    wanted = settings.model_dump(mode="json")
    existing = read_yaml(settings_file) if is_given(settings_file) else None
    if existing != wanted:
        with bar("singing") as update:
            write_folder(folder, settings, update)
    return folder


def _joined(data: Dataset, seconds: float, folder: Path, bar: Bar) -> Path:
    """Put recordings end to end, unless the same ones lie there; the folder."""
    from bayes_a2m.datasets.joined import write_joined

    wanted = {"seconds": seconds, "splits": {r.id: r.split for r in data}, **recordings_of(data)}
    record = folder.with_name(folder.name + ".json")
    if folder.is_dir():
        if not is_given(record) or read_json(record) != wanted:
            raise InputError(
                f"{folder}: holds other recordings, labels or splits; name another --out, or "
                "delete it"
            )
        return folder
    with bar("joining") as update:
        write_json(record, wanted)
        write_joined(data, folder, seconds, progress=update)
    return folder


def _learned_from(train: Dataset, settings: FitSettings, seed: int) -> Dataset:
    """The part of the train split that an arm learns from."""
    from bayes_a2m.datasets.splits import subsample

    if settings.conditions is not None:
        wanted = set(settings.conditions)
        unknown = sorted(wanted - {r.condition for r in train})
        if unknown:
            raise InputError(f"{train.name}: no recording of condition {', '.join(unknown)}")
        train = train.where(lambda r: r.condition in wanted)
    if settings.recordings is not None:
        train = train.pick(subsample(train, settings.recordings, seed))
    return train


__getattr__ = renamed.names_of(__name__)
