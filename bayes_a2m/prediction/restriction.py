"""Restriction to some pitches: of a model of many, what it says where only these are sung.

The others are impossible then, and what is left is renormalised: the distribution given that the
class is silence or one of the pitches. What stood at the others can be kept beside it, for where
it is large the recording holds what the vocabulary does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.prediction.posterior import SMALLEST, FramePosterior


def places_of(vocabulary: Vocabulary, whole: Vocabulary) -> list[int]:
    """The class of every class of a vocabulary in one that holds it, by the pitches that sound.

    Raises
    ------
    InputError
        If a pitch is not in the larger one.

    >>> places_of(Vocabulary((60, 64), sounding_offset=-12), Vocabulary(tuple(range(36, 85))))
    [0, 13, 17]
    """
    sounding = [pitch + whole.sounding_offset for pitch in whole.pitches]
    wanted = [pitch + vocabulary.sounding_offset for pitch in vocabulary.pitches]
    missing = [
        name for name, p in zip(vocabulary.names[1:], wanted, strict=True) if p not in sounding
    ]
    if missing:
        raise InputError(
            f"{', '.join(missing)} (sounding offset {vocabulary.sounding_offset}) is not among the "
            f"pitches of the model, {whole.names[1]} to {whole.names[-1]}"
        )
    return [0, *(sounding.index(pitch) + 1 for pitch in wanted)]


def restricted(
    posterior: FramePosterior,
    vocabulary: Vocabulary,
    *,
    others: Literal["impossible", "missed"] = "impossible",
) -> FramePosterior:
    """Condition a posterior on silence and some of its pitches.

    Parameters
    ----------
    posterior
        Of a model whose pitches include those.
    vocabulary
        The pitches that are left, as they are labelled; they are found where they sound.
    others
        Reading of what is said of the other pitches. ``impossible``: nothing is, and what is left
        is renormalised. ``missed``: they are attempts at the nearest pitch of the vocabulary, by
        a voice that slides or is out of tune; its probability is theirs, and silence keeps its own.

    Raises
    ------
    InputError
        If a pitch is not among those of the posterior.

    >>> probs = [[0.5, 0.3, 0.2]]
    >>> post = FramePosterior.from_probs([probs], vocabulary=Vocabulary((60, 61)))
    >>> restricted(post, Vocabulary((60,))).mean().round(3).tolist()
    [[[0.625, 0.375]]]
    """
    places = places_of(vocabulary, posterior.vocabulary)
    if others == "missed":
        probs = np.exp(posterior.log_probs.astype(np.float64))
        chosen = np.log(np.maximum(probs @ _attempts(places, posterior.vocabulary), SMALLEST))
    else:
        chosen = posterior.log_probs[..., places].astype(np.float64)
    total = np.logaddexp.reduce(chosen, axis=-1, keepdims=True)
    return replace(
        posterior,
        log_probs=np.maximum(chosen - total, np.log(SMALLEST)),
        vocabulary=vocabulary,
    )


def _attempts(places: list[int], whole: Vocabulary) -> NDArray[np.float64]:
    """Matrix ``(class of all, class that is left)``: each row shared out among the nearest.

    >>> _attempts([0, 1, 3], Vocabulary((60, 61, 62, 63))).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    pitches = np.array(whole.pitches)
    chosen = pitches[np.array(places[1:]) - 1]
    away = np.abs(pitches[:, None] - chosen)
    nearest = (away == away.min(axis=1, keepdims=True)).astype(np.float64)
    matrix = np.zeros((len(whole), len(places)))
    matrix[0, 0] = 1.0
    matrix[1:, 1:] = nearest / nearest.sum(axis=1, keepdims=True)
    return matrix


def other_mass(posterior: FramePosterior, vocabulary: Vocabulary) -> NDArray[np.float32]:
    """Probability of "another pitch" than those of a vocabulary, ``(recording, frame)``.

    >>> probs = [[0.5, 0.3, 0.2]]
    >>> post = FramePosterior.from_probs([probs], vocabulary=Vocabulary((60, 61)))
    >>> other_mass(post, Vocabulary((60,))).round(3).tolist()
    [[0.2]]
    """
    kept = posterior.mean()[..., places_of(vocabulary, posterior.vocabulary)].sum(axis=-1)
    left: NDArray[np.float32] = np.clip(1 - kept, 0, 1).astype(np.float32)
    return left
