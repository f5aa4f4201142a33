"""The posteriors of networks share their settings, training and files."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bayes_a2m import renamed
from bayes_a2m.audio.features import CQTFeatures, Features, Spectrum
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.config.experiment import Experiment, Named, TrainingSettings, WindowSettings
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.networks.network import Network, make_network
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.posteriors.fitted import Fitted
from bayes_a2m.posteriors.frontend import Frontend
from bayes_a2m.posteriors.loadable import ensure_loadable
from bayes_a2m.posteriors.novelty import NoveltyDetector
from bayes_a2m.posteriors.posterior import NOT_FITTED, Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen
from bayes_a2m.posteriors.training_data import TrainingData

if TYPE_CHECKING:
    from bayes_a2m.posteriors.model_directory import ModelState
    from bayes_a2m.training.distillation import Teachers
    from bayes_a2m.training.label_times import LabelTimes

OWN = "posterior."
"""How the names of a posterior's own tensors start, beside the network's in one file."""


@dataclass(frozen=True)
class FitContext:
    """The folder of a fit's state, and whether it goes on from there and shows progress.

    Attributes
    ----------
    folder
        Where it keeps its state; None keeps none.
    resume
        Whether to go on from what lies in ``folder``.
    progress
        Whether to show progress on standard error.
    watch
        Told the number of every epoch of the network's training, and its tuning NLL; what it raises
        ends the training.
    events
        Where TensorBoard's event files of the network's training are written; None writes none.
    devices
        How many GPUs share every batch of the network's training out.
    """

    folder: Path | None = None
    resume: bool = False
    progress: bool = False
    watch: Callable[[int, float], None] | None = None
    events: Path | None = None
    devices: int = 1

    def inner(self, name: str) -> FitContext:
        """The context of a part of the fit, which has a folder of its own."""
        return self if self.folder is None else replace(self, folder=self.folder / name)


def checked_network(network: object, method: str) -> Network:
    """The network; what people give in its place gets a line that says what to pass.

    Raises
    ------
    InputError
        If it is a fitted model, or a module of torch that is no network of the package.
    """
    if isinstance(network, Posterior):
        raise InputError(
            f"{method}: takes a network, not a fitted model; write "
            f"{method}(model.network).fit(train, tune, start=model)"
        )
    if not isinstance(network, Network):
        raise InputError(
            f"{method}: {type(network).__name__} is no network; wrap a module of torch: "
            "bayes_a2m.adapt(Module)"
        )
    return network


class NetworkPosterior(Posterior):
    """A network and the uncertainty about it; subclasses say how they infer and how they draw.

    Parameters
    ----------
    network
        A template: ``fit`` trains a fresh one like it, for the data's classes, from the seed.
    features, windows, training
        Settings; the defaults are those of the experiment ``crnn``.
    seed
        The seed that every random choice of fitting and of drawing comes from.
    options
        The method's own settings, which its ``Options`` describe.

    Raises
    ------
    InputError
        If one of them is unknown, or not of its type.
    """

    def __init__(
        self,
        network: Network,
        *,
        features: Features | None = None,
        windows: WindowSettings | None = None,
        training: TrainingSettings | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        self.network = checked_network(network, type(self).__name__)
        self.experiment = Experiment(
            features=features or CQTFeatures(),
            windows=windows or WindowSettings(),
            network=Named(name=network.name, **network.settings),
            posterior=Named(name=self.name, **options),
            training=training or TrainingSettings(),
            seed=seed,
        )
        self.options = self.checked(options)
        self._frontend: Frontend | None = None

    @classmethod
    def of_experiment(cls, experiment: Experiment) -> Self:
        """Make the posterior that an experiment describes, not fitted yet.

        Raises
        ------
        InputError
            If the network's or the posterior's settings are not right.
        """
        # first, for the constructor's own keywords (seed, features) would take a misplaced setting
        cls.checked(experiment.posterior.settings)
        chosen = experiment.architecture
        posterior = cls(
            make_network(chosen.name, chosen.settings, bins=experiment.features.bins),
            **experiment.posterior.settings,
        )
        experiment = experiment.model_copy(update={"network": chosen})
        posterior.experiment = experiment
        return posterior

    trains_network = True

    # ---- what a method says ----

    @classmethod
    def own_passes(cls, options: Any) -> float:
        """The passes over the recordings that the method takes beside its network's training."""
        return 0.0

    def fit_posterior(self, training_data: TrainingData, context: FitContext) -> TrainingRecord:
        """Fit the posterior over the weights, once ``self.network`` is trained.

        Parameters
        ----------
        training_data
            Examples of both parts of the training split.
        context
            Where the fit keeps its state.

        Returns
        -------
        TrainingRecord
            How this part of the training went. A point estimate has nothing to learn.
        """
        return TrainingRecord()

    @abstractmethod
    def log_probs(self, features: Tensor, draws: int) -> Tensor:
        """Log-probabilities ``(chain, draw, frame, class)`` of one window.

        Where the network has an output of onsets, their log-probability follows in one more column
        (``network(features, onsets=True)``); a method that leaves it out says nothing of onsets.

        Parameters
        ----------
        features
            Normalised features, ``(1, frame, bin)``.
        draws
            How many draws to take, over all chains.
        """

    def state_dict(self) -> dict[str, Tensor]:
        """The posterior's own tensors by name, which a model directory keeps beside the network."""
        return {}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what :meth:`state_dict` gave.

        Raises
        ------
        KeyError, RuntimeError
            If something is missing, or does not fit the network.
        """
        return

    def draw_seed(self, draw: int) -> int:
        """The seed of one draw, made from the model's seed and the draw's number alone."""
        # draw 5 is the same however many are taken, and a SeedSequence mixes its numbers: models of
        # neighbouring seeds share no draws, as they would with seed + draw. 3 is the stream's own
        # number: fits take others from the same seed
        return int(np.random.SeedSequence([self.seed, 3, draw]).generate_state(1)[0])

    # ---- what all share ----

    @classmethod
    def passes(cls, experiment: Experiment, *, started: bool = False) -> float:
        """The passes that fitting takes: the network's epochs, unless it is there, and its own."""
        method_passes = cls.own_passes(cls.checked(experiment.posterior.settings))
        return method_passes if started else method_passes + experiment.training.epochs

    @property
    def parameter_count(self) -> int:
        """The number of weights of the network."""
        return self.network.parameter_count

    @property
    def frontend(self) -> Frontend:
        """The front end that turns recordings into what the network reads.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        if self._frontend is None:
            raise InputError(NOT_FITTED)
        return self._frontend

    def features_of(self, recording: Recording) -> Spectrum:
        """The spectrum of a recording that the network reads, in decibels, before normalisation."""
        return Spectrum(self.frontend.features(recording), self.experiment.features)

    def fit(
        self,
        train: Dataset,
        tune: Dataset,
        *,
        start: Posterior | None = None,
        workdir: Path | None = None,
        resume: bool = False,
        progress: bool = False,
        watch: Callable[[int, float], None] | None = None,
        events: Path | None = None,
        devices: int = 1,
    ) -> Self:
        """Train the network, fit the posterior, choose a recalibration, tune the decoder.

        Parameters
        ----------
        train, tune
            Recordings with references; whatever has to be chosen is chosen on ``tune``.
        start
            A fitted model whose network is taken instead of training one.
        workdir
            The folder where a long fit keeps its state, so that ``resume`` can go on after a kill.
        resume
            Whether to go on from what lies in ``workdir``.
        progress
            Whether to show progress on standard error.
        watch
            Told the number of every epoch of the network's training, and its tuning NLL; what it
            raises ends the training. Members of an ensemble train elsewhere and tell nothing.
        events
            The folder of TensorBoard's event files of the network's training; None writes none, and
            members of an ensemble write none.
        devices
            The number of GPUs that share every batch of the network's training out, a process each;
            on a machine without, the number of processes. Members of an ensemble have one each.

        Raises
        ------
        InputError
            If ``start`` has another network or other pitches, or was fitted on recordings of
            ``tune``.
        """
        ensure_loadable(self, self.network)
        normalizer = None if start is None else self._normalizer_of(start, train, tune)
        training_data = TrainingData.of(train, tune, self.experiment, normalizer)
        seen = Seen.of(train, tune)
        record = self.fit_examples(
            training_data, FitContext(workdir, resume, progress, watch, events, devices), start
        )
        self.fitted = Fitted(
            vocabulary=train.vocabulary,
            normalizer=training_data.normalizer,
            decoder=Decoder.from_labels(train.labels_on(self.grid), len(train.vocabulary)),
            calibrator=Calibrator(),
            seen=seen if start is None else seen.and_also(start.seen),
            record=record,
            fingerprint=self.fingerprint(train, tune, start),
            conditions=self._conditions_of(train, tune, start),
            novelty=NoveltyDetector.fit(self.network, training_data),
        )
        self.fit_calibration_and_decoder(train, tune)
        return self

    def fit_examples(
        self, training_data: TrainingData, context: FitContext, start: Posterior | None = None
    ) -> TrainingRecord:
        """Do everything in :meth:`fit` that needs no more than the examples.

        Returns
        -------
        TrainingRecord
            How the training went, including that of a network which was taken over.
        """
        self.forget()
        self._frontend = Frontend.of(
            self.experiment.features, training_data.normalizer, self.experiment.windows
        )
        if isinstance(start, NetworkPosterior):
            self.network, record = start.network, start.record
        else:
            record = self.train_network(training_data, context)
        posterior_record = self.fit_posterior(training_data, context.inner(self.name))
        return record.then(posterior_record)

    def train_network(
        self,
        training_data: TrainingData,
        context: FitContext,
        *,
        teachers: Teachers | None = None,
        label_times: LabelTimes | None = None,
    ) -> TrainingRecord:
        """Train a fresh point network.

        Parameters
        ----------
        training_data
            Examples of both parts of the training split.
        context
            Where the fit keeps its state.
        teachers
            Networks that it learns from, too.
        label_times
            The times of the labels, which are learned with it.

        Raises
        ------
        InputError
            If the loss is not finite.
        """
        from bayes_a2m.training.fit import train as train_network

        experiment = self.experiment
        trained = train_network(
            self.network.fresh(
                bins=experiment.features.bins, classes=training_data.classes, seed=experiment.seed
            ),
            training_data.training_examples(experiment.seed),
            training_data.tune_examples,
            normalizer=training_data.normalizer,
            settings=experiment.training,
            floor_db=experiment.features.floor_db,
            transposition=training_data.transposition,
            seed=experiment.seed,
            folder=context.folder,
            resume=context.resume,
            progress=context.progress,
            watch=context.watch,
            events=context.events,
            devices=context.devices,
            teachers=teachers,
            label_times=label_times,
        )
        self.network = trained.network
        return TrainingRecord(trained.log, trained.seconds)

    def forget(self) -> None:
        """Drop everything that was computed from an earlier fit."""

    def _conditions_of(
        self, train: Dataset, tune: Dataset, start: Posterior | None
    ) -> TrainingConditions | None:
        """The conditions of what is learned from."""
        return TrainingConditions.of((*train, *tune), self.grid.sample_rate)

    def _normalizer_of(self, start: Posterior, train: Dataset, tune: Dataset) -> Normalizer:
        if not isinstance(start, NetworkPosterior):
            raise InputError(f"a {start.name} model has no network to start from")
        start.vocabulary.ensure_same_pitches(
            train.vocabulary, "the model to start from", f"{train.name} has", "train anew"
        )
        mine, theirs = self.experiment, start.experiment
        for part in ("features", "network"):
            if getattr(mine, part) != getattr(theirs, part) and not self._fits(start):
                raise InputError(
                    f"the model to start from has other {part} settings; give this experiment "
                    f"the same, or train anew"
                )
        fitted = [r.id for r in tune if start.seen.fitted_on(r)]
        if fitted:
            raise InputError(
                f"the model to start from was fitted on {len(fitted)} recordings of this tuning "
                f"split ({', '.join(fitted[:3])}, ...); use its --seed"
            )
        return start.normalizer

    def _fits(self, start: NetworkPosterior) -> bool:
        same = self.experiment.features == start.experiment.features
        return same and self.network.settings == start.network.settings

    def unlike(self, recording: Recording) -> list[str]:
        """Say what sets a recording apart from those that were learned from, a phrase each.

        Level, noise, bandwidth and clipping are told of, and how the network's features differ
        (:mod:`bayes_a2m.posteriors.novelty`); neither, where the model does not know.
        """
        told = super().unlike(recording)
        novelty = self._known.novelty
        if novelty is None:
            return told
        return [*told, *novelty.differences(self, self.levelled(recording))]

    @property
    def predicts_onsets(self) -> bool:
        """Whether its network says where notes start."""
        return self.network.onset_head is not None

    def predict_recording(self, recording: Recording, draws: int) -> NDArray[np.float32]:
        """Log-probabilities of one recording, ``(chain, draw, frames, class)``."""
        return self.predict_with_onsets(recording, draws)[0]

    def predict_with_onsets(
        self, recording: Recording, draws: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Log-probabilities of classes, and of onsets where the network has an output of them."""

        def window(features: NDArray[np.float32]) -> NDArray[np.float32]:
            with torch.inference_mode():
                array: NDArray[np.float32] = self.log_probs(
                    torch.from_numpy(features)[None], draws
                ).numpy()
            return array

        outputs = self.frontend.predict(recording, window)
        classes = self.network.classes
        if outputs.shape[-1] == classes or not self.predicts_onsets:
            return outputs, None
        return outputs[..., :classes], outputs[..., classes]

    def weights(self) -> dict[str, Tensor]:
        """The network's tensors, and the posterior's own beside them, by name."""
        posterior_tensors = {OWN + name: tensor for name, tensor in self.state_dict().items()}
        return {
            k: v.detach().cpu()
            for k, v in {**self.network.state_dict(), **posterior_tensors}.items()
        }

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take back what :meth:`weights` gave.

        Raises
        ------
        KeyError, RuntimeError
            If a tensor is missing, or of another shape.
        """
        network = {k: v for k, v in weights.items() if not k.startswith(OWN)}
        self.network.load_state_dict(network)
        self.network.eval()
        self.load_state_dict(
            {k.removeprefix(OWN): v for k, v in weights.items() if k.startswith(OWN)}
        )

    def load_state(self, state: ModelState) -> None:
        """Take the network's weights, the posterior's own tensors and the normaliser of a model."""
        experiment, fitted = state.experiment, state.fitted
        self.network = self.network.fresh(
            bins=experiment.features.bins,
            classes=len(fitted.vocabulary),
            seed=experiment.seed,
        )
        self.load_weights(state.weights)
        self._frontend = Frontend.of(experiment.features, fitted.normalizer, experiment.windows)


class WeightPosterior(NetworkPosterior):
    """A posterior whose draws are weights, of the whole network or of its last layers.

    Layers before the first one whose weights vary run once a window, however many draws there are.
    """

    @property
    @abstractmethod
    def chains(self) -> int:
        """The number of chains that the posterior draws from."""

    @abstractmethod
    def draw_weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        """The parameters and buffers of one draw, by their names in the network.

        A draw depends on the model, its chain and its number alone. All draws name the same
        tensors.
        """

    def available(self) -> int | None:
        """The number of draws that every chain stores; None where there is no end of them."""
        return None

    def forget(self) -> None:
        """Drop the draws that were kept from earlier predictions."""
        for attribute in ("_drawn", "_networks", "_start"):
            self.__dict__.pop(attribute, None)

    @cached_property
    def _drawn(self) -> dict[tuple[int, int], dict[str, Tensor]]:
        return {}

    @cached_property
    def _networks(self) -> dict[tuple[int, int], Network]:
        return {}

    @cached_property
    def _start(self) -> int:
        """The first layer whose weights vary."""
        return self.network.first_layer_with(self._weights(0, 0))

    def _weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        # the next recording wants the same draws
        key = (chain, draw)
        if key not in self._drawn:
            # copies: the same numbers at other addresses may be summed in another order
            weights = self.draw_weights(chain, draw)
            self._drawn[key] = {name: tensor.clone() for name, tensor in weights.items()}
        return self._drawn[key]

    def _network(self, chain: int, draw: int) -> Network:
        """A whole network with a draw's weights: quicker to run than one that is lent weights."""
        key = (chain, draw)
        if key not in self._networks:
            network = copy.deepcopy(self.network)
            network.load_state_dict(self.draw_weights(chain, draw), strict=False)
            self._networks[key] = network
        return self._networks[key]

    def log_probs(self, features: Tensor, draws: int) -> Tensor:
        """Log-probabilities ``(chain, draw, frame, class)``: one pass a draw through what varies.

        Draws are shared out evenly among chains; where they are stored, there are no more than
        those.
        """
        count = max(1, draws // self.chains)
        stored = self.available()
        count = count if stored is None else min(count, stored)
        # chain by chain, so that the answers can be reshaped to (chain, draw)
        chosen = [(chain, draw) for chain in range(self.chains) for draw in range(count)]
        start = self._start
        if start == 0:
            answers = [self._network(chain, draw)(features, onsets=True) for chain, draw in chosen]
        else:
            frames = features.shape[1]
            lengths = torch.tensor([frames])
            fixed = self.network(features, lengths, stop=start, frames=frames)
            rest = {"start": start, "frames": frames, "onsets": True}
            answers = [
                torch.func.functional_call(
                    self.network, self._weights(chain, draw), (fixed, lengths), rest
                )
                for chain, draw in chosen
            ]
        stacked = torch.cat(answers)
        return stacked.reshape(self.chains, count, *stacked.shape[1:])


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
