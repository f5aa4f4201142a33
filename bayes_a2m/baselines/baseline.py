"""Baselines share their settings, learning, choosing on the tuning split, and files.

A baseline is a :class:`~bayes_a2m.posteriors.posterior.Posterior` without a network. It has one
belief, hence one chain of one draw: aleatoric uncertainty, and no epistemic.
"""

from __future__ import annotations

import csv
import io
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Features, Spectrum
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.config.experiment import Experiment, Named
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.posteriors.fitted import Fitted
from bayes_a2m.posteriors.loadable import ensure_loadable
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen
from bayes_a2m.prediction.posterior import SMALLEST

if TYPE_CHECKING:
    from torch import Tensor

    from bayes_a2m.posteriors.model_directory import ModelState

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

CHOSEN = "chosen."
"""The start of the names of chosen settings, beside a baseline's own arrays in one file."""

UNCHANGED = Normalizer(0.0, 1.0)
"""The normaliser of baselines that read no spectrum."""


class Baseline(Posterior):
    """A posterior without a network; subclasses say how they learn and what they predict.

    Settings that are None are chosen on the tuning split, by the NLL of its frames.

    Parameters
    ----------
    features
        Settings of the spectrum; where a baseline reads none, only rate and hop matter.
    seed
        The seed that every random choice of the fit comes from.
    options
        The method's own settings, which its ``Options`` describe.

    Attributes
    ----------
    chosen
        The values that the tuning split chose, by the name of the setting.
    """

    deterministic = True
    tuned: ClassVar[tuple[str, ...]] = ()
    """Names of the settings that the tuning split chooses, where they are None."""

    def __init__(
        self,
        *,
        features: Features | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        self.options = self.checked(options)
        self.experiment = Experiment(
            features=features or CQTFeatures(),
            posterior=Named(name=self.name, **options),
            seed=seed,
        )
        self.chosen: dict[str, float] = {}
        self._considered: list[tuple[str, float]] = []

    @classmethod
    def of_experiment(cls, experiment: Experiment) -> Self:
        """Make the baseline that an experiment describes, not fitted yet.

        Raises
        ------
        InputError
            If the experiment names a network, or a setting is not right.
        """
        if experiment.network is not None:
            raise InputError(
                f"network: {cls.name} is a baseline and has none; leave network (and a base: "
                "that names one) out"
            )
        baseline = cls(**vars(cls.checked(experiment.posterior.settings)))
        baseline.experiment = experiment
        return baseline

    # ---- what a baseline says ----

    @abstractmethod
    def fit_examples(self, train: Dataset, tune: Dataset) -> None:
        """Learn from ``train``; choose the settings that are None on ``tune``.

        Raises
        ------
        InputError
            If there is nothing to learn.
        """

    @abstractmethod
    def log_probs(self, recording: Recording) -> Floats:
        """Log-probabilities of every frame of a recording, ``(frame, class)``."""

    @abstractmethod
    def arrays(self) -> Arrays:
        """Everything that was learned, as arrays by name."""

    @abstractmethod
    def load_state_dict(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what :meth:`arrays` gave; ``chosen``, vocabulary and normaliser are there.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or of another shape.
        """

    # ---- what all share ----

    def setting(self, name: str) -> float:
        """The value of a setting: the one that was given, else the one that the tuning split chose.

        Raises
        ------
        KeyError
            If it is neither given nor chosen yet.
        """
        given = getattr(self.options, name)
        return float(self.chosen[name] if given is None else given)

    def consider(self, nll: float, **settings: float) -> None:
        """Note the NLL, in nats per frame, of settings on the tuning split: a row of the log."""
        text = " ".join(f"{name}={value:g}" for name, value in settings.items())
        self._considered.append((text, nll))

    @property
    def parameter_count(self) -> int:
        """The count of numbers that were learned or stored."""
        return sum(array.size for array in self.arrays().values())

    @cached_property
    def extractor(self) -> FeatureExtractor:
        """The transform from samples to decibels."""
        return FeatureExtractor(self.experiment.features)

    def features_of(self, recording: Recording) -> Spectrum:
        """The experiment's features in decibels, for figures and for baselines that read them."""
        settings = self.experiment.features
        return Spectrum(self.extractor(recording.audio(settings.sample_rate)), settings)

    def fit(
        self,
        train: Dataset,
        tune: Dataset,
        *,
        start: Posterior | None = None,
        workdir: Path | None = None,
        resume: bool = False,
        progress: bool = False,
    ) -> Self:
        """Learn, choose what has to be chosen, recalibrate, tune the decoder.

        Fitting takes seconds, so nothing is kept in ``workdir``, and nothing shows progress.

        Raises
        ------
        InputError
            If there is a model to start from, or nothing to learn.
        """
        if start is not None:
            raise InputError(f"a {self.name} model starts from no other: leave --from out")
        ensure_loadable(self)
        started = time.perf_counter()
        before = self.fitted
        self.fitted = Fitted(
            vocabulary=train.vocabulary,
            normalizer=UNCHANGED,
            decoder=Decoder.from_labels(train.labels_on(self.grid), len(train.vocabulary)),
            calibrator=Calibrator(),
            seen=Seen.of(train, tune),
            record=TrainingRecord(),
            fingerprint=self.fingerprint(train, tune),
            conditions=TrainingConditions.of((*train, *tune), self.grid.sample_rate),
        )
        self.chosen, self._considered = {}, []
        try:
            self.fit_examples(train, tune)
        except BaseException:
            self.fitted = before
            raise
        record = TrainingRecord(_as_csv(self._considered), time.perf_counter() - started)
        self.fitted = replace(self._known, record=record)
        self.fit_calibration_and_decoder(train, tune)
        return self

    def predict_recording(self, recording: Recording, draws: int = 1) -> NDArray[np.float32]:
        """Log-probabilities ``(1, 1, frame, class)``: one draw, however many are asked for.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        self.ensure_fitted()
        log_probs = np.maximum(self.log_probs(recording), np.log(SMALLEST))
        return log_probs[None, None].astype(np.float32)

    def weights(self) -> dict[str, Tensor]:
        """The arrays, and the settings that the tuning split chose, as tensors by name."""
        import torch

        chosen = {CHOSEN + name: np.float64(value) for name, value in self.chosen.items()}
        return {name: torch.tensor(a) for name, a in {**self.arrays(), **chosen}.items()}

    def load_state(self, state: ModelState) -> None:
        """Take the arrays and the chosen settings of a model directory.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or of another shape.
        """
        arrays = {name: tensor.numpy() for name, tensor in state.weights.items()}
        self.chosen = {
            name.removeprefix(CHOSEN): float(array)
            for name, array in arrays.items()
            if name.startswith(CHOSEN)
        }
        for name in self.tuned:
            self.setting(name)
        self.load_state_dict({k: v for k, v in arrays.items() if not k.startswith(CHOSEN)})


def _as_csv(considered: list[tuple[str, float]]) -> str:
    """Choices and their NLL on the tuning split, one a row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["choice", "tuning_nll"])
    writer.writerows((choice, f"{nll:.6f}") for choice, nll in considered)
    return text.getvalue()
