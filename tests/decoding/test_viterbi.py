"""The path is the best of all paths, which for few frames can be enumerated."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bayes_a2m.decoding.viterbi import viterbi


def score_of(
    path: tuple[int, ...],
    scores: NDArray[np.float64],
    transitions: NDArray[np.float64],
    initial: NDArray[np.float64],
) -> float:
    total = initial[path[0]] + sum(scores[t, state] for t, state in enumerate(path))
    return float(total + sum(transitions[a, b] for a, b in itertools.pairwise(path)))


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_no_path_is_better(frames: int, states: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, 2, (frames, states))
    # not symmetric: a transposed matrix would show
    transitions = generator.normal(0, 2, (states, states))
    initial = generator.normal(0, 2, states)
    path, score = viterbi(scores, transitions, initial)
    every = itertools.product(range(states), repeat=frames)
    best = max(every, key=lambda p: score_of(p, scores, transitions, initial))
    assert tuple(path) == best
    assert score == pytest.approx(score_of(best, scores, transitions, initial))
    assert path.dtype == np.int64


def test_a_path_by_hand() -> None:
    # only 0 -> 1 -> 2 is allowed to move on; the evidence says 0 0 2 2
    closed = -np.inf
    transitions = np.array([[0.0, -1.0, closed], [closed, 0.0, -1.0], [closed, closed, 0.0]])
    scores = np.array([[0.0, -9, -9], [0.0, -2, -9], [-9.0, -3, 0], [-9.0, -9, 0]])
    path, score = viterbi(scores, transitions, np.array([0.0, closed, closed]))
    assert path.tolist() == [0, 1, 2, 2]
    assert score == -4.0


def test_of_equal_paths_the_lower_states_win() -> None:
    path, score = viterbi(np.zeros((4, 3)), np.zeros((3, 3)), np.zeros(3))
    assert path.tolist() == [0, 0, 0, 0]
    assert score == 0


def test_no_frames_no_path() -> None:
    path, score = viterbi(np.zeros((0, 3)), np.zeros((3, 3)), np.zeros(3))
    assert path.shape == (0,)
    assert score == 0
