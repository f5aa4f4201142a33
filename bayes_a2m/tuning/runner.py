"""Running of a search: trials until there are enough, then the best settings and a page."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bayes_a2m.config.experiment import Experiment, shipped
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder, locked, write_text
from bayes_a2m.posteriors.fingerprint import fingerprint, recordings_of, settings_that_count
from bayes_a2m.tuning.objective import Objective
from bayes_a2m.tuning.space import Space
from bayes_a2m.tuning.study import JOURNAL, REASON, RUNNING, SAME, SECONDS, Sampler, Search
from bayes_a2m.tuning.study import open_search as open_study

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.trial import FrozenTrial

    from bayes_a2m.tuning.space import Values

BEST = "best.yaml"
"""The experiment file of the best settings."""

BESIDE = (JOURNAL, f"{JOURNAL}.lock", RUNNING, "work", "start")
"""What lies in the folder beside the results, and is not replaced with them.

Optuna's lock of the journal is left by a process that is killed while it writes; after half a
minute Optuna takes it for what it is.
"""

MOST_FAILURES = 3
"""Failures without any success after which a search gives up."""


@dataclass(frozen=True)
class Told:
    """Report of a process on a trial that has ended.

    Attributes
    ----------
    number, state, value
        The trial's number, how it ended, and its value if it has one.
    done, wanted
        How many trials have ended, and how many there are to be.
    best
        The best trial so far, if any.
    seconds_left
        The time until all are done, at the pace of those of this process.
    """

    number: int
    state: str
    value: float | None
    done: int
    wanted: int
    best: FrozenTrial | None
    seconds_left: float

    @property
    def sentence(self) -> str:
        """The same in words."""
        value = "" if self.value is None else f" NLL {self.value:.4f}"
        words = f"trial {self.number} {self.state.lower()}{value}"
        if self.best is not None:
            words += f" (best {self.best.value:.4f}, trial {self.best.number})"
        left = self.wanted - self.done
        minutes = self.seconds_left / 60
        return words + (f"; {left} left, about {minutes:.0f} min" if left > 0 else "")


def open_search(
    experiment: Experiment,
    space: Space,
    train: Dataset,
    output: OutputFolder,
    *,
    sampler: Sampler = "tpe",
    seed: int = 0,
) -> tuple[Search, Objective]:
    """Open or begin the search of an experiment's settings.

    Parameters
    ----------
    experiment
        What is tuned.
    space
        What is searched.
    train
        The train split.
    output
        The folder.
    sampler, seed
        How settings are drawn, and the seed of that, of folds and of trainings.

    Raises
    ------
    InputError
        If the folder holds a study of something else, or there are too few takes.
    """
    objective = Objective.of(experiment, space, train, output.path, seed)
    inputs: dict[str, Any] = {
        "experiment": {
            "settings": settings_that_count(objective.experiment),
            "space": space.model_dump(mode="json", exclude={"description"}),
        },
        # their hash: a journal is to be shared, and labels may not be
        "fit": fingerprint(recordings_of(train)),
    }
    search = open_study(
        output.path,
        space,
        first=space.first(experiment),
        inputs=inputs,
        sampler=sampler,
        seed=seed,
        epochs=objective.experiment.training.epochs,
    )
    return search, objective


def run_trials(
    search: Search,
    objective: Callable[[Trial, Values], float],
    wanted: int,
    *,
    tell: Callable[[Told], None] = lambda told: None,
) -> None:
    """Work on trials until there are as many as wanted, over all processes that share the study.

    Parameters
    ----------
    search
        The study.
    objective
        Called with a trial and its settings; gives its value.
    wanted
        How many trials there are to be, those that are there already among them.
    tell
        Told of every trial that has ended.

    Raises
    ------
    InputError
        If the first trials all fail: with the reason of the last.
    """
    begun, own = time.monotonic(), 0
    while True:
        with search.asked(wanted) as taken:
            if taken is None:
                return
            trial, values = taken
            reason = _work(search, objective, trial, values)
        own += 1
        ended = search.count("COMPLETE", "PRUNED", "FAIL")
        if reason and search.best is None and search.count("FAIL") >= MOST_FAILURES:
            raise InputError(f"the first {MOST_FAILURES} trials failed: {reason}")
        now = search.study.get_trials(deepcopy=False)[trial.number]
        pace = (time.monotonic() - begun) / own
        tell(
            Told(
                trial.number,
                now.state.name,
                now.value,
                ended,
                wanted,
                search.best,
                pace * max(0, wanted - ended),
            )
        )


def _work(
    search: Search, objective: Callable[[Trial, Values], float], trial: Trial, values: Values
) -> str:
    """Find the value of a trial and tell the study; the reason if it fails."""
    from optuna import TrialPruned
    from optuna.trial import TrialState

    started = time.monotonic()
    twin = search.twin_of(trial)
    if twin is not None:
        trial.set_user_attr(SAME, twin.number)
        search.study.tell(trial, twin.value)
        return ""
    try:
        value = objective(trial, values)
    except TrialPruned:
        trial.set_user_attr(SECONDS, round(time.monotonic() - started, 1))
        search.study.tell(trial, state=TrialState.PRUNED)
        return ""
    except InputError as error:
        if isinstance(error.__cause__, OSError):  # the disk, and not the settings: tried again
            raise
        trial.set_user_attr(REASON, str(error))
        search.study.tell(trial, state=TrialState.FAIL)
        return str(error)
    trial.set_user_attr(SECONDS, round(time.monotonic() - started, 1))
    search.study.tell(trial, value)
    return ""


def conclude(
    search: Search,
    experiment: Experiment,
    called: str,
    output: OutputFolder,
    overrides: Sequence[str] = (),
) -> Path:
    """Write ``best.yaml``, ``trials.csv``, figures and the page of a search.

    Parameters
    ----------
    search
        The study, of which at least one trial is complete.
    experiment
        The experiment that was tuned.
    called
        The name that it was given under.
    output
        The folder.
    overrides
        The settings that were overridden in all trials, such as ``features.bins=84``.

    Returns
    -------
    Path
        The experiment file of the best settings.

    Raises
    ------
    InputError
        If no trial is complete, or files of others stand in the way.
    """
    from bayes_a2m.tuning.page import write_search_page

    best = search.best
    if best is None:
        raise InputError(f"{output.name}: no trial is complete; ask for more --trials")
    with output.replacing() as new:
        write_text(new / BEST, best_experiment(search, experiment, called, overrides))
        write_search_page(new, search, called)
    with locked(output.path / JOURNAL):  # nobody begins a trial meanwhile
        if not search.count("RUNNING"):
            for folder in ("work", RUNNING):
                with suppress(OSError):
                    shutil.rmtree(output.path / folder)
    return output.name / BEST


def best_experiment(
    search: Search, experiment: Experiment, called: str, overrides: Sequence[str] = ()
) -> str:
    """The best settings as an experiment file, over the experiment that was tuned.

    An experiment that ships is its base, whose epochs it keeps; of any other the file holds all
    settings.
    """
    from bayes_a2m.config.yaml_files import override, put

    best = search.best
    assert best is not None
    values: dict[str, Any] = {}
    count = search.count("COMPLETE", "PRUNED", "FAIL")
    values["description"] = (
        f"{Path(called).stem}, tuned: NLL {best.value:.4f} on held-out recordings of the train "
        f"split, the best of {count} trials."
    )
    if called in shipped():
        values["base"] = called
        for setting in overrides:
            override(values, setting)
    else:
        values |= experiment.model_dump(
            mode="json", exclude={"description"}, exclude_none=True, exclude_defaults=True
        )
    for dotted, value in search.values_of(best).items():
        put(values, dotted, value, source=BEST)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
