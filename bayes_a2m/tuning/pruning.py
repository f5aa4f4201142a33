"""Pruning of trials that will not be the best: by their epochs, and by their recordings.

Two rules look at a trial. While it trains, the tuning NLL of an epoch is compared with the median
of earlier trials at the same epoch. Once a fold is scored, its recordings are paired with those of
the best trial: a signed-rank test (Wilcoxon 1945) says whether the trial is worse on the same
recordings, so that a second fold need not be trained. Optuna has one series of values a trial;
epochs and recordings share it, recordings from :data:`RECORDINGS` on.
"""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from optuna.pruners import BasePruner, MedianPruner, WilcoxonPruner

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

RECORDINGS = 100_000
"""Step of the first recording; those before are epochs."""


class EpochsAndRecordings(BasePruner):
    """Median rule on epochs, signed-rank test on recordings.

    Parameters
    ----------
    epochs
        Number of epochs of a training; the median rule starts at a third of them.
    startup
        Trials that are never pruned by the median, so that there is one.
    significance
        Level of the signed-rank test.
    least
        Recordings that the test needs.
    """

    def __init__(
        self, epochs: int, *, startup: int = 4, significance: float = 0.1, least: int = 6
    ) -> None:
        self.median = MedianPruner(n_startup_trials=startup, n_warmup_steps=max(1, epochs // 3))
        with warnings.catch_warnings(action="ignore"):  # it is called experimental
            self.wilcoxon = WilcoxonPruner(p_threshold=significance, n_startup_steps=least)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether a trial should end, by its last value's kind."""
        last = trial.last_step
        if last is None:
            return False
        if last < RECORDINGS:
            return bool(self.median.prune(study, trial))
        try:
            best = study.best_trial
        except ValueError:  # there is none yet
            return False
        pair: Any = SimpleNamespace(direction=study.direction, best_trial=_of_recordings(best))
        return bool(self.wilcoxon.prune(pair, _of_recordings(trial)))


def _of_recordings(trial: FrozenTrial) -> Any:
    """The part of a trial that the signed-rank test reads, recordings alone."""
    values = {s: v for s, v in trial.intermediate_values.items() if s >= RECORDINGS}
    return SimpleNamespace(number=trial.number, intermediate_values=values)
