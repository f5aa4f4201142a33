"""Objective of a search: the NLL of held-out recordings, out of folds of the train split by take.

The validation split takes no part: what is chosen by it could not be judged on it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.config.experiment import Experiment, load_experiment
from bayes_a2m.cross_validation.folds import Fold, folds_of
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.files import locked
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.posteriors.fingerprint import fingerprint, training_inputs
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.tuning.pruning import RECORDINGS
from bayes_a2m.tuning.space import Space, with_values

if TYPE_CHECKING:
    from optuna import Trial

    from bayes_a2m.posteriors.posterior import Posterior


@dataclass(frozen=True)
class Objective:
    """The NLL of a setting on the held-out recordings of some folds, nats per frame.

    Attributes
    ----------
    experiment
        The experiment whose settings are searched, with the budget's epochs.
    space
        The search space.
    folds
        The folds that a trial is scored on.
    folder
        Where trainings keep their state, so that one that was killed goes on.
    seed
        The seed of folds and trainings; all trials have the same.
    progress
        Whether trainings show a bar.
    """

    experiment: Experiment
    space: Space
    folds: tuple[Fold, ...]
    folder: Path
    seed: int
    progress: bool = False

    @classmethod
    def of(
        cls, experiment: Experiment, space: Space, train: Dataset, folder: Path, seed: int = 0
    ) -> Objective:
        """Divide the train split into folds.

        Raises
        ------
        InputError
            If there are too few takes.
        """
        budget = space.budget
        changes: dict[str, Any] = {"seed": seed}
        if budget.epochs is not None:
            training = experiment.training.model_copy(update={"epochs": budget.epochs})
            changes["training"] = training
        experiment = experiment.model_copy(update=changes)
        share = experiment.training.tuning_share
        folds = folds_of(train, budget.folds, tuning_share=share, seed=seed)[: budget.used]
        return cls(experiment, space, tuple(folds), folder, seed)

    def __call__(self, trial: Trial, values: Mapping[str, Any]) -> float:
        """Train with some values and score; the pruner is asked after epochs and folds.

        Raises
        ------
        TrialPruned
            If the pruner says so.
        InputError
            If a training fails.
        """
        experiment = with_values(values, self.experiment, f"trial {trial.number}")
        totals: list[NDArray[np.float64]] = []
        frames: list[NDArray[np.int64]] = []
        for fold in self.folds:
            model = self._fitted(experiment, fold, trial)
            nll, count = recording_nll(model, fold.held_out, self.space.draws)
            done = sum(len(part) for part in totals)
            for number, value in enumerate(nll / count):
                trial.report(float(value), RECORDINGS + done + number)
            totals.append(nll)
            frames.append(count)
            if fold is not self.folds[-1]:
                _pruned_if_hopeless(trial)
        return float(np.concatenate(totals).sum() / np.concatenate(frames).sum())

    def _fitted(self, experiment: Experiment, fold: Fold, trial: Trial) -> Posterior:
        """Train one fold's model, going on where a killed process stopped."""
        start = self._start(fold)
        known = fingerprint(
            training_inputs(
                experiment,
                fold.fit,
                fold.tune,
                None if start is None or start.fitted is None else start.fitted.fingerprint,
            )
        )
        work = self.folder / "work" / f"{known}_{fold.number}"
        work.mkdir(parents=True, exist_ok=True)
        posterior = make_posterior(experiment)
        more: dict[str, Any] = {}
        if isinstance(posterior, NetworkPosterior) and fold is self.folds[0]:
            more["watch"] = _Watch(trial)
        model = posterior.fit(
            fold.fit,
            fold.tune,
            start=start,
            workdir=work,
            resume=True,
            progress=self.progress,
            **more,
        )
        shutil.rmtree(work, ignore_errors=True)
        return model

    def _start(self, fold: Fold) -> Posterior | None:
        """The network that every trial goes on from, trained once a fold."""
        asked = self.space.start
        if asked is None:
            return None
        path = self.folder / "start" / f"fold_{fold.number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        experiment = with_values(asked.set, load_experiment(asked.experiment), "start")
        experiment = experiment.model_copy(update={"seed": self.seed})
        with locked(path):
            if not path.is_dir():
                work = path.with_name(path.name + ".partial")
                work.mkdir(parents=True, exist_ok=True)
                made = make_posterior(experiment).fit(
                    fold.fit, fold.tune, workdir=work, resume=True
                )
                made.save(path)
                shutil.rmtree(work)
        return load_model(path)


class _Watch:
    """Reports the tuning NLL of every epoch, and ends the training of a hopeless trial."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def __call__(self, epoch: int, nll: float) -> None:
        self.trial.report(nll, epoch)
        _pruned_if_hopeless(self.trial)


def _pruned_if_hopeless(trial: Trial) -> None:
    from optuna import TrialPruned

    if trial.should_prune():
        raise TrialPruned


def recording_nll(
    model: Posterior, recordings: Sequence[Recording] | Dataset, draws: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum the NLL over the frames of each recording, after recalibration.

    Parameters
    ----------
    model
        Fitted.
    recordings
        With references.
    draws
        The number of draws, whose mean probability counts.

    Returns
    -------
    nll : ndarray, shape (recording,)
        Sums in nats.
    frames : ndarray, shape (recording,)
        Numbers of frames.
    """
    nll, frames = [], []
    smallest = np.finfo(np.float32).tiny
    for chunk, posterior in model.predict_chunks(recordings, draws):
        mean = posterior.mean()
        for place, recording in enumerate(chunk):
            labels = recording.labels(posterior.grid, posterior.vocabulary)
            probability = mean[place, np.arange(len(labels)), labels]
            nll.append(-np.log(np.maximum(probability, smallest)).sum(dtype=np.float64))
            frames.append(len(labels))
    return np.array(nll), np.array(frames)
