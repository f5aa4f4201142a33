"""Sampling of transcriptions from a posterior: whole paths, coherent in time.

To draw the label of every frame from its own distribution gives a stutter that no voice would sing.
Here a path is drawn from the distribution that the decoder's score defines
(:mod:`bayes_a2m.decoding.decoder`), of which the Viterbi path is the mode:

    P(c_1 .. c_T) ~ p(c_1) prod_t [p_t(c_t) / p(c_t)^b]^w prod_t p(c_t | c_{t-1})

by forward filtering and backward sampling (FFBS: Chib 1996, "Calculating posterior distributions
and modal estimates in Markov mixture models", Journal of Econometrics 75; Scott 2002, "Bayesian
methods for hidden Markov models", JASA 97). Forward, with ``s_t`` the logarithm of the bracket to
the power w,

    a_t(j) = s_t(j) + log sum_i exp(a_{t-1}(i) + log p(j | i))

and backward the last class from ``exp a_T`` and every one before from
``exp(a_t(i)) p(c_{t+1} | i)``, each normalised. That is exact: no burn-in, paths independent.

There is one path, or several, for each draw of the posterior. A draw is a state of belief, and
gives the probabilities ``p_t``; the path given it is the doubt that is left when the belief is
settled. Together they are draws from the predictive distribution of the transcription, as
:mod:`bayes_a2m.diagnostics.pit` needs them. Each recording has random numbers of its own, made
from its id (ids are to differ), so neither the order of recordings nor padding changes a path.

>>> from bayes_a2m.music import Vocabulary
>>> sure = FramePosterior.from_probs([[[1, 0], [0, 1], [0, 1]]], vocabulary=Vocabulary((60,)))
>>> decoder = Decoder(((0.9, 0.1), (0.1, 0.9)), (0.5, 0.5), (0.5, 0.5), weight=1.0)
>>> sample_paths(sure, decoder, np.random.default_rng(0), paths_per_draw=2)
[array([[0, 1, 1],
       [0, 1, 1]])]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.prediction.posterior import SMALLEST, FramePosterior

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def sample_paths(
    posterior: FramePosterior,
    decoder: Decoder,
    generator: np.random.Generator,
    *,
    paths_per_draw: int = 1,
) -> list[Ints]:
    """Draw paths of classes, without repairs.

    Parameters
    ----------
    posterior
        Predictions whose draws give the frame probabilities.
    decoder
        Source of transitions, initial distribution, prior, ``weight`` and ``prior_power``.
    generator
        Source of the paths; one number is taken from it.
    paths_per_draw
        Number of paths of every draw, at least one.

    Returns
    -------
    list of ndarray, shape (paths, frames)
        One a recording, of its own length. Path ``d * paths_per_draw + p`` is of draw d, chains
        one after the other.

    Raises
    ------
    InputError
        If decoder and posterior are of unlike classes, or fewer than one path is asked for.
    """
    if paths_per_draw < 1:
        raise InputError(f"paths_per_draw must be at least 1, not {paths_per_draw}")
    classes = posterior.log_probs.shape[-1]
    if classes != len(decoder.prior):
        raise InputError(f"the decoder knows {len(decoder.prior)} classes, the posterior {classes}")
    with np.errstate(divide="ignore"):  # a step that never happens has the logarithm -inf
        transitions, initial = np.log(decoder.transitions), np.log(decoder.initial)
    sampled = []
    for i, own in enumerate(generators_of(posterior.ids, generator)):
        log_probs = posterior.log_probs[:, :, i, : posterior.lengths[i]]
        log_probs = log_probs.reshape(-1, *log_probs.shape[2:]).astype(np.float64)
        log_probs = np.maximum(log_probs, np.log(SMALLEST))
        scores = decoder.weight * (log_probs - decoder.prior_power * np.log(decoder.prior))
        paths = ffbs(scores, transitions, initial, own, paths=paths_per_draw)
        sampled.append(paths.reshape(-1, paths.shape[-1]))
    return sampled


def generators_of(
    ids: tuple[str, ...], generator: np.random.Generator
) -> list[np.random.Generator]:
    """Make a generator for every recording from its id and one number of ``generator``.

    >>> first, second = generators_of(("a", "b"), np.random.default_rng(0))
    >>> again = generators_of(("b", "a"), np.random.default_rng(0))[1]
    >>> int(first.integers(1000)) == int(again.integers(1000))
    True
    """
    seed = int(generator.integers(2**63))
    return [np.random.default_rng([seed, *name.encode(errors="surrogateescape")]) for name in ids]


def ffbs(
    scores: Floats,
    transitions: Floats,
    initial: Floats,
    generator: np.random.Generator,
    *,
    paths: int = 1,
) -> Ints:
    """Sample paths by forward filtering and backward sampling, for several scores at once.

    Parameters
    ----------
    scores
        Log-score of every class in every frame, shape ``(draw, frame, class)``.
    transitions, initial
        Log-probabilities, shape ``(class, class)`` from row to column, and ``(class,)``.
    generator
        Source of the paths.
    paths
        Number of paths of every draw.

    Returns
    -------
    ndarray, shape (draw, paths, frame)

    Raises
    ------
    InputError
        If a score is not finite, or no path at all is possible.
    """
    if not np.isfinite(scores).all():
        raise InputError("the scores of a path must be finite")
    draws, frames, _ = scores.shape
    forward = forward_messages(scores, transitions, initial)
    sampled = np.empty((draws, paths, frames), dtype=np.int64)
    if not frames:
        return sampled
    uniform = generator.random((frames, draws, paths))
    logits = np.broadcast_to(forward[:, None, -1], (draws, paths, scores.shape[2]))
    incoming = np.ascontiguousarray(transitions.T)  # row j: from every i to j
    for t in range(frames - 1, -1, -1):
        if t < frames - 1:
            logits = forward[:, None, t] + incoming[sampled[:, :, t + 1]]
        sampled[:, :, t] = _draw_class(logits, uniform[t])
    return sampled


def forward_messages(scores: Floats, transitions: Floats, initial: Floats) -> Floats:
    """Compute ``a_t`` of the module's formula, less the largest of its frame.

    The messages are kept as logarithms: a class that is far behind in one frame may be the only one
    left later.

    Parameters
    ----------
    scores
        Log-score of every class in every frame, shape ``(draw, frame, class)``.
    transitions, initial
        Log-probabilities, shape ``(class, class)`` from row to column, and ``(class,)``.

    Returns
    -------
    ndarray, shape (draw, frame, class)

    Raises
    ------
    InputError
        If no path at all is possible.
    """
    forward = np.empty_like(scores)
    for t in range(scores.shape[1]):
        if t == 0:
            reached = np.broadcast_to(initial, scores[:, 0].shape)
        else:
            steps = forward[:, t - 1, :, None] + transitions
            reached = np.logaddexp.reduce(steps, axis=1)
        message = scores[:, t] + reached
        largest = message.max(axis=-1, keepdims=True)
        if not np.isfinite(largest).all():
            raise InputError(
                "the decoder's transitions and initial distribution allow no path at all"
            )
        forward[:, t] = message - largest
    return forward


def _draw_class(logits: Floats, uniform: Floats) -> NDArray[np.intp]:
    """Draw a class from its logits ``(..., class)`` and a uniform number ``(...)`` by inversion.

    A class of probability 0 is never drawn, as uniform numbers are below 1 and sums start at 0.
    """
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    cumulative = np.cumsum(shares, axis=-1)
    # "<=": with a uniform number of 0 the first class that has a share, not one that has none
    drawn: NDArray[np.intp] = (cumulative <= uniform[..., None] * cumulative[..., -1:]).sum(axis=-1)
    return drawn
