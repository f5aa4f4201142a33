"""Frames cut, stacked and drawn: property tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.baselines import frames
from bayes_a2m.baselines.frames import blocks, sample_frames, stack_context


@given(st.integers(0, 400), st.integers(1, 12), st.integers(2, 30))
def test_blocks_are_the_frames_around_every_hop(samples: int, hop: int, length: int) -> None:
    sound = np.arange(1.0, samples + 1)
    count = 1 + samples // hop
    cut = np.concatenate(list(blocks(sound, length, hop, count)))
    assert cut.shape == (count, length)
    padded = np.pad(sound, (length, 2 * length))
    for i in range(count):
        start = length + i * hop - length // 2
        np.testing.assert_array_equal(cut[i], padded[start : start + length])


def test_a_long_recording_comes_in_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.random.default_rng(0).standard_normal(1000)
    whole = np.concatenate(list(blocks(sound, 32, 10, 101)))
    monkeypatch.setattr(frames, "BLOCK", 7)
    parts = list(blocks(sound, 32, 10, 101))
    assert [len(p) for p in parts] == [7] * 14 + [3]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@given(st.integers(1, 20), st.integers(0, 3), st.integers(1, 5))
def test_neighbours_stand_beside_a_frame(count: int, neighbours: int, stride: int) -> None:
    values = np.arange(2.0 * count).reshape(count, 2)
    found = stack_context(values, neighbours, stride)
    assert found.shape == (count, 2 * (2 * neighbours + 1))
    for i in range(count):
        for j, step in enumerate(range(-neighbours, neighbours + 1)):
            near = min(max(i + step * stride, 0), count - 1)
            np.testing.assert_array_equal(found[i, 2 * j : 2 * j + 2], values[near])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 200))
def test_drawn_frames_are_distinct_and_as_many_of_each(lengths: list[int], count: int) -> None:
    drawn = sample_frames(lengths, count, np.random.default_rng(0))
    share = max(1, count // len(lengths))
    for rows, length in zip(drawn, lengths, strict=True):
        assert len(rows) == min(share, length)
        assert len(set(rows.tolist())) == len(rows)
        assert (np.diff(rows) > 0).all()
        assert rows.min() >= 0
        assert rows.max() < length
