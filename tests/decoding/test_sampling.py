"""Sampled paths have the distribution that they should: against all paths, and forward-backward."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.sampling import ffbs, sample_paths
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior

Floats = NDArray[np.float64]

DECODER = Decoder(
    ((0.8, 0.15, 0.05), (0.3, 0.6, 0.1), (0.25, 0.05, 0.7)),
    (0.6, 0.3, 0.1),
    (0.5, 0.3, 0.2),
    weight=0.7,
    prior_power=0.5,
)


def fresh(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def posterior(
    lengths: list[int], draws: int = 2, padding: int = 0, order: list[int] | None = None
) -> FramePosterior:
    """Recording k has its own probabilities, whatever the order; even draws come in two chains."""
    order = order or list(range(len(lengths)))
    chains = 1 + (draws % 2 == 0)
    shape = (chains, draws // chains, len(order), max(lengths) + padding, 3)
    log_probs = np.full(shape, -0.3, dtype=np.float32)  # nonsense that must not matter
    for place, k in enumerate(order):
        distribution = fresh(k).dirichlet([0.7] * 3, size=(*shape[:2], lengths[k]))
        log_probs[:, :, place, : lengths[k]] = np.log(distribution)
    sizes = np.array([lengths[k] for k in order])
    return FramePosterior(log_probs, sizes, tuple(f"r{k}" for k in order), Vocabulary((60, 64)))


def distribution_of_paths(log_probs: Floats, decoder: Decoder) -> tuple[NDArray[np.int64], Floats]:
    """All paths, and their probabilities by the formula of the decoder."""
    every = np.array(list(itertools.product(range(3), repeat=len(log_probs))))
    bracket = log_probs - decoder.prior_power * np.log(decoder.prior)
    score = decoder.weight * bracket[np.arange(len(log_probs)), every].sum(axis=1)
    score += np.log(np.array(decoder.initial)[every[:, 0]])
    score += np.log(np.array(decoder.transitions)[every[:, :-1], every[:, 1:]]).sum(axis=1)
    distribution = np.exp(score - score.max())
    return every, distribution / distribution.sum()


@pytest.mark.parametrize("decoder", [DECODER, replace(DECODER, weight=1.0, prior_power=0.0)])
def test_paths_have_the_exact_law(decoder: Decoder) -> None:
    count = 20_000
    post = posterior([4, 5])
    sampled = sample_paths(post, decoder, fresh(1), paths_per_draw=count)
    for i, length in enumerate((4, 5)):
        assert sampled[i].shape == (2 * count, length)
        for draw in range(2):
            log_probs = post.log_probs.reshape(2, 2, -1, 3)[draw, i, :length].astype(np.float64)
            every, distribution = distribution_of_paths(log_probs, decoder)
            own = sampled[i][draw * count : (draw + 1) * count]
            seen = np.bincount(own @ 3 ** np.arange(length)[::-1], minlength=len(every))
            # rare paths together, so that the chi-square is one
            rare = distribution * count < 5
            expected = np.append(distribution[~rare], distribution[rare].sum()) * count
            observed = np.append(seen[~rare], seen[rare].sum())
            assert stats.chisquare(observed, expected).pvalue > 1e-3
            # the other draw's distribution is another: the test can fail
            other = post.log_probs.reshape(2, 2, -1, 3)[1 - draw, i, :length].astype(np.float64)
            _, wrong = distribution_of_paths(other, decoder)
            assert np.abs(seen / count - distribution).sum() / 2 < 0.03
            assert np.abs(seen / count - wrong).sum() / 2 > 0.1


def test_marginals_are_those_of_forward_backward() -> None:
    length, count = 60, 4000
    post = posterior([length], draws=1)
    probs = np.exp(post.log_probs[0, 0, 0].astype(np.float64))
    evidence = (probs / np.array(DECODER.prior) ** DECODER.prior_power) ** DECODER.weight
    steps = np.array(DECODER.transitions)
    forward, backward = np.empty((length, 3)), np.ones((length, 3))
    forward[0] = np.array(DECODER.initial) * evidence[0]
    for t in range(1, length):
        forward[t] = forward[t - 1] @ steps * evidence[t]
        forward[t] /= forward[t].sum()
    for t in range(length - 2, -1, -1):
        backward[t] = steps @ (evidence[t + 1] * backward[t + 1])
        backward[t] /= backward[t].sum()
    marginal = forward * backward
    marginal /= marginal.sum(axis=1, keepdims=True)
    (paths,) = sample_paths(post, DECODER, fresh(2), paths_per_draw=count)
    seen = (paths[:, :, None] == np.arange(3)).mean(axis=0)
    error = np.sqrt(marginal * (1 - marginal) / count)
    assert (np.abs(seen - marginal) / error).max() < 4.5  # of 180 values


def test_neither_padding_nor_order_changes_a_path() -> None:
    lengths = [9, 30, 17]
    plain = sample_paths(posterior(lengths, 4), DECODER, fresh(), paths_per_draw=3)
    padded = sample_paths(posterior(lengths, 4, padding=11), DECODER, fresh(), paths_per_draw=3)
    order = [2, 0, 1]
    moved = sample_paths(posterior(lengths, 4, order=order), DECODER, fresh(), paths_per_draw=3)
    for k in range(3):
        assert plain[k].shape == (12, lengths[k])
        np.testing.assert_array_equal(plain[k], padded[k])
        np.testing.assert_array_equal(plain[order[k]], moved[k])
    other = sample_paths(posterior(lengths, 4), DECODER, fresh(1), paths_per_draw=3)
    assert (other[1] != plain[1]).any()


def test_steps_that_never_happen_do_not() -> None:
    upward = replace(
        DECODER, transitions=((0.9, 0.1, 0.0), (0.0, 0.9, 0.1), (0.0, 0.0, 1.0)), initial=(1, 0, 0)
    )
    (paths,) = sample_paths(posterior([40]), upward, fresh(), paths_per_draw=50)
    assert (np.diff(paths, axis=1) >= 0).all()
    assert (np.diff(paths, axis=1) <= 1).all()
    assert (paths[:, 0] == 0).all()


def test_what_is_far_behind_is_not_lost() -> None:
    """Two classes that never meet, each 1e-1500 behind in its half: the odds are even."""
    frames = 250
    scores = np.zeros((1, frames, 2))
    scores[0, : frames // 2, 1] = scores[0, frames // 2 :, 0] = np.log(1e-12)
    with np.errstate(divide="ignore"):
        paths = ffbs(scores, np.log(np.eye(2)), np.log([0.5, 0.5]), fresh(), paths=400)[0]
    assert (np.diff(paths, axis=1) == 0).all()
    assert 160 < paths[:, 0].sum() < 240


def test_what_is_sure_is_drawn() -> None:
    labels = np.repeat([0, 2, 0, 1], 10)
    probs = np.full((40, 3), 1e-9)
    probs[np.arange(40), labels] = 1
    post = FramePosterior.from_probs([probs], vocabulary=Vocabulary((60, 64)), grid=FrameGrid())
    (paths,) = sample_paths(post, replace(DECODER, weight=1.0), fresh(), paths_per_draw=20)
    assert (paths == labels).all()


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        sample_paths(posterior([4]), DECODER, fresh(), paths_per_draw=0)
    four = FramePosterior.from_probs([np.full((3, 4), 0.25)])
    with pytest.raises(InputError, match="knows 3 classes, the posterior 4"):
        sample_paths(four, DECODER, fresh())
    with np.errstate(divide="ignore"):
        nothing = np.log(np.zeros((2, 2)))
    with pytest.raises(InputError, match="no path"):
        ffbs(np.zeros((1, 3, 2)), nothing, np.log([0.5, 0.5]), fresh())
    with pytest.raises(InputError, match="finite"):
        ffbs(np.full((1, 3, 2), np.nan), nothing, np.log([0.5, 0.5]), fresh())
