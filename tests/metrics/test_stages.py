"""Any distribution comes apart into two stages and together again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m import calibration
from bayes_a2m.errors import InputError
from bayes_a2m.metrics import stages


@given(st.integers(2, 9), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_stages_come_back_exactly(classes: int, frames: int, seed: int) -> None:
    distribution = np.random.default_rng(seed).dirichlet(np.full(classes, 0.5), size=frames)
    first, second = stages.silence_of(distribution), stages.pitch_of(distribution)
    np.testing.assert_allclose(first.sum(-1), 1, atol=1e-12)
    np.testing.assert_allclose(second.sum(-1), 1, atol=1e-12)
    whole = stages.composed(first, second)
    np.testing.assert_allclose(whole, distribution, atol=1e-12)
    np.testing.assert_allclose(whole.sum(-1), 1, atol=1e-12)


def test_nll_is_the_sum_of_the_stages() -> None:
    generator = np.random.default_rng(0)
    distribution, truth = generator.dirichlet([1, 1, 1, 1], size=200), generator.integers(0, 4, 200)
    parts = stages.parted(distribution, truth)
    (first, sounding), (second, pitch) = parts["silence"], parts["pitch"]
    total = 200 * calibration.nll(first, sounding) + len(pitch) * calibration.nll(second, pitch)
    assert total == pytest.approx(200 * calibration.nll(distribution, truth))


def test_a_frame_surely_silent_says_nothing_of_its_pitch() -> None:
    np.testing.assert_array_equal(stages.pitch_of([1.0, 0.0, 0.0]), [0.5, 0.5])


def test_silence_alone_leaves_no_frame_to_the_second_stage() -> None:
    distribution, truth = stages.parted([[0.9, 0.1], [0.8, 0.2]], [0, 0])["pitch"]
    assert distribution.shape == (0, 1)
    assert truth.size == 0


def test_stages_of_other_frames_make_no_law() -> None:
    with pytest.raises(InputError, match="make no distribution"):
        stages.composed(np.ones((3, 2)) / 2, np.ones((4, 3)) / 3)
