"""A fitted model is made of an experiment with a ``singing`` section, without one real recording.

Parts of synthetic recordings come from the experiment's seed, none of which sees another: those
that the network is fitted to, those that choose the epoch, those that recalibration and the note
model are fitted on, those that densities of what it knows are fitted to, and those that a benchmark
may sing to report on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.synthetic.corpus import sing_corpus, sung_dataset
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.pretraining.parts import CHOOSE, FIT, TUNE

if TYPE_CHECKING:
    from bayes_a2m.datasets.dataset import Dataset
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior

SCALED_ON = 200
"""Recordings that the scale of the features is taken from."""


def _sung(tell: Callable[[str], None], name: str, done: int) -> None:
    tell(f"{name}: {done} sung")


def vocabulary_of(experiment: Experiment, highest: int = 84) -> Vocabulary:
    """The pitches of the network: every semitone from its lowest, or those that it names.

    >>> from bayes_a2m.config.experiment import Named
    >>> len(vocabulary_of(Experiment(network=Named(name="equivariant"))))
    50
    """
    from bayes_a2m.networks.equivariant import Equivariant

    options = Equivariant.parse(experiment.architecture.settings)
    return Vocabulary(options.pitches or tuple(range(options.lowest, highest + 1)))


def pretrain(
    experiment: Experiment,
    folder: Path,
    *,
    resume: bool = False,
    progress: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[NetworkPosterior, Dataset]:
    """Sing, train, recalibrate and fit the note model.

    Parameters
    ----------
    experiment
        Settings, with a ``singing`` section and an equivariant network.
    folder
        Where features and checkpoints are kept, so that ``resume`` can go on after a kill.
    resume, progress
        Whether to go on from what is there, and whether to show progress on standard error.
    tell
        Told in a line what is being done.

    Returns
    -------
    NetworkPosterior
        The fitted model.
    Dataset
        The recordings that its recalibration and its note model were fitted on.

    Raises
    ------
    InputError
        If the experiment has no such section, another network or another posterior than a point.
    """
    from bayes_a2m.calibration.calibrator import Calibrator
    from bayes_a2m.decoding.decoder import Decoder
    from bayes_a2m.networks.equivariant import Equivariant
    from bayes_a2m.networks.network import make_network
    from bayes_a2m.posteriors.conditions import TrainingConditions
    from bayes_a2m.posteriors.fingerprint import fingerprint, settings_that_count
    from bayes_a2m.posteriors.fitted import Fitted
    from bayes_a2m.posteriors.model_directory import ModelState
    from bayes_a2m.posteriors.point import Point
    from bayes_a2m.posteriors.record import TrainingRecord
    from bayes_a2m.posteriors.seen import Seen
    from bayes_a2m.pretraining.companions import with_companions
    from bayes_a2m.training.sung import SungClips, SungCorpora, train_on_corpora

    singing, features, seed = experiment.singing, experiment.features, experiment.seed
    named = experiment.architecture
    if singing is None or named.name != Equivariant.name or experiment.posterior.name != "point":
        raise InputError(
            "an experiment that is sung needs a singing section, network.name: equivariant and "
            "posterior.name: point"
        )
    vocabulary = vocabulary_of(experiment)
    corpora = {}
    for name, part, count in (
        ("fit", FIT, singing.recordings),
        ("choose", CHOOSE, singing.choosing),
    ):
        tell(f"{count} synthetic recordings of {singing.seconds:g} s to {name}")
        corpora[name] = sing_corpus(
            folder / f"corpus_{name}",
            count,
            seconds=singing.seconds,
            features=features,
            seed=seed,
            part=part,
            singer=singing.singer,
            tell=partial(_sung, tell, name),
        )
    normalizer = Normalizer.fit(
        np.asarray(levels, dtype=np.float32) for levels in corpora["fit"].levels[:SCALED_ON]
    )
    template = make_network(named.name, named.settings, bins=features.bins, classes=len(vocabulary))
    network = template.fresh(bins=features.bins, classes=len(vocabulary), seed=seed)
    assert isinstance(network, Equivariant)
    clips = {
        name: SungClips(corpus, features.grid, vocabulary, singing, seed=seed, moved=name == "fit")
        for name, corpus in corpora.items()
    }
    trained = train_on_corpora(
        network,
        SungCorpora(clips["fit"], clips["choose"], batch=experiment.training.batch),
        normalizer=normalizer,
        settings=experiment.training,
        singing=singing,
        floor_db=features.floor_db,
        seed=seed,
        folder=folder,
        resume=resume,
        progress=progress,
    )
    tell(f"{singing.tuning} synthetic recordings of {singing.tuning_seconds:g} s to tune on")
    tune = sung_dataset(
        singing.tuning,
        singing,
        grid=features.grid,
        vocabulary=vocabulary,
        seed=seed,
        part=TUNE,
    )
    fitted = Fitted(
        vocabulary=vocabulary,
        normalizer=normalizer,
        decoder=Decoder.from_labels(tune.labels_on(features.grid), len(vocabulary)),
        calibrator=Calibrator(),
        seen=Seen(),  # nobody's recordings: all of them come from the seed
        record=TrainingRecord(trained.log, trained.seconds),
        fingerprint=fingerprint({"sung": settings_that_count(experiment)}),
        conditions=TrainingConditions.fit(corpora["fit"].signal_statistics()),
    )
    state = ModelState(dict(network.state_dict()), experiment, fitted)
    model = Point.from_state(state, "the network that was trained")
    tell("recalibration and note model")
    model.fit_calibration_and_decoder(tune, tune, repeats=True)
    return with_companions(model, tune, tell), tune
