"""A model that others have trained is tuned to few recordings, its posterior being the prior.

With the weights w0 of the model that it starts from, and the information that its training gave
about each of them (:mod:`bayes_a2m.posteriors.weight_prior`), a Gaussian around w0 is the prior,
and the weights of greatest posterior density are sought (:mod:`bayes_a2m.training.fine_tuning`).
A model of many pitches becomes one of the folder's: the others are impossible, or missed attempts
at the nearest, and the pitches are found where they sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
from pydantic import Field
from torch import Tensor

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.calibration.methods import Temperature
from bayes_a2m.calibration.selection import FEWEST
from bayes_a2m.config.experiment import Experiment, Named
from bayes_a2m.config.settings import Settings
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.networks.network import Network, make_network
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.posteriors.frontend import Frontend
from bayes_a2m.posteriors.network_posterior import FitContext, NetworkPosterior
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.prediction.restriction import places_of

NO_START = (
    "fine_tuned: needs a fitted model to start from; give --from pretrained, or start= in Python"
)


class FineTuned(Point):
    """A network tuned to few recordings, around the weights of the model that it starts from.

    Attributes
    ----------
    prior_frames
        Number of frames that the prior counted; 0 before it is fitted.
    """

    name = "fine_tuned"
    deterministic = True

    class Options(Settings):
        """Settings of the prior."""

        prior_frames: float | None = Field(
            None, gt=0, description="frames that the prior counts; none: the most probable number"
        )
        tempering: float = Field(
            0.02, gt=0, description="what a frame counts in the marginal likelihood"
        )

    prior_frames: float = 0.0

    @classmethod
    def passes(cls, experiment: Experiment, *, started: bool = False) -> float:
        """All epochs: a model to start from spares none of them."""
        return float(experiment.training.epochs)

    def fit(self, train: Dataset, tune: Dataset, **settings: Any) -> Self:
        """Take over the network for the folder's pitches, and tune it.

        The parameters are those of
        :meth:`~bayes_a2m.posteriors.network_posterior.NetworkPosterior.fit`; ``start`` is needed.

        Raises
        ------
        InputError
            If there is no model to start from, it lacks a pitch of the folder, or its features are
            other ones.
        """
        start = settings.get("start")
        if not isinstance(start, NetworkPosterior) or start.fitted is None:
            raise InputError(NO_START)
        network = self._network_for(start, train.vocabulary)
        named = Named(name=network.name, **network.settings)
        self.network = network
        self.experiment = self.experiment.model_copy(update={"network": named})
        kept = start.calibrator.recalibration
        # the only one that does not depend on the classes
        self.known_recalibration = kept if isinstance(kept, Temperature) else None
        return super().fit(train, tune, **settings)

    def _network_for(self, start: NetworkPosterior, vocabulary: Vocabulary) -> Network:
        """A network for the folder's pitches, whose weights have the shapes of those to start from.

        Raises
        ------
        InputError
            If the network is bound to the pitches that it has, or lacks one of the folder's.
        """
        from bayes_a2m.networks.equivariant import Equivariant

        network, whole = start.network, start.vocabulary
        settings = network.settings
        if isinstance(network, Equivariant):
            places_of(vocabulary, whole)  # a line, where a pitch is missing
            sounding = [pitch + whole.sounding_offset for pitch in whole.pitches]
            settings["pitches"] = [p + vocabulary.sounding_offset for p in vocabulary.pitches]
            settings["span"] = settings["span"] or [min(sounding), max(sounding)]
            wanted = self.experiment.architecture
            if wanted.name == Equivariant.name:
                settings["others"] = Equivariant.parse(wanted.settings).others
        else:
            whole.ensure_same_pitches(
                vocabulary, "the model to start from", "the folder has", "train anew"
            )
        return make_network(network.name, settings, bins=network.bins, classes=len(vocabulary))

    def _normalizer_of(self, start: Posterior, train: Dataset, tune: Dataset) -> Normalizer:
        assert isinstance(start, NetworkPosterior)
        if self.experiment.features != start.experiment.features:
            raise InputError(
                "the model to start from has other features settings; give this experiment the same"
            )
        fitted = [r.id for r in tune if start.seen.fitted_on(r)]
        if fitted:
            raise InputError(
                f"the model to start from was fitted on {len(fitted)} recordings of this tuning "
                f"split ({', '.join(fitted[:3])}, ...); use its --seed"
            )
        return start.normalizer

    def _conditions_of(
        self, train: Dataset, tune: Dataset, start: Posterior | None
    ) -> TrainingConditions | None:
        """Those that the model to start from knows: few recordings say little of any."""
        known = None if start is None or start.fitted is None else start.fitted.conditions
        return known or super()._conditions_of(train, tune, start)

    def fit_examples(
        self, training_data: TrainingData, context: FitContext, start: Posterior | None = None
    ) -> TrainingRecord:
        """Tune the network to the examples."""
        from bayes_a2m.training.fine_tuning import fine_tune
        from bayes_a2m.training.fit import home

        if not isinstance(start, NetworkPosterior) or start.fitted is None:
            raise InputError(NO_START)
        self.forget()
        experiment, options = self.experiment, self.options
        self._frontend = Frontend.of(
            experiment.features, training_data.normalizer, experiment.windows
        )
        network = self.network.fresh(
            bins=start.network.bins, classes=training_data.classes, seed=experiment.seed
        )
        network.load_state_dict(start.network.state_dict())
        with home(context.folder) as folder:
            result = fine_tune(
                network.eval(),
                training_data.fit_examples,
                training_data.tune_examples,
                normalizer=training_data.normalizer,
                information=_information(start, network),
                prior_frames=options.prior_frames,
                counts=options.tempering,
                # fewer say nothing of when to stop
                choose_epoch=len(training_data.tuning) >= FEWEST,
                settings=experiment.training,
                floor_db=experiment.features.floor_db,
                seed=experiment.seed,
                folder=folder,
                resume=context.resume,
                progress=context.progress,
            )
        self.network, self.prior_frames = result.trained.network, result.prior_frames
        return TrainingRecord(result.trained.log, result.trained.seconds)

    def remarks(self) -> list[str]:
        """Say how many frames the prior counts, and how the recalibration was chosen."""
        how = "as given" if self.options.prior_frames else "by the marginal likelihood"
        seconds = self.prior_frames * self.grid.hop_seconds
        return [
            f"the prior counts {self.prior_frames:,.0f} frames ({seconds:,.0f} s of sound), {how}",
            f"recalibration: {self.calibrator.choice.reason}",
        ]

    def state_dict(self) -> dict[str, Tensor]:
        """The number of frames that the prior counted."""
        return {"prior_frames": torch.tensor(self.prior_frames, dtype=torch.float64)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back the number of frames.

        Raises
        ------
        KeyError
            If it is missing.
        """
        self.prior_frames = float(state["prior_frames"])


def _information(start: NetworkPosterior, network: Network) -> dict[str, Tensor]:
    """Information of a frame about every weight; the same for all where none is known.

    A model that keeps none has the isotropic prior of "L2-SP" (Li, Grandvalet and Davoine 2018,
    https://arxiv.org/abs/1802.01483).
    """
    assert start.fitted is not None
    prior = start.fitted.prior
    if prior is None:
        return {n: torch.full_like(p, 1e-3) for n, p in network.named_parameters()}
    prior.ensure_fits(network)
    return dict(prior.information)
