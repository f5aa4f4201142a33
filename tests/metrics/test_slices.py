"""Places part all frames, and counts of places add up."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.metrics import slices
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.music import FrameGrid
from bayes_a2m.prediction.posterior import FramePosterior
from tests.calibration.simulation import simulate

GRID = FrameGrid()


@pytest.fixture(scope="module")
def drawn():
    return simulate(5, 150, np.random.default_rng(0))


@pytest.mark.parametrize("masks", [slices.by_boundary, slices.by_run_length])
def test_places_add_up_to_all_frames(drawn, masks):
    post = FramePosterior.from_probs(drawn.probs)
    parted = slices.slice_statistics(post, drawn.labels, lambda i: masks(drawn.labels[i], GRID))
    whole = FrameStatistics.stack(
        [FrameStatistics.of(post.of(i), drawn.labels[i]) for i in range(len(post))]
    )
    for f in fields(FrameStatistics):
        summed = sum(getattr(one, f.name) for one in parted.values())
        np.testing.assert_allclose(summed, getattr(whole, f.name), rtol=1e-5, atol=1e-6)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60))
def test_run_lengths_by_brute_force(labels):
    array = np.array(labels)
    masks = slices.by_run_length(array, GRID, (0.012, 0.03))
    for i in range(len(labels)):
        start, end = i, i
        while start and labels[start - 1] == labels[i]:
            start -= 1
        while end + 1 < len(labels) and labels[end + 1] == labels[i]:
            end += 1
        length = 0.006 * (end - start + 1)
        name = (
            "under 0.012 s"
            if length < 0.012 - 1e-9
            else "0.012 to 0.03 s"
            if length < 0.03 - 1e-9
            else "0.03 s and over"
        )
        assert masks[name][i]
    assert (sum(m.astype(int) for m in masks.values()) == 1).all()


def test_level_of_a_sine_and_of_silence():
    time = np.arange(16000) / 16000
    samples = np.concatenate([np.zeros(16000), 0.5 * np.sin(2 * np.pi * 440 * time)])
    level = slices.level_of(samples, GRID, 333)
    assert level[:160] == pytest.approx(-120)
    assert level[175:325] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)
    assert level.shape == (333,)
    assert np.isfinite(slices.level_of(np.zeros(10), GRID, 3)).all()  # frames past the sound


def test_edges_belong_to_the_place_above():
    masks = slices.by_level(np.array([-40.0, -40.1]), (-40,))
    assert masks["-40 dB and over"].tolist() == [True, False]


def test_what_does_not_fit_is_refused(drawn):
    post = FramePosterior.from_probs(drawn.probs)
    with pytest.raises(InputError, match="labels of 4 recordings for 5"):
        slices.slice_statistics(post, drawn.labels[:4], lambda i: {})
    with pytest.raises(InputError, match="a mask of 1 frames"):
        slices.slice_statistics(post, drawn.labels, lambda i: {"all": np.ones(1, bool)})
    with pytest.raises(InputError, match="edges must ascend, not 2, 1"):
        slices.by_level(np.zeros(3), (2.0, 1.0))
