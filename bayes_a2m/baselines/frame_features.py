"""Baselines of a few features a frame, of which a logistic model makes probabilities.

A frame's features are joined with those of its neighbours and classified by multinomial logistic
regression (:mod:`bayes_a2m.baselines.logistic`).
"""

from __future__ import annotations

import itertools
import warnings
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bayes_a2m.baselines.baseline import Arrays, Baseline, Floats
from bayes_a2m.baselines.frames import sample_frames, stack_context
from bayes_a2m.baselines.logistic import Logistic
from bayes_a2m.config.settings import Settings
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.metrics.kernels import nll_of

CONTEXTS = (0, 1, 2)
"""Numbers of neighbours on each side that the tuning split chooses from."""

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2)
"""Penalties of the logistic model's weights that the tuning split chooses from."""


class FrameFeatureOptions(Settings):
    """Settings of every baseline that ends in a logistic model."""

    context: int | None = Field(
        None, ge=0, le=20, description="neighbours on each side that a frame is judged with"
    )
    stride: float = Field(0.1, gt=0, description="from one neighbour to the next, s")
    penalty: float | None = Field(None, gt=0, description="of the logistic model's weights")
    rows: int = Field(30000, ge=100, description="frames that it is fitted on")


class FrameFeatureBaseline(Baseline):
    """Features of every frame and of its neighbours, classified by a logistic model.

    Neighbours help, for labels and sounds are not in step, and a note is longer than a frame.
    Subclasses say what the features are; where these have settings of their own, they say between
    which of them the tuning split chooses.

    Attributes
    ----------
    model
        The fitted logistic model.
    """

    Options = FrameFeatureOptions
    tuned: ClassVar[tuple[str, ...]] = ("context", "penalty")
    model: Logistic

    @abstractmethod
    def frame_features(self, recording: Recording) -> Floats:
        """The features of every frame of a recording, ``(frame, feature)``."""

    def evidence(self, recording: Recording) -> Floats:
        """The name of :meth:`frame_features` in 0.1.0."""
        warnings.warn("evidence is frame_features now", DeprecationWarning, stacklevel=2)
        return self.frame_features(recording)

    def variants(self) -> Sequence[dict[str, float]]:
        """The choices of the features' own settings, by name, that the tuning split tries."""
        return [{}]

    def fit_examples(self, train: Dataset, tune: Dataset) -> None:
        """Try every variant, context and penalty; keep the one of least NLL on ``tune``.

        Raises
        ------
        InputError
            If the frames to fit are all of one class.
        """
        options, grid = self.options, self.grid
        generator = np.random.default_rng([self.seed, 0])
        fit_labels, tune_labels = train.labels_on(grid), np.concatenate(tune.labels_on(grid))
        rows = sample_frames([len(y) for y in fit_labels], options.rows, generator)
        labels = np.concatenate([y[r] for y, r in zip(fit_labels, rows, strict=True)])
        contexts = CONTEXTS if options.context is None else (options.context,)
        penalties = PENALTIES if options.penalty is None else (options.penalty,)
        best: _Trial | None = None
        for variant in self.variants():
            self.chosen = dict(variant)
            fit_features, tune_features = self._features(train), self._features(tune)
            for context, penalty in itertools.product(contexts, penalties):
                chosen = [
                    self._with_context(features, context)[frames]
                    for features, frames in zip(fit_features, rows, strict=True)
                ]
                model = Logistic.fit(np.concatenate(chosen), labels, len(self.vocabulary), penalty)
                tuned_on = [self._with_context(features, context) for features in tune_features]
                log_probs = model.log_probs(np.concatenate(tuned_on))
                nll = float(nll_of(np.exp(log_probs), tune_labels).mean())
                settings = {**variant, "context": context, "penalty": penalty}
                self.consider(nll, **settings)
                if best is None or nll < best.nll:
                    best = _Trial(nll, settings, model)
        assert best is not None
        self.chosen, self.model = best.settings, best.model

    def _features(self, recordings: Iterable[Recording]) -> list[Floats]:
        return [self.frame_features(recording) for recording in recordings]

    def _with_context(self, features: Floats, context: float) -> Floats:
        stride = max(1, self.grid.count(self.options.stride))
        return stack_context(features, int(context), stride)

    def log_probs(self, recording: Recording) -> Floats:
        """Log-probabilities of the logistic model, ``(frame, class)``."""
        features = self._with_context(self.frame_features(recording), self.setting("context"))
        return self.model.log_probs(features)

    def arrays(self) -> Arrays:
        """The arrays of the logistic model, by name."""
        return self.model.arrays()

    def load_state_dict(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what :meth:`arrays` gave.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or of another shape.
        """
        self.model = Logistic.of_arrays(arrays, len(self.vocabulary))


@dataclass(frozen=True)
class _Trial:
    """A choice of settings, its NLL on the tuning split, and the model fitted with it."""

    nll: float
    settings: dict[str, float]
    model: Logistic
