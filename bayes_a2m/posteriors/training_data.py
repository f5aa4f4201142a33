"""What a posterior learns from, made once: examples, their normaliser, the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bayes_a2m.audio.features import FeatureExtractor
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.example import Example, pieces

Recordings = tuple[tuple[Example, ...], ...]


@dataclass(frozen=True)
class TrainingData:
    """Training training_data of all members of a model.

    Attributes
    ----------
    fitting, tuning
        The examples of every recording.
    normalizer
        Of the fitting part.
    classes
        Size of the vocabulary.
    """

    fitting: Recordings
    tuning: Recordings
    normalizer: Normalizer
    classes: int

    @classmethod
    def of(
        cls,
        train: Dataset,
        tune: Dataset,
        experiment: Experiment,
        normalizer: Normalizer | None = None,
    ) -> TrainingData:
        """Features and labels of both parts; ``normalizer`` where one is given already."""
        extractor = FeatureExtractor(experiment.features)
        grid, vocabulary = experiment.features.grid, train.vocabulary
        length, _ = experiment.windows.frames(grid)

        def examples(data: Dataset) -> Recordings:
            made = []
            for recording in data:
                features = extractor(recording.audio(grid.sample_rate))
                labels = recording.labels(grid, vocabulary)
                spans = pieces(len(labels), length)
                made.append(tuple(Example(features[a:b], labels[a:b]) for a, b in spans))
            return tuple(made)

        fitting, tuning = examples(train), examples(tune)
        if normalizer is None:
            every = (e.features for recording in fitting for e in recording)
            normalizer = Normalizer.fit(every, experiment.normalization)
        return cls(fitting, tuning, normalizer, len(vocabulary))

    @property
    def fit_examples(self) -> list[Example]:
        """Of all recordings to fit."""
        return [example for recording in self.fitting for example in recording]

    @property
    def tune_examples(self) -> list[Example]:
        """Of all recordings to tune on."""
        return [example for recording in self.tuning for example in recording]

    def normalized(self, examples: Sequence[Example]) -> list[Example]:
        """The same examples as a network reads them."""
        return [replace(e, features=self.normalizer(e.features)) for e in examples]

    def resampled(self, generator: np.random.Generator) -> TrainingData:
        """As many recordings to fit, drawn with replacement: a bootstrap by recording."""
        chosen = generator.integers(len(self.fitting), size=len(self.fitting))
        return replace(self, fitting=tuple(self.fitting[i] for i in chosen))
