"""What every kind of features must do; whatever the registry's table holds is tested."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m import registry
from bayes_a2m.audio.features import FeatureExtractor, Features
from bayes_a2m.config.experiment import Experiment, parse_features

pytestmark = pytest.mark.parametrize("name", list(registry.SHIPPED["features"]))


def made(name: str) -> Features:
    """Features of default settings."""
    settings: Features = registry.get("features", name)()
    return settings


@pytest.mark.parametrize("samples", [16000, 16001, 5000])
def test_frames_stand_on_the_grid_and_are_finite(name: str, samples: int) -> None:
    settings = made(name)
    noise = 0.1 * np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    extract = FeatureExtractor(settings)
    level = extract(noise)
    assert level.shape == (settings.grid.frames_of(samples), settings.bins)
    assert np.isfinite(level).all()
    assert (level >= settings.floor_db - 1e-3).all()
    np.testing.assert_array_equal(level, extract(noise))


def test_silence_is_the_floor(name: str) -> None:
    settings = made(name)
    level = FeatureExtractor(settings)(np.zeros(8000, dtype=np.float32))
    np.testing.assert_allclose(level, settings.floor_db, atol=1e-3)


def test_every_bin_has_a_frequency(name: str) -> None:
    frequencies = made(name).frequencies
    assert frequencies.shape == (made(name).bins,)
    assert (np.diff(frequencies) > 0).all()


def test_a_file_holds_all_its_settings(name: str) -> None:
    settings = made(name)
    experiment = Experiment(features=settings)
    written = experiment.model_dump(mode="json")["features"]
    assert written["kind"] == name
    assert parse_features(written) == settings
    assert Experiment.model_validate(experiment.model_dump(mode="json")) == experiment
