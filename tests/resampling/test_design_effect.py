"""How many independent frames correlated ones are worth."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.resampling.design_effect import cautions, effective, effective_of_sums
from tests.calibration.simulation import simulate


def test_independent_frames_are_worth_themselves():
    generator = np.random.default_rng(0)
    values = [generator.normal(size=50) for _ in range(2000)]
    assert effective(values).design_effect == pytest.approx(1, abs=0.1)


def test_equal_frames_are_worth_one():
    generator = np.random.default_rng(0)
    values = [np.full(30, generator.normal()) for _ in range(3000)]
    found = effective(values)
    assert found.design_effect == pytest.approx(30, rel=0.1)
    assert found.effective_frames == pytest.approx(3000, rel=0.1)


def test_kishs_formula():
    # 1 + (m - 1) rho with m frames a recording and correlation rho within it
    generator = np.random.default_rng(1)
    own, noise = generator.normal(size=(4000, 1)), generator.normal(size=(4000, 20))
    values = np.sqrt(0.3) * own + np.sqrt(0.7) * noise
    assert effective(list(values)).design_effect == pytest.approx(1 + 19 * 0.3, rel=0.1)


def test_it_is_the_variance_that_new_recordings_show():
    generator = np.random.default_rng(2)
    means, predicted = [], []
    for _ in range(300):
        drawn = simulate(30, 80, generator)
        right = [p.argmax(1) == y for p, y in zip(drawn.probs, drawn.labels, strict=True)]
        found = effective(right)
        mean = np.concatenate(right).mean()
        means.append(mean)
        predicted.append(mean * (1 - mean) / found.effective_frames)
    assert np.mean(predicted) == pytest.approx(np.var(means), rel=0.25)
    assert found.frames / found.effective_frames > 5


def test_sums_say_the_same_as_frames():
    generator = np.random.default_rng(3)
    values = [generator.normal(size=n) for n in (3, 10, 1, 7)]
    sums = [v.sum() for v in values], [(v**2).sum() for v in values], [v.size for v in values]
    assert effective(values) == effective_of_sums(*sums)
    assert effective([*values, []]) == effective(values)


def test_undefined():
    assert np.isnan(effective([[1, 0, 1]]).design_effect)
    assert np.isnan(effective([[1, 1], [1]]).design_effect)
    with pytest.raises(InputError, match="no frames"):
        effective([[], []])
    with pytest.raises(InputError, match="1-D"):
        effective([[[1.0]]])


def test_cautions():
    assert cautions({"all recordings": 20}) == []
    assert "at all: 0 recordings" in cautions({"at all": 0})[0]
