"""Seconds to frames and back, without losing one to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid

grids = st.builds(FrameGrid, st.sampled_from([8000, 16000, 22050, 44100]), st.integers(8, 1024))


@settings(deadline=None)
@given(grids, st.integers(0, 1_000_000))
def test_a_frames_own_instant_belongs_to_it(grid: FrameGrid, frame: int) -> None:
    assert grid.frame(grid.seconds(frame)) == frame
    # and so after the detours that files and sums take
    assert grid.frame(frame * grid.hop_seconds) == frame
    assert grid.frame(frame / grid.frame_rate) == frame


@settings(deadline=None)
@given(grids, st.integers(1, 100_000), st.floats(0.001, 0.999))
def test_between_two_frames_the_earlier_counts(grid: FrameGrid, frame: int, part: float) -> None:
    assert grid.frame(grid.seconds(frame + part)) == frame
    assert grid.frame(grid.seconds(-frame + part)) == -frame


@settings(deadline=None)
@given(grids, st.integers(0, 10_000_000))
def test_samples_survive_the_way_through_seconds(grid: FrameGrid, samples: int) -> None:
    assert grid.samples_in(samples / grid.sample_rate) == samples
    assert grid.frames_in(samples / grid.sample_rate) == grid.frames_of(samples)


@pytest.mark.parametrize(
    ("samples", "frames"), [(64000, 666), (95, 1), (96, 1), (191, 1), (192, 2), (1, 1), (0, 0)]
)
def test_whole_frames_and_at_least_one(samples: int, frames: int) -> None:
    assert FrameGrid().frames_of(samples) == frames


def test_four_seconds_are_666_frames() -> None:
    grid = FrameGrid()
    assert grid.frames_in(4.0) == 666
    assert grid.span(0.0, 4.0) == (0, 666)
    assert grid.count(4.0) == 667
    assert grid.count(1.0) == 167
    assert grid.frame_rate == pytest.approx(166.6667)
    assert grid.hop_seconds == pytest.approx(0.006)


def test_times_are_the_frames_instants() -> None:
    grid = FrameGrid(22050, 160)
    times = grid.times(500)
    np.testing.assert_array_equal(times, [grid.seconds(i) for i in range(500)])
    assert FrameGrid().times(3).tolist() == pytest.approx([0, 0.006, 0.012])
    assert grid.times(0).shape == (0,)


@pytest.mark.parametrize("settings", [(0, 96), (16000, 0), (-1, 96), (16000, -96)])
def test_what_is_no_grid_is_refused(settings: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="must be positive"):
        FrameGrid(*settings)
