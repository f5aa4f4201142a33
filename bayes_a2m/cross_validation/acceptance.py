"""Notes accepted, counted also on the recordings that were fitted, by models that never heard them.

A tuning split of thirty recordings has a hundred notes, a few of them wrong: too few to tell an
error of 2 % from one of 5 % with confidence, so the threshold of ``--accept-error`` rises until it
marks most of what is right. Cross-fitting counts the notes of every fitted recording, too: folds
by take part them, a model of the same settings is fitted on the other folds and tuned on the same
tuning split, and its notes of the fold left out are those of a recording never heard. What is said
of the model itself is a little too cautious, for each fold's model has learned from less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.calibration.calibrator import ACCEPTED_NOTES, Calibrator
from bayes_a2m.calibration.note_acceptance import note_counts
from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.cross_validation.folds import Fold, fitted_on_fold
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior


def ensure_apart(fit: Dataset, count: int, start: Posterior | None) -> None:
    """Do nothing where fitted recordings can be left out in turn.

    Raises
    ------
    InputError
        If there are too few takes, or the model to start from has heard recordings to leave out.
    """
    fit.folds(count)
    if start is None or start.fitted is None:
        return
    known = [r.id for r in fit if start.fitted.seen.knows(r)]
    if known:
        raise InputError(
            f"--cross-fit: the model of --from has heard {len(known)} of the recordings that are "
            f"to be left out in turn ({known[0]}); leave --from out"
        )


def cross_fit(
    model: Posterior,
    fit: Dataset,
    tune: Dataset,
    folder: Path,
    *,
    count: int = 5,
    start: Posterior | None = None,
    progress: bool = True,
    say: Callable[[str], None] = lambda message: None,
) -> None:
    """Add to a model's counts of accepted notes those of the recordings it was fitted on.

    Parameters
    ----------
    model
        A fitted model; what it knows of accepted notes grows, nothing else changes.
    fit, tune
        The recordings that it was fitted and tuned on.
    folder
        Where the folds' models are kept; those that are there already are taken.
    count
        The number of folds, as many trainings.
    start
        The model that each training starts from; it must not have heard the recordings.
    progress
        Whether trainings show a bar.
    say
        Called with a line about each training.

    Raises
    ------
    InputError
        If there are too few takes, the model to start from has heard the recordings, or a model in
        the folder was fitted on others.
    """
    ensure_apart(fit, count, start)
    model.ensure_fitted()
    counts: dict[str, list[AcceptStatistics]] = {name: [] for name in ACCEPTED_NOTES}
    for number, (rest, held_out) in enumerate(fit.folds(count, model.seed)):
        fold = Fold(number, rest, tune, held_out)
        one = fitted_on_fold(model.experiment, fold, folder, start, progress, say)
        for name, found in _counted(one, held_out).items():
            if found is not None:
                counts[name].append(found)
    if model.fitted is not None:
        calibrator = _with_more(model.calibrator, counts)
        model.fitted = replace(model.fitted, calibrator=calibrator)


def _counted(model: Posterior, held_out: Dataset) -> dict[str, AcceptStatistics | None]:
    """Count what a fold's model accepts of its held-out recordings."""
    if model.fitted is None or model.fitted.notes is None:
        return {}
    posterior = model.predict(held_out)
    references = [r.notes or () for r in held_out]
    conditions = [r.condition or None for r in held_out]
    return note_counts(model.fitted.notes, posterior, references, conditions)


def _with_more(calibrator: Calibrator, counts: dict[str, list[AcceptStatistics]]) -> Calibrator:
    """The calibrator with more counts of notes beside its own."""
    joined: dict[str, AcceptStatistics | None] = {}
    for name, more in counts.items():
        own = getattr(calibrator, name)
        parts = more if own is None else [own, *more]
        joined[name] = AcceptStatistics.stack(parts) if parts else None
    return calibrator.with_notes(joined)
