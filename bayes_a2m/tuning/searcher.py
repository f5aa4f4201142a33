"""One of several processes that work on the same search, on this machine or on a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.files import OutputFolder
from bayes_a2m.parallel import run_all
from bayes_a2m.tuning.runner import BESIDE, open_search, run_trials
from bayes_a2m.tuning.space import Space
from bayes_a2m.tuning.study import Sampler, Search


@dataclass(frozen=True)
class Searcher:
    """Work on trials of a search until there are enough; it can be sent to another process.

    Attributes
    ----------
    experiment, space, train, sampler, seed
        What :func:`bayes_a2m.tuning.runner.open_search` takes.
    folder
        The folder of the search.
    wanted
        How many trials there are to be, over all processes.
    """

    experiment: Experiment
    space: Space
    train: Dataset
    folder: Path
    wanted: int
    sampler: Sampler = "tpe"
    seed: int = 0

    def run(self) -> None:
        """Open the search and work on its trials.

        Raises
        ------
        InputError
            If the first trials all fail.
        """
        output = OutputFolder(self.folder, "tune", beside=BESIDE)
        search, objective = open_search(
            self.experiment,
            self.space,
            self.train,
            output,
            sampler=self.sampler,
            seed=self.seed,
        )
        run_trials(search, objective, self.wanted)


def search_together(
    searcher: Searcher, search: Search, jobs: int, *, progress: bool = False
) -> Sequence[str]:
    """Let several processes work on a search's trials at once.

    Parameters
    ----------
    searcher
        What each of them does.
    search
        The same search, opened here, which tells how far it is.
    jobs
        The number of processes.
    progress
        Whether to show a bar.

    Returns
    -------
    sequence of str
        The reasons why processes failed. Trials of one that was killed are tried again by whoever
        works on the search next.
    """

    def watch() -> tuple[float, int]:
        return float(search.count("COMPLETE", "PRUNED", "FAIL")), searcher.wanted

    calls = [searcher.run] * jobs
    return run_all(calls, jobs=jobs, watch=watch if progress else None, what="trials")
