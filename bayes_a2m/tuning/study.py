"""A search's study: a journal on disk that several processes share, and that survives a kill.

Every process asks the journal for a trial, works on it, and tells what came of it. It asks while
it holds a lock, so that there are never more trials than wanted, and none twice. For as long as it
works on a trial it holds a lock on the trial's own file, which the system takes back when the
process ends, however it ends: a running trial whose lock is free belonged to a process that died.
It is then failed, and its settings are tried again.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.files import ensure_regular, is_given, locked, reading
from bayes_a2m.posteriors.fingerprint import what_differs

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from bayes_a2m.tuning.space import Space, Values

Sampler = Literal["tpe", "gp"]

JOURNAL = "study.journal"
"""File of the study in its folder."""

RUNNING = "running"
"""Folder of the locks of trials at work."""

INPUTS, DIED, SAME, REASON, SECONDS = "inputs", "died", "same_as", "reason", "seconds"
"""Names of attributes that studies and trials have."""

MEND = "move it away, or name another folder"
"""What to do where the journal cannot be read."""

RETRIES = 2
"""Times that settings are tried again whose process died: they may be why it did."""


@dataclass(frozen=True)
class Search:
    """A study and where it lies.

    Attributes
    ----------
    study
        Optuna's study.
    folder
        The folder of its journal and locks.
    space
        What is searched.
    sampler, seed
        How settings are drawn; trial n is drawn from the seed, n, and the trials before.
    """

    study: Study
    folder: Path
    space: Space
    sampler: Sampler
    seed: int

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials that are no leftovers of a process that died."""
        return [t for t in self.study.get_trials(deepcopy=False) if DIED not in t.user_attrs]

    def count(self, *states: str) -> int:
        """Number of trials in some states, given as ``COMPLETE``, ``PRUNED``, ``FAIL`` ..."""
        return sum(t.state.name in states for t in self.trials)

    @property
    def best(self) -> FrozenTrial | None:
        """The trial of the lowest value; None before the first is complete."""
        complete = [t for t in self.trials if t.state.name == "COMPLETE" and t.value is not None]
        return min(complete, key=lambda t: (t.value, t.number), default=None)

    def values_of(self, trial: FrozenTrial) -> Values:
        """The settings of a trial by their dotted keys, as an experiment takes them."""
        return {key: self.space.parameters[key].given(v) for key, v in trial.params.items()}

    @contextmanager
    def asked(self, wanted: int) -> Iterator[tuple[Trial, Values] | None]:
        """Take the next trial, and hold it for as long as the block lasts; None: there are enough.

        Parameters
        ----------
        wanted
            How many trials there are to be, over all processes.
        """
        with ExitStack() as held:
            with locked(self.folder / JOURNAL):
                self.recover()
                if self.count("COMPLETE", "PRUNED", "FAIL", "RUNNING") >= wanted:
                    taken = None
                else:
                    number = len(self.study.get_trials(deepcopy=False))
                    self.study.sampler = make_sampler(self.sampler, self.seed, number)
                    with warnings.catch_warnings(action="ignore"):
                        trial = self.study.ask()
                        held.enter_context(locked(self._place(trial.number)))
                        taken = trial, self.space.suggested(trial)
            yield taken

    def twin_of(self, trial: Trial) -> FrozenTrial | None:
        """An earlier complete trial of the very same settings, whose value need not be found."""
        for other in self.trials:
            same = other.params == trial.params and other.number != trial.number
            if same and other.state.name == "COMPLETE":
                return other
        return None

    def recover(self) -> None:
        """Fail running trials whose processes died, and try their settings again."""
        from optuna.trial import TrialState

        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            try:
                with locked(self._place(trial.number), wait=False):
                    pass
            except InputError:
                continue  # somebody works on it
            self._fail(trial)

    def _fail(self, trial: FrozenTrial) -> None:
        from optuna.trial import TrialState

        storage = self.study._storage
        storage.set_trial_user_attr(trial._trial_id, DIED, True)
        self.study.tell(trial.number, state=TrialState.FAIL)
        tries = int(trial.user_attrs.get("tries", 0)) + 1
        if not trial.params or tries > RETRIES:
            return
        with warnings.catch_warnings(action="ignore"):
            self.study.enqueue_trial(dict(trial.params), user_attrs={"tries": tries})

    def _place(self, number: int) -> Path:
        folder = self.folder / RUNNING
        folder.mkdir(exist_ok=True)
        return folder / f"trial_{number}"


def open_search(
    folder: Path,
    space: Space,
    *,
    first: Sequence[Mapping[str, Any]],
    inputs: dict[str, Any],
    sampler: Sampler = "tpe",
    seed: int = 0,
    epochs: int = 10,
) -> Search:
    """Open a study, or begin it: known settings wait to be tried first.

    Parameters
    ----------
    folder
        Where its journal lies; made if need be.
    space
        What is searched.
    first
        Settings to try first, by dotted keys.
    inputs
        Everything that decides a trial's value, as JSON; a study of other inputs is refused.
    sampler, seed
        How settings are drawn.
    epochs
        Epochs of a training, for the median rule.

    Raises
    ------
    InputError
        If there is a study of something else, or the journal cannot be read.
    """
    import optuna
    from optuna.storages.journal import JournalFileOpenLock, JournalStorage

    from bayes_a2m.tuning.journal import WholeLinesBackend
    from bayes_a2m.tuning.pruning import EpochsAndRecordings

    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.getLogger("optuna").propagate = False
    journal = folder / JOURNAL
    pruner: BasePruner = EpochsAndRecordings(epochs)
    if is_given(journal):
        ensure_regular(journal, "a study")
    with locked(journal), warnings.catch_warnings(action="ignore"):
        with reading(journal, "a study", MEND):
            # links need a right on Windows that few have
            lock = JournalFileOpenLock(str(journal)) if sys.platform == "win32" else None
            storage = JournalStorage(WholeLinesBackend(str(journal), lock_obj=lock))
            study = optuna.create_study(
                storage=storage,
                study_name="tune",
                direction="minimize",
                load_if_exists=True,
                sampler=make_sampler(sampler, seed, 0),
                pruner=pruner,
            )
        known = study.user_attrs.get(INPUTS)
        if known is None:
            for values in first:
                study.enqueue_trial(space.stored(values))
            study.set_user_attr(INPUTS, inputs)  # last: with it the study has begun
        elif known != inputs:
            differs = what_differs(known, inputs)
            raise InputError(
                f"{folder}: holds a study of {differs}; name another folder, or give the same "
                "experiment, space, data and budget"
            )
    return Search(study, folder, space, sampler, seed)


def make_sampler(name: Sampler, seed: int, trial: int) -> BaseSampler:
    """Make a sampler whose draw for a trial follows from seed, number and the trials before.

    Parameters
    ----------
    name
        ``tpe``, the tree-structured Parzen estimator (Bergstra et al. 2011), or ``gp``, a Gaussian
        process with expected improvement.
    seed
        Seed of the search.
    trial
        Number of the trial.
    """
    import optuna

    own = int(np.random.SeedSequence([seed, 7, trial]).generate_state(1)[0])
    with warnings.catch_warnings(action="ignore"):  # of options that are called experimental
        if name == "gp":
            return optuna.samplers.GPSampler(seed=own, n_startup_trials=5)
        return optuna.samplers.TPESampler(
            seed=own, n_startup_trials=5, multivariate=True, constant_liar=True
        )
