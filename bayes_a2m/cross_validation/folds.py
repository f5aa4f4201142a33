"""Cross-validation by take: a model for each fold, which was fitted without the fold's takes.

One validation split is one draw of luck. With folds by take, stratified by condition, every
recording is held out once, and what is said of calibration rests on all of them. A fold's model
is fitted, tuned and recalibrated on the rest alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.models import load_model, make_posterior

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior


@dataclass(frozen=True)
class Fold:
    """One fold of a cross-validation.

    Attributes
    ----------
    number
        The fold's number, from 0.
    fit, tune
        The recordings that the fold's model is fitted and tuned on.
    held_out
        The recordings that the model predicts.
    """

    number: int
    fit: Dataset
    tune: Dataset
    held_out: Dataset


def folds_of(
    data: Dataset, count: int = 5, *, tuning_share: float = 0.15, seed: int = 0
) -> list[Fold]:
    """The folds of a data set, by take and stratified by condition; splits play no part.

    Raises
    ------
    InputError
        If there are too few takes.
    """
    parted = enumerate(data.folds(count, seed))
    return [
        Fold(number, *rest.with_tuning_part(tuning_share, seed), held_out)
        for number, (rest, held_out) in parted
    ]


def out_of_fold(
    data: Dataset,
    experiment: Experiment,
    folder: Path,
    *,
    start: Experiment | None = None,
    count: int = 5,
    progress: bool = True,
    say: Callable[[str], None] = lambda message: None,
) -> Iterator[tuple[Fold, Posterior]]:
    """Train a model a fold, or load it where it is there already.

    Parameters
    ----------
    data
        All recordings, whatever their splits.
    experiment
        The experiment that is trained.
    folder
        Model directories ``<posterior>_<fold>``; a training that was interrupted goes on.
    start
        An experiment whose networks are trained first and taken over, for methods that can; kept
        in ``folder``, too.
    count
        The number of folds.
    progress
        Whether trainings show a bar.
    say
        Called with a line about each training.

    Raises
    ------
    InputError
        If there are too few takes, or a model in the folder was fitted on other recordings.
    """
    parts = folds_of(
        data, count, tuning_share=experiment.training.tuning_share, seed=experiment.seed
    )
    for fold in parts:
        base = None if start is None else fitted_on_fold(start, fold, folder, None, progress, say)
        yield fold, fitted_on_fold(experiment, fold, folder, base, progress, say)


def fitted_on_fold(
    experiment: Experiment,
    fold: Fold,
    folder: Path,
    start: Posterior | None,
    progress: bool,
    say: Callable[[str], None],
) -> Posterior:
    """Load the model of a fold, or train it.

    Parameters
    ----------
    experiment
        The experiment that is trained.
    fold
        What it is fitted and tuned on.
    folder
        Where its directory ``<posterior>_<fold>`` is, or is to be.
    start
        The model that its training starts from.
    progress
        Whether a training shows a bar.
    say
        Called with a line about a training.

    Raises
    ------
    InputError
        If the model in the folder was fitted on other recordings, or with other settings.
    """
    path = folder / f"{experiment.posterior.name}_{fold.number}"
    if path.is_dir():
        model = load_model(path)
        if not _is_of(model, fold, experiment, start):
            raise InputError(
                f"{path}: was made of other settings, recordings or labels than fold "
                f"{fold.number}; use another folder, or delete it"
            )
        return model
    say(f"fold {fold.number}: {experiment.posterior.name} on {len(fold.fit)} recordings")
    work = path.with_name(path.name + ".partial")
    work.mkdir(parents=True, exist_ok=True)
    model = make_posterior(experiment).fit(
        fold.fit, fold.tune, start=start, workdir=work, resume=True, progress=progress
    )
    model.save(path)
    shutil.rmtree(work)
    return model


def _is_of(model: Posterior, fold: Fold, experiment: Experiment, start: Posterior | None) -> bool:
    """Whether a model is what the fold's training would make."""
    known = model.fitted.fingerprint if model.fitted else ""
    if known:
        return known == make_posterior(experiment).fingerprint(fold.fit, fold.tune, start)
    # of 0.1.0, which wrote no fingerprint
    return set(model.seen.fit) == set(fold.fit.ids) and set(model.seen.tune) == set(fold.tune.ids)
