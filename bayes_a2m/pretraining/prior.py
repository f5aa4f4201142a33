"""The prior that lies beside a model for others to start from, made from recordings sung for it.

    python -m bayes_a2m.pretraining.prior MODEL_DIR

makes it anew, where weights were replaced without it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
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


def add_prior(folder: Path) -> WeightPrior:
    """Sing the tuning recordings of a model again, and write its ``prior.safetensors`` anew.

    Parameters
    ----------
    folder
        Model directory, written by ``train pretrained``.

    Raises
    ------
    InputError
        If it is none, or its experiment sings nothing.
    """
    from bayes_a2m.datasets.synthetic.corpus import sung_dataset
    from bayes_a2m.models import load_model
    from bayes_a2m.posteriors.model_directory import PRIOR, write_checksums
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior
    from bayes_a2m.pretraining.pretrain import TUNE

    model = load_model(folder)
    if not isinstance(model, NetworkPosterior) or model.experiment.singing is None:
        raise InputError(f"{folder}: is no model that was trained on recordings sung for it")
    recordings = sung_dataset(
        model.experiment.singing.tuning,
        model.experiment.singing,
        grid=model.grid,
        vocabulary=model.vocabulary,
        seed=model.seed,
        part=TUNE,
    )
    prior = prior_of(model, recordings)
    assert model.fitted is not None
    model.fitted = replace(model.fitted, prior=prior)
    prior.save(folder / PRIOR)
    write_checksums(folder)
    return prior


if __name__ == "__main__":
    add_prior(Path(sys.argv[1]))
