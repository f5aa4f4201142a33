"""Sounds known to a model that sang its recordings: densities of its features at such ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from bayes_a2m.datasets.dataset import Dataset
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior
    from bayes_a2m.posteriors.novelty import NoveltyDetector

RECORDINGS = 160
"""Recordings that the densities are fitted to, sung as those to tune on are."""


def novelty_of(model: NetworkPosterior, tune: Dataset, *, part: int) -> NoveltyDetector | None:
    """Fit densities to recordings that are sung for them, and the limits to those held out.

    Parameters
    ----------
    model
        Fitted model whose experiment has a ``singing`` section.
    tune
        Recordings that its recalibration was fitted on.
    part
        Number of the part of the seed that is sung.

    Raises
    ------
    InputError
        If the experiment has no such section.
    """
    from bayes_a2m.datasets.synthetic.corpus import sung_dataset
    from bayes_a2m.posteriors.novelty import NoveltyDetector
    from bayes_a2m.posteriors.training_data import TrainingData

    singing = model.experiment.singing
    if singing is None:
        raise InputError("novelty is told of recordings that are sung: there is no singing section")
    known = sung_dataset(
        min(RECORDINGS, singing.recordings),
        singing,
        grid=model.grid,
        vocabulary=model.vocabulary,
        seed=model.seed,
        part=part,
    )
    data = TrainingData.of(known, tune, model.experiment, model.frontend.normalizer)
    return NoveltyDetector.fit(model.network, data)
