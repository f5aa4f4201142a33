"""Decibels relative to full scale, the same for every recording."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from bayes_a2m.audio.cqt import CQT
from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, MelFeatures
from bayes_a2m.config.experiment import FeatureSettings
from bayes_a2m.errors import InputError

KINDS = [CQTFeatures(), MelFeatures()]


@pytest.fixture
def sound() -> NDArray[np.float32]:
    generator = np.random.default_rng(0)
    time = np.arange(16000) / 16000
    tone = 0.1 * np.sin(2 * np.pi * 220 * time) * (time > 0.3)
    return (tone + 1e-4 * generator.standard_normal(16000)).astype(np.float32)


@pytest.mark.parametrize("settings", KINDS)
def test_twice_the_signal_is_six_decibels_more(
    settings: CQTFeatures | MelFeatures, sound: NDArray[np.float32]
) -> None:
    extract = FeatureExtractor(settings)
    once, twice = extract(sound), extract(2 * sound)
    unclipped = once > settings.floor_db
    assert 0.3 < unclipped.mean() < 1
    np.testing.assert_allclose((twice - once)[unclipped], 20 * np.log10(2), atol=2e-3)
    assert (twice[~unclipped] <= settings.floor_db + 6.03).all()


@pytest.mark.parametrize("settings", KINDS)
def test_a_loud_passage_leaves_a_quiet_one_as_it_was(
    settings: CQTFeatures | MelFeatures, sound: NDArray[np.float32]
) -> None:
    extract = FeatureExtractor(settings)
    quiet = np.concatenate((sound, np.zeros(32000, dtype=np.float32)))
    loud = quiet.copy()
    loud[-3200:] = np.random.default_rng(1).standard_normal(3200)
    np.testing.assert_allclose(extract(quiet)[:100], extract(loud)[:100], atol=0.5)


def test_decibels_are_those_of_the_magnitude(sound: NDArray[np.float32]) -> None:
    level = FeatureExtractor(CQTFeatures())(sound)
    magnitude = CQT()(torch.from_numpy(sound)).abs().numpy()
    expected = np.maximum(20 * np.log10(magnitude), -70)
    np.testing.assert_allclose(level, expected, atol=1e-3)
    assert level.dtype == np.float32
    assert level.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("settings", [CQTFeatures(floor_db=-55), MelFeatures(floor_db=-55)])
def test_silence_is_the_floor(settings: CQTFeatures | MelFeatures) -> None:
    level = FeatureExtractor(settings)(np.zeros(4800, dtype=np.float32))
    assert level.shape == (50, settings.bins)
    np.testing.assert_allclose(level, -55, atol=1e-4)


def test_takes_double_precision_and_read_only_samples(sound: NDArray[np.float32]) -> None:
    extract = FeatureExtractor(CQTFeatures())
    fixed = sound.copy()
    fixed.flags.writeable = False
    np.testing.assert_array_equal(extract(sound), extract(fixed))
    np.testing.assert_array_equal(extract(sound), extract(sound.astype(np.float64)))


def test_frequencies_name_the_bins() -> None:
    frequencies = CQTFeatures().frequencies
    assert frequencies.shape == (252,)
    assert frequencies[135] == pytest.approx(440.0)
    np.testing.assert_allclose(frequencies, CQT().frequencies)
    mel = MelFeatures()
    time = np.arange(16000) / 16000
    level = FeatureExtractor(mel)(np.sin(2 * np.pi * mel.frequencies[70] * time).astype(np.float32))
    assert level[80].argmax() == 70


def test_settings_stand_on_their_grid_and_reach_the_transform() -> None:
    settings = CQTFeatures(sample_rate=22050, hop=160, bins=84, bins_per_octave=12, fmin=55.0)
    assert (settings.grid.sample_rate, settings.grid.hop) == (22050, 160)
    level = FeatureExtractor(settings)(np.zeros(22050, dtype=np.float32))
    assert level.shape == (settings.grid.frames_in(1.0), 84)
    with pytest.raises(InputError, match="past half"):
        FeatureExtractor(CQTFeatures(sample_rate=8000))
    with pytest.raises(InputError, match="does not fit"):
        FeatureExtractor(MelFeatures(sample_rate=8000))


def test_the_kind_says_which_settings_there_are() -> None:
    adapter: TypeAdapter[CQTFeatures | MelFeatures] = TypeAdapter(FeatureSettings)
    assert adapter.validate_python({"kind": "mel", "window": 1024}) == MelFeatures(window=1024)
    with pytest.raises(ValidationError, match="window"):
        adapter.validate_python({"kind": "cqt", "window": 1024})
