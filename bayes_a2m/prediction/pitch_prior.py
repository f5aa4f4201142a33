"""Another prior over pitches: frames reweighed by Bayes' rule, after the model has answered.

A model has learned the shares of pitches of its training recordings. Where it is known that some
are likelier here by factors ``w``, and the sound given its pitch is as before, the posterior is

    p'(k | x, sound) = w(k) p(k | x) / sum over pitches j of w(j) p(j | x)

(Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori
probabilities", 2002, equation 2.4.) Silence keeps its probability: a prior over pitches says
nothing of whether one sounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bayes_a2m.errors import InputError
from bayes_a2m.prediction.posterior import SMALLEST, FramePosterior


def reweighed(posterior: FramePosterior, weights: Sequence[float]) -> FramePosterior:
    """Give the pitches of a posterior other prior weights; silence keeps its probability.

    Parameters
    ----------
    posterior
        Of any model.
    weights
        Positive, one a pitch of its vocabulary.

    Raises
    ------
    InputError
        If there is not one positive weight a pitch.

    >>> from bayes_a2m.music import Vocabulary
    >>> probs = [[0.5, 0.25, 0.25]]
    >>> post = FramePosterior.from_probs([probs], vocabulary=Vocabulary((60, 61)))
    >>> reweighed(post, (4.0, 1.0)).mean().round(3).tolist()
    [[[0.5, 0.4, 0.1]]]
    """
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (len(posterior.vocabulary.pitches),) or not (given > 0).all():
        raise InputError("a prior over pitches needs a positive weight for each of them")
    log_probs = posterior.log_probs.astype(np.float64)
    pitches = log_probs[..., 1:]
    before = np.logaddexp.reduce(pitches, axis=-1, keepdims=True)
    moved = pitches + np.log(given)
    moved += before - np.logaddexp.reduce(moved, axis=-1, keepdims=True)
    both = np.concatenate([log_probs[..., :1], moved], axis=-1)
    return replace(posterior, log_probs=np.maximum(both, np.log(SMALLEST)).astype(np.float32))
