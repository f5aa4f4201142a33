"""Which frames lie near a change of label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bayes_a2m.music import FrameGrid
from bayes_a2m.music.notes import near_boundary

GRID = FrameGrid()


@settings(deadline=None)
@given(hnp.arrays(np.int64, st.integers(1, 80), elements=st.integers(0, 1)), st.floats(0.001, 0.2))
def test_is_a_distance_to_the_nearest_change(labels: NDArray[np.int64], within: float) -> None:
    changes = [i + 0.5 for i in range(len(labels) - 1) if labels[i] != labels[i + 1]]
    reach = within / GRID.hop_seconds
    near = near_boundary(labels, GRID, within)
    for frame in range(len(labels)):
        distance = min((abs(frame - change) for change in changes), default=np.inf)
        if abs(distance - reach) > 1e-6:  # a tie is anybody's
            assert near[frame] == (distance < reach)


def test_by_hand() -> None:
    labels = np.repeat([0, 1, 2], 20)
    near = near_boundary(labels, GRID)
    # 50 ms are 8.33 frames; changes lie at 19.5 and 39.5
    assert np.flatnonzero(near).tolist() == [*range(12, 28), *range(32, 48)]
    assert near.dtype == np.bool_


def test_cut_off_at_the_ends() -> None:
    assert near_boundary(np.array([0, 1, 1]), GRID).tolist() == [True] * 3
    far = near_boundary(np.array([0] + [1] * 20), GRID)
    assert np.flatnonzero(far).tolist() == list(range(9))


@pytest.mark.parametrize("frames", [0, 1, 50])
def test_without_a_change_nothing_is_near(frames: int) -> None:
    near = near_boundary(np.ones(frames, dtype=np.int64), GRID)
    assert near.shape == (frames,)
    assert not near.any()


def test_the_reach_is_in_seconds() -> None:
    labels = np.repeat([0, 1], 50)
    assert near_boundary(labels, FrameGrid(16000, 160), 0.05).sum() == 10
    assert near_boundary(labels, FrameGrid(16000, 160), 0.1).sum() == 20
