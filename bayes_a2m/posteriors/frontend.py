"""The front end turns a recording into what a network reads, and windows back into a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio import windows
from bayes_a2m.audio.features import FeatureExtractor, Features
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import WindowSettings
from bayes_a2m.datasets.recording import Recording

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Frontend:
    """Loads, transforms, normalises and windows recordings, the same way every time.

    Attributes
    ----------
    extractor
        Turns samples into decibels.
    normalizer
        The scale of the features, from the training split.
    window
        How long recordings are cut, and how far two windows overlap.
    """

    extractor: FeatureExtractor
    normalizer: Normalizer
    window: WindowSettings

    @classmethod
    def of(cls, features: Features, normalizer: Normalizer, window: WindowSettings) -> Frontend:
        """Make a front end from its settings."""
        return cls(FeatureExtractor(features), normalizer, window)

    def features(self, recording: Recording) -> Array:
        """The features of a recording in decibels, before normalisation, ``(frames, bins)``."""
        return self.extractor(recording.audio(self.extractor.settings.sample_rate))

    def predict(self, recording: Recording, network: Callable[[Array], Array]) -> Array:
        """Log-probabilities of a recording of any length, ``(chain, draw, frames, class)``.

        Parameters
        ----------
        recording
            It is cut into windows of its features, whose answers are cross-faded in probability.
        network
            Turns the normalised features ``(frames, bins)`` of one window into log-probabilities
            ``(chain, draw, frames, class)``.
        """
        features = self.normalizer(self.features(recording))
        return windows.predict(features, network, *self.window.frames(self.extractor.settings.grid))
