"""Inputs of the scores: a posterior or an array of probabilities, and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError

_SUM_TOLERANCE = 1e-3
"""The sum of a frame's probabilities may be this far from one: they may be 16-bit numbers."""

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@runtime_checkable
class FrameProbabilities(Protocol):
    """Part of a :class:`~bayes_a2m.prediction.posterior.FramePosterior` that scores read."""

    @property
    def lengths(self) -> Any:
        """Number of frames of every recording, shape ``(recording,)``."""

    def mean(self) -> Any:
        """Posterior predictive probabilities, shape ``(recording, frame, class)``."""


Probabilities: TypeAlias = FrameProbabilities | ArrayLike
Labels: TypeAlias = ArrayLike | Sequence[ArrayLike]


def validate(probabilities: Floats, labels: NDArray[Any], *, allow_empty: bool = False) -> None:
    """Check the probabilities and labels of frames.

    Parameters
    ----------
    probabilities
        Probabilities of the classes, shape ``(frames, class)``.
    labels
        True class of every frame, shape ``(frames,)``, integers.
    allow_empty
        Whether no frames at all are fine.

    Raises
    ------
    InputError
        If the shapes do not fit, a label is no class, or a row is no distribution: not finite,
        outside 0 to 1, or with a sum more than 1e-3 from one.
    """
    if probabilities.ndim != 2 or probabilities.shape[1] < 1:
        raise InputError(
            f"probabilities must have shape (frames, class), not {probabilities.shape}"
        )
    if labels.ndim != 1:
        raise InputError(f"labels must have shape (frames,), not {labels.shape}")
    if labels.shape[0] != probabilities.shape[0]:
        raise InputError(
            f"{labels.shape[0]} labels for {probabilities.shape[0]} frames of probabilities: "
            "give one label a frame"
        )
    if labels.shape[0] == 0:
        if allow_empty:
            return
        raise InputError("there are no frames to score")
    if labels.dtype.kind not in "iu":
        raise InputError(f"labels must be integers (class numbers), not {labels.dtype}")
    classes = probabilities.shape[1]
    if labels.min() < 0 or labels.max() >= classes:
        wrong = int(labels.min()) if labels.min() < 0 else int(labels.max())
        raise InputError(f"label {wrong} is no class: the probabilities have 0 to {classes - 1}")
    if not np.isfinite(probabilities).all():
        frame = int(np.flatnonzero(~np.isfinite(probabilities).all(axis=1))[0])
        raise InputError(f"probabilities are not finite, first at frame {frame}")
    low, high = float(probabilities.min()), float(probabilities.max())
    if low < -_SUM_TOLERANCE or high > 1 + _SUM_TOLERANCE:
        raise InputError(
            f"probabilities must lie in 0 to 1, not {low:.4g} to {high:.4g}: "
            "are these logits or log-probabilities?"
        )
    totals = probabilities.sum(axis=1)
    worst = int(np.argmax(np.abs(totals - 1)))
    if abs(totals[worst] - 1) > _SUM_TOLERANCE:
        raise InputError(
            f"probabilities of a frame must sum to one, not {totals[worst]:.4g} (frame {worst})"
        )


def frames(
    posterior: Probabilities, labels: Labels, *, allow_empty: bool = False
) -> tuple[Floats, Ints]:
    """Flatten and validate probabilities and labels; padding is left out.

    Parameters
    ----------
    posterior
        An object with ``mean()``, shape ``(recording, frame, class)``, and ``lengths``, shape
        ``(recording,)``; or an array ``(frames, class)``.
    labels
        For a posterior a list of arrays ``(frames,)``, one a recording; for an array either one
        array ``(frames,)`` or such a list, whose frames are joined.
    allow_empty
        Whether no frames at all are fine.

    Returns
    -------
    probabilities : ndarray, shape (frames, class)
        64-bit; rounding outside 0 to 1 is clipped off.
    labels : ndarray, shape (frames,)

    Raises
    ------
    InputError
        If :func:`validate` refuses them, or labels and recordings do not go together.

    >>> frames([[0.9, 0.1], [0.2, 0.8]], [0, 1])[1]
    array([0, 1])
    """
    if isinstance(posterior, FrameProbabilities):
        probabilities, flat = _unpadded(posterior, labels)
    else:
        probabilities, flat = _array(posterior, "probabilities"), _joined(labels)
    if flat.size == 0:
        flat = flat.astype(np.int64)
    validate(probabilities, flat, allow_empty=allow_empty)
    return np.clip(probabilities, 0.0, 1.0), flat.astype(np.int64)


def _array(values: Any, what: str) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be one array of numbers, its rows alike") from None


def _joined(labels: Labels) -> NDArray[Any]:
    """One array of labels from one or from a list of them."""
    if isinstance(labels, list | tuple) and labels and all(np.ndim(part) == 1 for part in labels):
        return np.concatenate([np.asarray(part) for part in labels])
    return np.asarray(labels)


def _unpadded(posterior: FrameProbabilities, labels: Labels) -> tuple[Floats, NDArray[Any]]:
    """Frames of all recordings of a posterior, one after the other, and their labels."""
    padded = _array(posterior.mean(), "the posterior's mean")
    lengths = [int(n) for n in np.asarray(posterior.lengths)]
    if padded.ndim != 3 or padded.shape[0] != len(lengths):
        raise InputError(
            f"a posterior's mean must have shape (recording, frame, class) and a length for "
            f"every recording, not {padded.shape} and {len(lengths)} lengths"
        )
    if not isinstance(labels, Sequence) or any(np.ndim(truth) != 1 for truth in labels):
        raise InputError("labels of a posterior must be a list of 1-D arrays, one a recording")
    if len(labels) != len(lengths):
        raise InputError(f"labels of {len(labels)} recordings for {len(lengths)} predicted ones")
    for i, (truth, length) in enumerate(zip(labels, lengths, strict=True)):
        if np.shape(truth)[0] != length or length > padded.shape[1]:
            raise InputError(
                f"recording number {i} has {np.shape(truth)[0]} labels, a length of {length} and "
                f"{padded.shape[1]} frames of probabilities: they must agree"
            )
    inside = np.arange(padded.shape[1]) < np.asarray(lengths, dtype=np.int64)[:, None]
    return padded[inside], _joined(list(labels))
