"""Training examples heard in another room or by another device, anew in every epoch.

Features of a degraded sound cannot be made of the features of the sound, so an example that is to
be degraded keeps its samples. What it is put through follows from the seed, the epoch and the
example's number alone: a training that was interrupted hears what an unbroken one would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.conditions import draw
from bayes_a2m.datasets.example import Example, Sound

if TYPE_CHECKING:
    from bayes_a2m.audio.features import FeatureExtractor, Features
    from bayes_a2m.config.experiment import ConditionSettings

STREAM = 5
"""Number of this stream of random numbers; order, augmentation and draws have others."""

MARGIN = 2.0
"""Seconds of sound kept on either side of an example: the lowest bins listen for so long."""


def sound_of(samples: NDArray[np.float32], features: Features, start: int, stop: int) -> Sound:
    """Cut the samples of frames ``start`` to ``stop`` out of a recording, with a margin.

    Parameters
    ----------
    samples
        The whole recording, mono, at the features' rate.
    features
        Settings of the features that will be made of it.
    start, stop
        First frame, and the one after the last.
    """
    hop = features.hop
    margin = round(MARGIN * features.sample_rate / hop)
    first = max(0, start - margin)
    part = samples[first * hop : (stop + margin) * hop]
    return Sound(part, features, start - first)


class Degraded(Sequence[Example]):
    """Training examples of one epoch, some of them heard in another recording condition.

    Parameters
    ----------
    examples
        Examples; those that have no sound stay as they are.
    settings
        How many are degraded, and how.
    seed
        Seed of what is drawn.

    Attributes
    ----------
    epoch
        The epoch whose examples these are; to be set before each.
    """

    def __init__(self, examples: Sequence[Example], settings: ConditionSettings, seed: int) -> None:
        self.examples, self.settings, self.seed, self.epoch = examples, settings, seed, 0

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:  # type: ignore[override]  # no slices
        example, settings = self.examples[index], self.settings
        generator = np.random.default_rng([self.seed, STREAM, self.epoch, index])
        if example.sound is None or generator.uniform() >= settings.share:
            return example
        name = settings.names[int(generator.integers(len(settings.names)))]
        condition = draw(name, generator.uniform(*settings.severity), generator)
        sound = example.sound
        degraded = condition.apply(sound.samples, sound.features.sample_rate)
        features = self._extractor(degraded)
        return replace(example, features=features[sound.start :][: len(example.labels)])

    @cached_property
    def _extractor(self) -> FeatureExtractor:
        from bayes_a2m.audio.features import FeatureExtractor

        settings = next(e.sound.features for e in self.examples if e.sound is not None)
        return FeatureExtractor(settings)
