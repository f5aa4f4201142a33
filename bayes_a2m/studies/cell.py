"""One cell of a study is an arm trained from one seed and scored, known by its inputs.

A cell's fingerprint is a hash of its experiment and of the recordings and labels it learns from, so
a cell that is there already is the one that is wanted, whichever study made it; and whatever is
changed, only what depends on it is made again.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m import renamed
from bayes_a2m.comparison.model_counts import Scored
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.files import is_given, locked, read_text, write_text
from bayes_a2m.files.atomic import made_parents
from bayes_a2m.models.construction import posterior_class
from bayes_a2m.posteriors.fingerprint import fingerprint, recordings_of, training_inputs

if TYPE_CHECKING:
    from bayes_a2m.evaluation import EvaluationResults

TRAINED = 0.97
"""The share of a cell that is done once its model is there."""


@dataclass(frozen=True)
class Cell:
    """One training and its scores; it can be sent to another process.

    Attributes
    ----------
    arm, experiment
        The name of the arm, and its experiment, with the cell's seed.
    fit, tune, scored_on
        The recordings that it is fitted, tuned and scored on.
    draws
        The number of draws that it is scored with.
    folder
        The folder where cells are kept.
    start
        The cell whose model it goes on from, if any.
    fold
        The number of the fold whose recordings it is scored on; None: there are no folds.
    keeps_model
        Whether cells that are not scored yet start from its model, so that its scores alone are not
        enough.
    """

    arm: str
    experiment: Experiment
    fit: Dataset
    tune: Dataset
    scored_on: Dataset
    draws: int
    folder: Path
    start: Cell | None = None
    fold: int | None = None
    keeps_model: bool = False

    @property
    def name(self) -> str:
        """The name of the cell for people: its arm, seed and fold."""
        fold = "" if self.fold is None else f", fold {self.fold}"
        return f"{self.arm}, seed {self.experiment.seed}{fold}"

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of everything that decides the model."""
        start = None if self.start is None else self.start.fingerprint
        return fingerprint(training_inputs(self.experiment, self.fit, self.tune, start))

    @cached_property
    def scores_fingerprint(self) -> str:
        """The fingerprint of everything else that decides the scores."""
        return fingerprint([recordings_of(self.scored_on), self.draws])

    @cached_property
    def place(self) -> Path:
        """The cell's folder: one that any study made for this fingerprint, or a new one."""
        existing = sorted(self.folder.glob(f"*-{self.fingerprint}"))
        new = self.folder / f"{self.arm}-{self.experiment.seed}-{self.fingerprint}"
        return existing[0] if existing else new

    @property
    def model(self) -> Path:
        """The model directory of the cell."""
        return self.place / "model"

    @property
    def _scores(self) -> Path:
        return self.place / f"scores-{self.scores_fingerprint}.npz"

    @property
    def _metrics(self) -> Path:
        return self.place / f"metrics-{self.scores_fingerprint}.json"

    @property
    def _failure(self) -> Path:
        return self.place / "failed.txt"

    @property
    def _work(self) -> Path:
        return self.place / "work"

    @property
    def scored(self) -> bool:
        """Whether the cell's scores are there."""
        return self._scores.is_file() and self._metrics.is_file()

    @property
    def finished(self) -> bool:
        """Whether the cell is scored; its model is asked for only where others start from it.

        Scores are small and travel without the model: a study goes on with them elsewhere.
        """
        return self.scored and (self.model.is_dir() or not self.keeps_model)

    @property
    def begun(self) -> bool:
        """Whether anything was done for the cell yet."""
        return self.place.is_dir()

    @property
    def failure(self) -> str | None:
        """The reason why it failed when it was last tried, in a line; None where it did not."""
        if not is_given(self._failure):
            return None
        return read_text(self._failure, "the reason of a failure").strip()

    @property
    def share_done(self) -> float:
        """The share of the cell that is done, from 0 to 1, by the epochs in its logs."""
        if self.finished:
            return 1.0
        if self.model.is_dir():
            return TRAINED
        rows = 0
        for log in self._work.rglob("training.csv"):
            try:
                rows += max(0, log.read_text(encoding="utf-8").count("\n") - 1)
            except (OSError, ValueError):  # the process at work has just taken it away
                continue
        kind = posterior_class(self.experiment.posterior.name)
        epochs = kind.passes(self.experiment, started=self.start is not None)
        return min(TRAINED, TRAINED * rows / max(1.0, epochs))

    def forget_failure(self) -> None:
        """Remove the reason of a failure, so that the cell is tried again."""
        self._failure.unlink(missing_ok=True)

    def fail(self, reason: str) -> None:
        """Keep the reason of a failure in ``failed.txt``."""
        write_text(self._failure, reason + "\n")

    def run(self) -> None:
        """Train the cell, going on from where a killed process stopped; then score it.

        Raises
        ------
        InputError
            If it fails (or another error, as it came); the reason is kept in ``failed.txt``, too.
        """
        with made_parents(self.place), locked(self.place):  # another study may be making it
            try:
                if not self.model.is_dir():
                    self._train()
                self._describe()
                self._score()
            except Exception as error:
                with suppress(InputError):  # a full disk has no room for its reason either
                    self.fail(" ".join(str(error).split()) or type(error).__name__)
                raise
            self.forget_failure()

    def _train(self) -> None:
        from bayes_a2m.models import load_model, make_posterior

        if self.start is not None and not self.start.model.is_dir():
            raise InputError(f"{self.start.name}, from which it starts, is not there")
        start = None if self.start is None else load_model(self.start.model)
        self._work.mkdir(parents=True, exist_ok=True)
        model = make_posterior(self.experiment).fit(
            self.fit, self.tune, start=start, workdir=self._work, resume=True
        )
        model.save(self.model)

    def _describe(self) -> None:
        """The rest of the model's directory, where a killed process left it out; no more work."""
        from bayes_a2m.models import load_model
        from bayes_a2m.studies.fitted import describe_fitted, is_described

        if not is_described(self.model):
            describe_fitted(load_model(self.model), self.tune, self.model)
        shutil.rmtree(self._work, ignore_errors=True)

    def _score(self) -> None:
        from bayes_a2m.evaluation import evaluate, results_of
        from bayes_a2m.models import load_model

        if self.finished:
            return
        result = evaluate(load_model(self.model), self.scored_on, draws=self.draws)
        results_of(result).write(self._metrics)
        Scored.of(result).save(self._scores)

    def read(self) -> Scored:
        """Read the sufficient statistics of the cell's scores.

        Raises
        ------
        InputError
            If the file cannot be read, or holds other recordings than the cell is scored on, as one
            that was moved by hand does.
        """
        scores = Scored.load(self._scores)
        if sorted(scores.ids) != sorted(self.scored_on.ids):
            raise InputError(
                f"{self._scores}: holds the scores of other recordings; delete it, and the same "
                "command makes them again"
            )
        return scores

    def metrics(self) -> EvaluationResults:
        """Read the cell's ``metrics.json``."""
        from bayes_a2m.evaluation import EvaluationResults

        return EvaluationResults.read(self._metrics)


__getattr__ = renamed.names_of(__name__)
