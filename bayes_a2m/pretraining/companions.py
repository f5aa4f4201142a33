"""The files beside the weights of a model that sang its recordings, made of them again.

    python -m bayes_a2m.pretraining.companions MODEL_DIR

makes them anew, where weights were replaced: the prior for models that start from it, and the
densities that tell what sounds unlike all that it learned from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from bayes_a2m.datasets.dataset import Dataset
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior


def with_companions(
    model: NetworkPosterior, tune: Dataset, tell: Callable[[str], None] = lambda line: None
) -> NetworkPosterior:
    """Give a model its prior and its densities.

    Parameters
    ----------
    model
        Fitted model whose experiment has a ``singing`` section.
    tune
        Recordings that its recalibration was fitted on.
    tell
        Told in a line what is being done.

    Raises
    ------
    InputError
        If the experiment has no such section.
    """
    from bayes_a2m.pretraining.novelty import novelty_of
    from bayes_a2m.pretraining.parts import KNOW
    from bayes_a2m.pretraining.prior import prior_of

    assert model.fitted is not None
    tell("prior for models that start from it")
    prior = prior_of(model, tune)
    tell("densities of what it knows")
    novelty = novelty_of(model, tune, part=KNOW)
    model.fitted = replace(model.fitted, prior=prior, novelty=novelty)
    return model


def add_companions(folder: Path) -> None:
    """Sing recordings for a model again, and write what follows from its weights anew.

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
    from bayes_a2m.posteriors.model_directory import NOVELTY, PRIOR, write_checksums
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior
    from bayes_a2m.pretraining.parts import TUNE

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
    fitted = with_companions(model, recordings).fitted
    assert fitted is not None
    assert fitted.prior is not None
    fitted.prior.save(folder / PRIOR)
    if fitted.novelty is not None:
        fitted.novelty.save(folder / NOVELTY)
    write_checksums(folder)


if __name__ == "__main__":
    add_companions(Path(sys.argv[1]))
