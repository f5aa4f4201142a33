"""Two stages of a distribution over the classes: silence or sound, and the pitch given sound.

Any distribution ``p`` over silence and pitches is the product of two: ``(p0, 1 - p0)``, and
``q_k = p_k / (1 - p0)`` over the pitches. Nothing is lost: ``p_k = (1 - p0) q_k``. So a single
head and a two-stage design are compared stage by stage, and the negative log-likelihood of a
frame is the sum of its stages' (the chain rule): that of the first over all frames, and that of
the second over the frames that sound.

>>> distribution = np.array([[0.2, 0.6, 0.2]])
>>> silence_of(distribution), pitch_of(distribution)
(array([[0.2, 0.8]]), array([[0.75, 0.25]]))
>>> composed(silence_of(distribution), pitch_of(distribution))
array([[0.2, 0.6, 0.2]])
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.errors import InputError
from bayes_a2m.metrics import inputs
from bayes_a2m.metrics.inputs import Floats, Ints

NAMES = ("silence", "pitch")
"""The stages, in order."""


def silence_of(probabilities: ArrayLike) -> Floats:
    """Probabilities of silence and of sound, the first stage: ``(..., class)`` to ``(..., 2)``."""
    p = np.asarray(probabilities, dtype=np.float64)
    return np.stack([p[..., 0], p[..., 1:].sum(axis=-1)], axis=-1)


def pitch_of(probabilities: ArrayLike) -> Floats:
    """Probabilities of the pitches given sound: ``(..., class)`` to ``(..., class - 1)``.

    Where sound has no probability at all, nothing is known of its pitch: all are equally likely.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    pitches = p[..., 1:]
    sound = pitches.sum(axis=-1, keepdims=True)
    flat = np.full_like(pitches, 1 / pitches.shape[-1])
    given: Floats = np.divide(pitches, sound, out=flat, where=sound > 0)
    return given


def composed(silence: ArrayLike, pitch: ArrayLike) -> Floats:
    """Compose the distribution over all classes from its two stages.

    Parameters
    ----------
    silence
        Probabilities of silence and sound, ``(..., 2)``.
    pitch
        Probabilities of the pitches given sound, ``(..., class - 1)``.

    Returns
    -------
    ndarray, shape (..., class)

    Raises
    ------
    InputError
        If the first stage has not two classes, or the two are not of the same frames.
    """
    first, second = np.asarray(silence, dtype=np.float64), np.asarray(pitch, dtype=np.float64)
    if first.shape[-1] != 2 or first.shape[:-1] != second.shape[:-1]:
        raise InputError(
            f"stages of shapes {first.shape} and {second.shape} make no distribution: (..., 2) and "
            "(..., pitches) of the same frames do"
        )
    return np.concatenate([first[..., :1], first[..., 1:] * second], axis=-1)


def parted(probabilities: ArrayLike, labels: ArrayLike) -> dict[str, tuple[Floats, Ints]]:
    """Split probabilities and labels into those of both stages, for any score.

    Parameters
    ----------
    probabilities
        Probabilities of the classes, shape ``(frames, class)``; there may be no frames.
    labels
        True classes, shape ``(frames,)``.

    Returns
    -------
    dict
        ``"silence"``: all frames, sound as class 1; ``"pitch"``: the frames that sound, the
        pitches counted from 0.

    Raises
    ------
    InputError
        If :func:`bayes_a2m.metrics.inputs.validate` refuses them.

    >>> parted([[0.2, 0.6, 0.2], [1.0, 0.0, 0.0]], [1, 0])["pitch"]
    (array([[0.75, 0.25]]), array([0]))
    """
    p, y = inputs.frames(probabilities, labels, allow_empty=True)
    sounding = y > 0
    return {
        "silence": (silence_of(p), sounding.astype(np.int64)),
        "pitch": (pitch_of(p[sounding]), y[sounding] - 1),
    }
