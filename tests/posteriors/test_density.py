"""The density of features: distances known in closed form, and a shift that is seen."""

import numpy as np
import pytest
from scipy import stats

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.errors import InputError
from bayes_a2m.posteriors.density import FeatureDensity
from bayes_a2m.posteriors.point import Point


def test_distances_of_a_known_gaussian_are_chi_squared() -> None:
    generator = np.random.default_rng(0)
    mixing = generator.standard_normal((4, 4))
    labels = generator.integers(0, 2, 20000)
    features = generator.standard_normal((20000, 4)) @ mixing + 50 * labels[:, None]
    density = FeatureDensity.of(features, labels, classes=3)
    assert np.isnan(density.means[2]).all()
    squares = 4 * density.distance(features)
    for level in (0.1, 0.5, 0.9):
        expected = stats.chi2(4).ppf(level)
        assert np.quantile(squares, level) == pytest.approx(expected, rel=0.06)


def test_the_nearest_class_counts() -> None:
    generator = np.random.default_rng(1)
    labels = np.repeat([0, 1], 1000)
    features = generator.standard_normal((2000, 2)) + 30 * labels[:, None]
    density = FeatureDensity.of(features, labels, classes=2)
    at_zero, at_one, between = density.distance(np.array([[0, 0], [30, 30], [15, 15]]))
    assert max(at_zero, at_one) < 0.1
    assert between > 50


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(InputError, match="more than 3 steps"):
        FeatureDensity.of(np.zeros((3, 5)), np.zeros(3, dtype=int), classes=1)
    with pytest.raises(InputError, match="needs recordings"):
        FeatureDensity.fit(None, [])  # type: ignore[arg-type]


def test_noise_is_farther_than_what_it_was_trained_on(
    tiny_point: Point, tiny_data: Dataset
) -> None:
    seen = tiny_data.where(lambda r: r.id in tiny_point.seen.fit)
    density = FeatureDensity.fit(tiny_point, seen)
    generator = np.random.default_rng(0)
    for recording in tiny_data.split("validation"):
        sound = recording.audio(16000)
        hiss = sound + 0.02 * generator.standard_normal(len(sound)).astype("f4")
        noisy = Recording("noisy", samples=hiss, sample_rate=16000)
        clean = density.of_recording(tiny_point, recording)
        assert clean.shape == (tiny_point.grid.frames_in(recording.duration),)
        assert np.median(density.of_recording(tiny_point, noisy)) > 2 * np.median(clean)
