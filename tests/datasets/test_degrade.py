"""Examples heard in other conditions: labels stay, and everything follows from three numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from bayes_a2m.audio.features import FeatureExtractor, MelFeatures
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import (
    AugmentSettings,
    ConditionSettings,
    TrainingSettings,
    load_experiment,
)
from bayes_a2m.datasets import Dataset
from bayes_a2m.datasets.conditions import CONDITIONS
from bayes_a2m.datasets.degrade import MARGIN, Degraded, sound_of
from bayes_a2m.datasets.example import Example
from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.training.fit import Trained, train

MEL = MelFeatures(bins=24)
EXTRACT = FeatureExtractor(MEL)


def examples(count: int = 4, frames: int = 60) -> list[Example]:
    """Windows out of the middle of recordings of a tone, with their sound."""
    made = []
    for i in range(count):
        time = np.arange(6 * frames * MEL.hop) / MEL.sample_rate
        samples = (0.3 * np.sin(2 * np.pi * (200 + 100 * i) * time)).astype(np.float32)
        start, stop = 2 * frames, 3 * frames
        labels = np.full(frames, 1 + i % 3)
        features = EXTRACT(samples)[start:stop]
        made.append(Example(features, labels, sound_of(samples, MEL, start, stop)))
    return made


def test_the_conditions_of_the_settings_are_those_there_are() -> None:
    names = ConditionSettings.model_fields["names"].annotation
    assert get_args(get_args(names)[0]) == tuple(CONDITIONS)


def test_the_sound_of_a_window_gives_its_features() -> None:
    """But for the margin's own ends, which lie too far away to be heard."""
    for start, stop in ((0, 60), (1000, 1100), (1900, 2000)):
        samples = np.random.default_rng(0).normal(0, 0.1, 2000 * MEL.hop).astype(np.float32)
        sound = sound_of(samples, MEL, start, stop)
        assert len(sound.samples) <= (2 * MARGIN * MEL.sample_rate) + (stop - start + 1) * MEL.hop
        features = EXTRACT(sound.samples)[sound.start :][: stop - start]
        np.testing.assert_allclose(features, EXTRACT(samples)[start:stop], atol=0.05)


def test_a_share_of_examples_is_degraded_and_labels_stay() -> None:
    given = examples(3) * 60
    degraded = Degraded(given, ConditionSettings(share=0.4), seed=1)
    changed = 0
    for i, example in enumerate(given):
        found = degraded[i]
        assert found.features.shape == example.features.shape
        np.testing.assert_array_equal(found.labels, example.labels)
        changed += not np.array_equal(found.features, example.features)
    # 180 draws with probability 0.4: 72, four standard deviations of 6.6
    assert abs(changed - 72) < 27


def test_seed_epoch_and_number_decide_and_nothing_else() -> None:
    given, settings = examples(), ConditionSettings(share=1)

    def features(seed: int, epoch: int, order: list[int]) -> dict[int, Any]:
        degraded = Degraded(given, settings, seed)
        degraded.epoch = epoch
        return {i: degraded[i].features for i in order}

    one, again = features(0, 2, [0, 1, 2, 3]), features(0, 2, [3, 1])
    for i in again:
        np.testing.assert_array_equal(one[i], again[i])
    assert not np.array_equal(one[0], features(0, 3, [0])[0])
    assert not np.array_equal(one[0], features(1, 2, [0])[0])


def test_examples_without_sound_stay_as_they_are() -> None:
    plain = [Example(e.features, e.labels) for e in examples()]
    degraded = Degraded(plain, ConditionSettings(share=1), seed=0)
    assert all(degraded[i] is plain[i] for i in range(len(plain)))


@pytest.mark.parametrize("severity", [(3.0, 1.0), (-1.0, 2.0), (1.0, 6.0)])
def test_severities_are_a_range(severity: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="the least and the greatest"):
        ConditionSettings(severity=severity)


@pytest.mark.long
def test_a_training_that_was_broken_off_hears_what_an_unbroken_one_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = examples(6)
    settings = TrainingSettings(
        epochs=3,
        batch=2,
        augment=AugmentSettings(
            conditions=ConditionSettings(share=0.7), stretch=0.1, mask_frames=10
        ),
    )

    def run(folder: Path, resume: bool = False) -> Trained:
        network = CRNN(24, channels=(3, 3, 3), projection=6, hidden=4, features=4)
        return train(
            network.fresh(bins=24, classes=4, seed=0),
            given,
            given[:2],
            normalizer=Normalizer.fit(e.features for e in given),
            settings=settings,
            floor_db=MEL.floor_db,
            seed=0,
            folder=folder,
            resume=resume,
        )

    whole = run(tmp_path / "whole")
    original = Degraded.__getitem__

    def broken(self: Degraded, index: int) -> Example:
        if self.epoch == 2:
            raise RuntimeError("broken off")
        return original(self, index)

    with monkeypatch.context() as patch:
        patch.setattr(Degraded, "__getitem__", broken)
        with pytest.raises(RuntimeError, match="broken off"):
            run(tmp_path / "broken")
    again = run(tmp_path / "broken", resume=True)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name


def test_training_data_keep_sounds_and_a_rule_only_where_they_are_asked_for(
    tiny_data: Dataset,
) -> None:
    small = ("features.bins=84", "features.bins_per_octave=12")
    more = ("training.augment.conditions.share=0.5", "training.augment.transpose=4")
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    plain = TrainingData.of(fit, tune, load_experiment("crnn", small))
    assert all(e.sound is None for e in plain.fit_examples)
    assert plain.transposition is None
    asked = TrainingData.of(fit, tune, load_experiment("crnn", (*small, *more)))
    assert all(e.sound is not None for e in asked.fit_examples)
    assert all(e.sound is None for e in asked.tune_examples)
    assert asked.transposition is not None
    # C4, E4, G4 up four semitones: E4 there is, then none
    assert asked.transposition.targets[-1] == (0, 2, -1, -1)
    assert asked.transposition.bins == 1
    for one, other in zip(plain.fit_examples, asked.fit_examples, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
    with pytest.raises(InputError, match="a semitone must be a whole number of bins"):
        TrainingData.of(
            fit,
            tune,
            load_experiment("crnn", ("features.bins=84", "features.bins_per_octave=18", *more)),
        )
