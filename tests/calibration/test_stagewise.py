"""Each stage is recalibrated alone, on its own frames."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.calibration import nll
from bayes_a2m.calibration.methods import Temperature
from bayes_a2m.calibration.stagewise import Stagewise
from bayes_a2m.metrics import stages


def drawn(silence: float, pitch: float, frames: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Distributions, and labels of distributions whose stages are those at these temperatures."""
    generator = np.random.default_rng(0)
    stated = generator.dirichlet([1, 1, 1, 1], size=frames)
    true = Stagewise(Temperature(silence), Temperature(pitch)).apply(stated)
    labels = (true.cumsum(axis=1) < generator.uniform(size=(frames, 1))).sum(axis=1)
    return stated, np.minimum(labels, 3)


def test_it_finds_the_temperature_of_each_stage() -> None:
    stated, labels = drawn(1.8, 0.6)
    found = Stagewise.fit(stated, labels)
    assert found.silence.temperature == pytest.approx(1.8, rel=0.06)
    assert found.pitch.temperature == pytest.approx(0.6, rel=0.06)
    # one temperature for the whole distribution cannot undo two that pull apart
    one = Temperature.fit(stated, labels)
    assert nll(found.apply(stated), labels) < nll(one.apply(stated), labels) - 0.01


def test_a_stage_keeps_to_itself() -> None:
    stated, _ = drawn(1.0, 1.0, 200)
    changed = Stagewise(Temperature(3.0), Temperature(1.0)).apply(stated)
    np.testing.assert_allclose(stages.pitch_of(changed), stages.pitch_of(stated), atol=1e-9)
    changed = Stagewise(Temperature(1.0), Temperature(3.0)).apply(stated)
    np.testing.assert_allclose(changed[:, 0], stated[:, 0], atol=1e-9)


def test_where_nothing_sounds_the_pitch_stays_as_it_is() -> None:
    stated, _ = drawn(1.0, 1.0, 200)
    assert Stagewise.fit(stated, np.zeros(200, dtype=int)).pitch.temperature == 1
    alone = np.array([[0.6, 0.4], [0.2, 0.8]])
    assert Stagewise.fit(alone, np.array([0, 1])).pitch.temperature == 1
