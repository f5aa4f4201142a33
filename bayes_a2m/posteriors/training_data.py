"""The data a posterior learns from, made once: examples, their normaliser, the classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bayes_a2m.audio.features import FeatureExtractor
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.audio.store import FeatureStore
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.datasets.augment import Transposition
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.example import Example, RecordingExamples, pieces
from bayes_a2m.datasets.held_examples import HeldExamples
from bayes_a2m.datasets.random_windows import RandomWindows
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.posteriors.stored_examples import Joined, StoredExamples

Recordings = tuple[RecordingExamples, ...]

FLOAT = 4
"""Bytes of a number of the features."""


@dataclass(frozen=True)
class TrainingData:
    """Examples that a model is trained on; all members of an ensemble share them.

    Attributes
    ----------
    fitting, tuning
        The examples of every recording to fit, and of every recording to tune on.
    normalizer
        The scale of the features of the recordings to fit.
    classes
        The size of the vocabulary.
    transposition
        How classes move with the bins, where training transposes.
    random_windows
        Whether long recordings are cut elsewhere in every epoch of training.
    """

    fitting: Recordings
    tuning: Recordings
    normalizer: Normalizer
    classes: int
    transposition: Transposition | None = None
    random_windows: bool = False

    @classmethod
    def of(
        cls,
        train: Dataset,
        tune: Dataset,
        experiment: Experiment,
        normalizer: Normalizer | None = None,
    ) -> TrainingData:
        """Compute the features and labels of both parts.

        Features that are many lie in a store on the disk (:mod:`bayes_a2m.audio.store`), and are
        read when an example is asked for.

        Parameters
        ----------
        train, tune
            Recordings with references, to fit and to tune on.
        experiment
            The settings of features, windows and normalisation.
        normalizer
            The scale of a model to start from; None fits one to ``train``.

        Raises
        ------
        InputError
            If a recording cannot be read, the features cannot be transposed as asked, or their
            store is full.
        """
        extractor = FeatureExtractor(experiment.features)
        grid, vocabulary = experiment.features.grid, train.vocabulary
        length, _ = experiment.windows.frames(grid)

        augment = experiment.training.augment
        frames = sum(grid.frames_in(recording.duration) for recording in (*train, *tune))
        store = FeatureStore.for_bytes(frames * experiment.features.bins * FLOAT)

        def examples(data: Dataset, *, with_sound: bool = False) -> Recordings:
            by_recording: list[RecordingExamples] = []
            for recording in data:
                if store is not None:
                    by_recording.append(stored(store, recording, with_sound))
                    continue
                samples = recording.audio(grid.sample_rate)
                features = extractor(samples)
                labels = recording.labels(grid, vocabulary)
                by_recording.append(
                    HeldExamples(
                        features[: len(labels)],
                        labels[: len(features)],
                        tuple(pieces(len(labels), length)),
                        recording.condition,
                        experiment.features,
                        samples if with_sound else None,
                    )
                )
            return tuple(by_recording)

        def stored(store: FeatureStore, recording: Recording, with_sound: bool) -> StoredExamples:
            features = store.features(
                recording.hash,
                experiment.features,
                lambda: extractor(recording.audio(grid.sample_rate)),
            )
            labels = recording.labels(grid, vocabulary)[: len(features)]
            spans = tuple(pieces(len(labels), length))
            return StoredExamples(recording, store, experiment.features, labels, spans, with_sound)

        fitting = examples(train, with_sound=augment.conditions.share > 0)
        tuning = examples(tune)
        if normalizer is None:
            spectra = (example.features for recording in fitting for example in recording)
            normalizer = Normalizer.fit(spectra, experiment.normalization)
        transposition = None
        if augment.transpose:
            bins = getattr(experiment.features, "bins_per_octave", None)
            transposition = Transposition.of(vocabulary.pitches, augment.transpose, bins)
        random = experiment.windows.random
        return cls(fitting, tuning, normalizer, len(vocabulary), transposition, random)

    @property
    def fit_examples(self) -> Sequence[Example]:
        """The examples of all recordings to fit."""
        return Joined(self.fitting)

    def training_examples(self, seed: int) -> Sequence[Example]:
        """The examples that a network's training goes through, in every epoch.

        Parameters
        ----------
        seed
            The seed of where long recordings are cut, if that is elsewhere in every epoch.
        """
        return RandomWindows(self.fitting, seed) if self.random_windows else self.fit_examples

    @property
    def tune_examples(self) -> Sequence[Example]:
        """The examples of all recordings to tune on."""
        return Joined(self.tuning)

    def normalized(self, examples: Sequence[Example]) -> Iterator[Example]:
        """The same examples as a network reads them, one by one."""
        return (replace(e, features=self.normalizer(e.features)) for e in examples)

    def resampled(self, generator: np.random.Generator) -> TrainingData:
        """The same data with as many recordings to fit, drawn with replacement.

        It is a bootstrap by recording: frames of one recording are not independent.
        """
        chosen = generator.integers(len(self.fitting), size=len(self.fitting))
        return replace(self, fitting=tuple(self.fitting[i] for i in chosen))
