"""The prior that lies beside a model for others to start from, made from recordings sung for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from bayes_a2m.datasets.dataset import Dataset
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior
    from bayes_a2m.posteriors.weight_prior import WeightPrior


def prior_of(model: NetworkPosterior, recordings: Dataset) -> WeightPrior:
    """Estimate the information about the weights of a model that sang its recordings.

    Parameters
    ----------
    model
        Fitted model whose experiment has a ``singing`` section.
    recordings
        Synthetic recordings to estimate it on.

    Raises
    ------
    InputError
        If the experiment has no such section.
    """
    import torch

    from bayes_a2m.posteriors.weight_prior import WeightPrior

    singing, frontend = model.experiment.singing, model.frontend
    if singing is None:
        raise InputError("a prior is made of recordings that are sung: there is no singing section")
    return WeightPrior.of(
        model.network,
        (torch.from_numpy(frontend.normalizer(frontend.features(r))) for r in recordings),
        seed=model.seed,
        pitch_weight=singing.pitch_weight,
    )
