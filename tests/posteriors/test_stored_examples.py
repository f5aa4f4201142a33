"""Training from the store of features is training from memory."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.audio.store import FeatureStore
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.posteriors.stored_examples import StoredExamples
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.training.data import Examples
from tests import tiny


def test_examples_of_the_store_are_those_of_memory(
    tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = (*tiny.SMALL, "training.augment.conditions.share=0.5")
    experiment = load_experiment("crnn", changes)
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    monkeypatch.delenv("BAYES_A2M_STORE", raising=False)
    memory = TrainingData.of(fit, tune, experiment)
    monkeypatch.setenv("BAYES_A2M_STORE", str(tmp_path))
    stored = TrainingData.of(fit, tune, experiment)
    assert FeatureStore(tmp_path).count() == len(fit) + len(tune)
    assert all(isinstance(own, StoredExamples) for own in stored.fitting)
    assert stored.normalizer == memory.normalizer
    # as another process gets it, and after what was there had to make room
    stored = pickle.loads(pickle.dumps(stored))
    FeatureStore(tmp_path).clean()
    for one, other in zip(stored.fit_examples, memory.fit_examples, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(one.labels, other.labels)
        assert one.sound is not None
        assert other.sound is not None
        np.testing.assert_array_equal(one.sound.samples, other.sound.samples)
    assert [e.sound for e in stored.tune_examples] == [None] * len(memory.tune_examples)

    def epoch(data: TrainingData) -> list[float]:
        examples = Examples(data.fit_examples, data.tune_examples, batch=4, seed=3)
        return [float(batch.features.sum()) for batch in examples.train_dataloader()]

    assert epoch(stored) == epoch(memory)
    drawn = [d.resampled(np.random.default_rng(1)).fit_examples for d in (stored, memory)]
    np.testing.assert_array_equal(drawn[0][-1].features, drawn[1][-1].features)
