"""A law over the classes as two stages: is there a sound, and which pitch, given that there is.

Any law ``p`` over silence and pitches is the product of two: ``(p0, 1 - p0)``, and
``q_k = p_k / (1 - p0)`` over the pitches. Nothing is lost: ``p_k = (1 - p0) q_k``. So a single
head and a two-stage design are compared stage by stage, and the negative log-likelihood of a
frame is the sum of its stages' (the chain rule): that of the first over all frames, and that of
the second over the frames that sound.

>>> law = np.array([[0.2, 0.6, 0.2]])
>>> silence_of(law), pitch_of(law)
(array([[0.2, 0.8]]), array([[0.75, 0.25]]))
>>> composed(silence_of(law), pitch_of(law))
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
    """The law of the first stage, silence or sound: ``(..., class)`` to ``(..., 2)``."""
    p = np.asarray(probabilities, dtype=np.float64)
    return np.stack([p[..., 0], p[..., 1:].sum(axis=-1)], axis=-1)


def pitch_of(probabilities: ArrayLike) -> Floats:
    """The law of the second, the pitch given sound: ``(..., class)`` to ``(..., class - 1)``.

    Where sound has no probability at all, nothing is known of its pitch: all are alike.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    pitches = p[..., 1:]
    sound = pitches.sum(axis=-1, keepdims=True)
    flat = np.full_like(pitches, 1 / pitches.shape[-1])
    given: Floats = np.divide(pitches, sound, out=flat, where=sound > 0)
    return given


def composed(silence: ArrayLike, pitch: ArrayLike) -> Floats:
    """The law over all classes that two stages make.

    Parameters
    ----------
    silence
        Of silence and sound, ``(..., 2)``.
    pitch
        Of the pitches given sound, ``(..., class - 1)``.

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
            f"stages of shapes {first.shape} and {second.shape} make no law: (..., 2) and "
            "(..., pitches) of the same frames do"
        )
    return np.concatenate([first[..., :1], first[..., 1:] * second], axis=-1)


def parted(probabilities: ArrayLike, labels: ArrayLike) -> dict[str, tuple[Floats, Ints]]:
    """Laws and labels of both stages, by their names: what every score takes.

    Parameters
    ----------
    probabilities
        Shape ``(frames, class)``; there may be no frames.
    labels
        Shape ``(frames,)``.

    Returns
    -------
    dict
        ``"silence"``: all frames, sound as class 1; ``"pitch"``: the frames that sound, the
        pitches counted from 0.

    Raises
    ------
    InputError
        Where :func:`bayes_a2m.metrics.inputs.validate` does.

    >>> parted([[0.2, 0.6, 0.2], [1.0, 0.0, 0.0]], [1, 0])["pitch"]
    (array([[0.75, 0.25]]), array([0]))
    """
    p, y = inputs.frames(probabilities, labels, allow_empty=True)
    sounding = y > 0
    return {
        "silence": (silence_of(p), sounding.astype(np.int64)),
        "pitch": (pitch_of(p[sounding]), y[sounding] - 1),
    }
