"""The smooth calibration error against its definition, integrated by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from bayes_a2m import calibration
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.smooth import cells_of, smooth_ece, smooth_ece_of_cells
from tests.calibration.simulation import simulate


def by_definition(stated, true):
    """The fixed point of the integral, kernels reflected at 0 and 1 written out."""
    grid = (np.arange(4000) + 0.5) / 4000
    gap = (true - stated) / stated.size

    def error(bandwidth):
        smoothed = np.zeros(grid.size)
        for mirrored in (stated, -stated, 2 - stated, 2 + stated, -2 + stated, 4 - stated):
            distance = (grid[:, None] - mirrored) / bandwidth
            smoothed += (np.exp(-(distance**2) / 2) * gap).sum(1) / bandwidth / np.sqrt(2 * np.pi)
        return np.abs(smoothed).mean()

    return brentq(lambda s: error(s) - s, 1e-3, 1.0)


@pytest.mark.parametrize("overconfidence", [0.4, 1.0, 2.5])
def test_agrees_with_the_definition(overconfidence):
    drawn = simulate(4, 60, np.random.default_rng(1), overconfidence=overconfidence)
    p, labels = np.concatenate(drawn.probs), np.concatenate(drawn.labels)
    want = by_definition(p.max(1), (p.argmax(1) == labels).astype(float))
    assert smooth_ece(p, labels) == pytest.approx(want, abs=2e-4)
    assert calibration.smooth_ece(drawn, drawn.labels) == pytest.approx(want, abs=2e-4)


def test_a_point_mass_errs_by_its_gap():
    # however wide the kernel, mass is kept: the integral is the gap, and so is the fixed point
    p = np.tile([0.7, 0.3], (10, 1))
    assert smooth_ece(p, [0] * 5 + [1] * 5) == pytest.approx(0.2, abs=1e-5)


def test_is_at_most_the_error_of_every_gap_and_zero_without_gaps():
    assert smooth_ece([[1.0, 0.0], [0.0, 1.0]], [0, 1]) == pytest.approx(0, abs=1e-5)


def test_cells_keep_the_mean():
    values = np.array([0.0, 0.1234, 0.5, 0.99999, 1.0])
    (lower, upper), (first, second) = cells_of(values, 64)
    assert first + second == pytest.approx(np.ones(5))
    inside = (values > 0.5 / 64) & (values < 1 - 0.5 / 64)
    mean = first * (lower + 0.5) / 64 + second * (upper + 0.5) / 64
    assert mean[inside] == pytest.approx(values[inside])
    assert (upper < 64).all()


def test_leading_axes_are_free_and_no_frames_are_nan():
    generator = np.random.default_rng(0)
    gaps, total = generator.normal(size=(3, 2, 50)), np.full((3, 2), 500.0)
    total[2, 1] = 0
    whole = smooth_ece_of_cells(gaps, total)
    assert whole.shape == (3, 2)
    assert np.isnan(whole[2, 1])
    assert whole[1, 0] == pytest.approx(float(smooth_ece_of_cells(gaps[1, 0], np.asarray(500.0))))


def test_one_cell_is_refused():
    with pytest.raises(InputError, match="at least 2 cells, not 1"):
        smooth_ece_of_cells(np.zeros(1), np.ones(()))
