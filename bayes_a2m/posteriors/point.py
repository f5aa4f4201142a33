"""A point estimate: one network, one draw. The measure for every way of being uncertain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, MelFeatures, Spectrum
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.datasets.dataset import Dataset, Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid
from bayes_a2m.networks.network import Network
from bayes_a2m.networks.registry import make_network
from bayes_a2m.posteriors.frontend import Frontend
from bayes_a2m.posteriors.posterior import Posterior, Seen
from bayes_a2m.studies.spec import Experiment, Named, TrainingSettings, WindowSettings

if TYPE_CHECKING:
    from bayes_a2m.model import Contents


@dataclass(frozen=True)
class TrainingRecord:
    """How the training went: one row an epoch as CSV, and the seconds it took."""

    log: str
    seconds: float


class Point(Posterior):
    """One trained network; every prediction has one chain of one draw.

    Parameters
    ----------
    network
        A template: ``fit`` trains a fresh one like it, for the data's classes, from the seed.
    features, windows, training
        Settings; the defaults are those of the experiment ``crnn``.
    seed
        Decides initial weights, order of examples and augmentation.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> Point(CRNN()).experiment.network.name
    'crnn'
    """

    name = "point"

    def __init__(
        self,
        network: Network,
        *,
        features: CQTFeatures | MelFeatures | None = None,
        windows: WindowSettings | None = None,
        training: TrainingSettings | None = None,
        seed: int = 0,
    ) -> None:
        self.network = network
        self.experiment = Experiment(
            features=features or CQTFeatures(),
            windows=windows or WindowSettings(),
            network=Named(name=network.name, **network.settings),
            posterior=Named(name=self.name),
            training=training or TrainingSettings(),
            seed=seed,
        )
        self.record = TrainingRecord("", 0.0)
        self._frontend: Frontend | None = None

    @classmethod
    def of_experiment(cls, experiment: Experiment) -> Self:
        """As an experiment file describes it, not fitted yet.

        Raises
        ------
        InputError
            If the network's or the posterior's settings are not right.
        """
        if experiment.posterior.settings:
            strange = ", ".join(experiment.posterior.settings)
            raise InputError(f"posterior.{strange}: a point estimate has no settings")
        network = make_network(
            experiment.network.name, experiment.network.settings, bins=experiment.features.bins
        )
        posterior = cls(network)
        posterior.experiment = experiment
        return posterior

    @property
    def grid(self) -> FrameGrid:
        """Where its frames stand."""
        return self.experiment.features.grid

    @property
    def seed(self) -> int:
        """What initial weights, order and augmentation came from."""
        return self.experiment.seed

    @property
    def training_log(self) -> str:
        """One row an epoch, as CSV."""
        return self.record.log

    def features_of(self, recording: Recording) -> Spectrum:
        """Decibels as the network hears them, before normalisation."""
        return Spectrum(self.frontend.features(recording), self.experiment.features)

    @property
    def size(self) -> tuple[int, float]:
        """Number of trained parameters, and the seconds their training took."""
        return self.network.parameter_count, self.record.seconds

    @property
    def frontend(self) -> Frontend:
        """From recordings to what the network reads."""
        if self._frontend is None:
            raise InputError("this model is not fitted yet: call fit, or load a model directory")
        return self._frontend

    def fit(
        self,
        train: Dataset,
        tune: Dataset,
        *,
        workdir: Path | None = None,
        resume: bool = False,
        progress: bool = False,
    ) -> Self:
        """Train the network; the epoch and the decoder are chosen on ``tune``."""
        from bayes_a2m.training.data import Example
        from bayes_a2m.training.fit import train as train_network

        experiment, vocabulary = self.experiment, train.vocabulary
        extractor = FeatureExtractor(experiment.features)
        length, _ = experiment.windows.frames(self.grid)

        def examples(data: Dataset) -> list[Example]:
            made = []
            for recording in data:
                features = extractor(recording.audio(self.grid.sample_rate))
                labels = recording.labels(self.grid, vocabulary)
                for start, end in _pieces(len(labels), length):
                    made.append(Example(features[start:end], labels[start:end]))
            return made

        fitting, tuning = examples(train), examples(tune)
        normalizer = Normalizer.fit(example.features for example in fitting)
        trained = train_network(
            self.network.fresh(
                bins=experiment.features.bins, classes=len(vocabulary), seed=experiment.seed
            ),
            fitting,
            tuning,
            normalizer=normalizer,
            settings=experiment.training,
            floor_db=experiment.features.floor_db,
            seed=experiment.seed,
            folder=workdir,
            resume=resume,
            progress=progress,
        )
        self.network = trained.network
        self.vocabulary = vocabulary
        self.seen = Seen.of(train, tune)
        self.record = TrainingRecord(trained.log, trained.seconds)
        self._frontend = Frontend(extractor, normalizer, experiment.windows)
        decoder = Decoder.from_labels(train.labels_on(self.grid), len(vocabulary))
        references = [r.notes or () for r in tune]
        self.decoder = decoder.tuned(self.predict(tune), references)
        return self

    def predict_recording(self, recording: Recording, draws: int = 1) -> NDArray[np.float32]:
        """Log-probabilities ``(1, 1, frames, class)``: one draw, however many are asked for."""
        return self.frontend.predict(recording, self._window)

    def _window(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            log_probs = self.network(torch.from_numpy(features)[None])
        array: NDArray[np.float32] = log_probs.numpy()[None]
        return array

    def save(self, path: str | Path) -> None:
        """Write a model directory, whole or not at all.

        Raises
        ------
        InputError
            If the model is not fitted, or something stands at ``path`` already.
        """
        from bayes_a2m.model import Contents, write

        write(
            Path(path),
            Contents(
                weights={k: v.detach().cpu() for k, v in self.network.state_dict().items()},
                experiment=self.experiment,
                vocabulary=self.vocabulary,
                normalizer=self.frontend.normalizer,
                decoder=self.decoder,
                seen=self.seen,
                training_log=self.record.log,
                training_seconds=self.record.seconds,
            ),
        )

    @classmethod
    def of_contents(cls, contents: Contents, source: str) -> Self:
        """From the contents of a model directory; ``source`` is named in errors."""
        model = cls.of_experiment(contents.experiment)
        experiment = contents.experiment
        classes = len(contents.vocabulary)
        model.network = model.network.fresh(
            bins=experiment.features.bins, classes=classes, seed=experiment.seed
        )
        _load_weights(model.network, contents.weights, source)
        model.network.eval()
        model.vocabulary = contents.vocabulary
        model.decoder = contents.decoder
        model.seen = contents.seen
        model.record = TrainingRecord(contents.training_log, contents.training_seconds)
        model._frontend = Frontend.of(experiment.features, contents.normalizer, experiment.windows)
        return model


def _load_weights(network: Network, weights: Mapping[str, torch.Tensor], source: str) -> None:
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{source}: the weights do not fit the network of config.yaml ({reason}); train again"
        ) from error


def _pieces(frames: int, length: int) -> list[tuple[int, int]]:
    """Cut a recording into examples; a rest of under a quarter stays with the one before."""
    starts = list(range(0, frames, length))
    if len(starts) > 1 and frames - starts[-1] < length / 4:
        starts.pop()
    return list(zip(starts, [*starts[1:], frames], strict=True))
