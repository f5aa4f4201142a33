"""Parts of the Brier score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.metrics import frames as scores
from bayes_a2m.metrics.decomposition import brier_parts


def test_murphys_three_parts_by_hand():
    # class 1: 0.2 four times, once true; 0.8 twice, both true. Overall 1/2.
    p1 = np.array([0.2] * 4 + [0.8] * 2)
    labels = [1, 0, 0, 0, 1, 1]
    parts = brier_parts(np.stack([1 - p1, p1], axis=1), labels)
    assert parts.reliability[1] == pytest.approx((4 * 0.05**2 + 2 * 0.2**2) / 6)
    assert parts.resolution[1] == pytest.approx((4 * 0.25**2 + 2 * 0.5**2) / 6)
    assert parts.uncertainty[1] == pytest.approx(0.25)
    assert parts.within[1] == pytest.approx(0, abs=1e-12)
    assert parts.brier[1] == pytest.approx((3 * 0.04 + 0.64 + 2 * 0.04) / 6)


@given(st.integers(0, 1000), st.integers(1, 60), st.sampled_from([1, 5, 15]))
def test_parts_add_up_to_the_score(seed, frames, bins):
    generator = np.random.default_rng(seed)
    p = generator.dirichlet([0.4] * 4, size=frames)
    labels = generator.integers(0, 4, size=frames)
    parts = brier_parts(p, labels, bins=bins).summed()
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert whole == pytest.approx(scores.brier(p, labels))
    assert parts.brier == pytest.approx(scores.brier(p, labels))
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0


def test_perfect_and_ignorant_probabilities():
    labels = [0, 1, 1, 0]
    perfect = brier_parts(np.eye(2)[labels], labels).summed()
    assert perfect.resolution == pytest.approx(perfect.uncertainty)
    assert perfect.reliability == pytest.approx(0)
    ignorant = brier_parts(np.full((4, 2), 0.5), labels).summed()
    assert ignorant.resolution == pytest.approx(0)
    assert ignorant.brier == pytest.approx(ignorant.uncertainty)
