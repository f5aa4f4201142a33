"""Viterbi algorithm: the likeliest path through a hidden Markov model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def viterbi(
    scores: Floats, transitions: Floats, initial: Floats
) -> tuple[NDArray[np.int64], float]:
    """Find the path of the highest score.

    Viterbi 1967; Rabiner 1989, "A tutorial on hidden Markov models and selected applications in
    speech recognition", Proceedings of the IEEE 77(2), equations 32–35.

    Parameters
    ----------
    scores
        Log-score of every state in every frame, shape ``(frames, state)``.
    transitions
        Log-score of going from state i to state j, shape ``(state, state)``.
    initial
        Log-score of starting in a state, shape ``(state,)``.

    Returns
    -------
    path
        State of every frame, shape ``(frames,)``; of equal scores the lower state.
    score
        Sum of the path's log-scores.

    >>> stay = np.log([[0.9, 0.1], [0.1, 0.9]])
    >>> doubtful = np.log([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]])
    >>> viterbi(doubtful, stay, np.log([0.5, 0.5]))[0]
    array([0, 0, 0])
    """
    frames, states = scores.shape
    if frames == 0:
        return np.zeros(0, dtype=np.int64), 0.0
    # back[t, j] is the best state before j: what was best up to t - 1 need not be looked at again
    back = np.empty((frames, states), dtype=np.int64)
    score = initial + scores[0]
    every = np.arange(states)
    incoming = np.ascontiguousarray(transitions.T)  # row j: from every i to j
    for t in range(1, frames):
        reached = incoming + score
        back[t] = reached.argmax(axis=1)
        score = reached[every, back[t]] + scores[t]
    path = np.empty(frames, dtype=np.int64)
    path[-1] = score.argmax()
    for t in range(frames - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path, float(score.max())
