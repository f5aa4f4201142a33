"""Windows cover a recording, and their cross-fade neither adds nor takes away."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.audio.windows import join, spans, weights
from bayes_a2m.errors import InputError


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, int, int]:
    """Frames, window length and overlap that go together."""
    length = draw(st.integers(1, 60))
    return draw(st.integers(1, 400)), length, draw(st.integers(0, length // 2))


@settings(deadline=None)
@given(layouts())
def test_windows_cover_every_frame_once_or_twice(layout: tuple[int, int, int]) -> None:
    frames, length, overlap = layout
    covered = np.zeros(frames, dtype=int)
    cut = spans(frames, length, overlap)
    for start, end in cut:
        covered[start:end] += 1
    assert covered.min() == 1
    assert covered.max() <= 2
    assert cut[0][0] == 0
    assert cut[-1][1] == frames
    assert all(end - start == length for start, end in cut[:-1])
    assert cut[-1][1] - cut[-1][0] <= length
    # no window for nothing: the last one has frames of its own
    assert len(cut) == 1 or cut[-2][1] < frames
    assert all(b[0] == a[1] - overlap for a, b in pairwise(cut))


@settings(deadline=None)
@given(layouts())
def test_weights_sum_to_one_everywhere(layout: tuple[int, int, int]) -> None:
    frames, length, overlap = layout
    total = np.zeros(frames)
    for start, end in spans(frames, length, overlap):
        share = weights((start, end), frames, overlap)
        assert share.shape == (end - start,)
        assert (share > 0).all()
        total[start:end] += share
    np.testing.assert_allclose(total, 1, atol=1e-6)


@settings(deadline=None)
@given(layouts(), st.integers(0, 2**32 - 1))
def test_windows_that_agree_join_to_what_they_were_cut_from(
    layout: tuple[int, int, int], seed: int
) -> None:
    frames, length, overlap = layout
    whole = np.random.default_rng(seed).dirichlet(np.ones(4), size=(2, 3, frames))
    pieces = [whole[..., start:end, :] for start, end in spans(frames, length, overlap)]
    np.testing.assert_allclose(join(pieces, frames, length, overlap), whole, atol=1e-6)


def test_constants_stay_constant() -> None:
    pieces = [np.full((end - start, 2), 0.5) for start, end in spans(1000, 666, 167)]
    np.testing.assert_allclose(join(pieces, 1000, 666, 167), 0.5, atol=1e-6)


def test_an_overlap_is_a_linear_fade() -> None:
    pieces = [np.tile([1.0, 0.0], (4, 1)), np.tile([0.0, 1.0], (4, 1))]
    joined = join(pieces, 6, 4, 2)
    np.testing.assert_allclose(joined[:, 0], [1, 1, 0.75, 0.25, 0, 0])
    np.testing.assert_allclose(joined.sum(axis=1), 1)


@pytest.mark.parametrize(("length", "overlap"), [(4, 3), (4, -1), (0, 0), (5, 3)])
def test_overlaps_that_do_not_suit_are_refused(length: int, overlap: int) -> None:
    with pytest.raises(InputError, match="does not suit windows"):
        spans(10, length, overlap)


def test_the_number_of_pieces_must_be_that_of_the_windows() -> None:
    with pytest.raises(ValueError, match="10 frames make 3 windows, not 1"):
        join([np.ones((10, 2))], 10, 4, 1)
