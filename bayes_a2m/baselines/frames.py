"""Frames of samples, neighbours of frames, and frames drawn evenly from recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bayes_a2m import renamed

Floats = NDArray[np.float64]
Real = TypeVar("Real", np.float32, np.float64)

BLOCK = 2048
"""How many frames are cut at a time: a long recording's would not all fit into memory."""


def blocks(samples: NDArray[Any], length: int, hop: int, frames: int) -> Iterator[Floats]:
    """Cut frames of ``length`` samples around ``i * hop``, in blocks ``(frame, length)``.

    The signal is padded with silence before and after.

    >>> next(blocks(np.arange(6.0), length=4, hop=2, frames=3))
    array([[0., 0., 0., 1.],
           [0., 1., 2., 3.],
           [2., 3., 4., 5.]])
    """
    half = length // 2
    padded = np.pad(np.asarray(samples, dtype=np.float64), (half, length))
    views = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]
    for start in range(0, frames, BLOCK):
        yield np.array(views[start : min(start + BLOCK, frames)])


def stack_context(features: NDArray[Real], neighbours: int, stride: int) -> NDArray[Real]:
    """Join every frame's features with those of frames before and after it.

    Parameters
    ----------
    features
        Features of shape ``(frame, feature)``.
    neighbours
        The number of neighbours on each side; at the ends the first and last frame stand in.
    stride
        The frames from one neighbour to the next.

    Returns
    -------
    ndarray, shape (frame, (2 * neighbours + 1) * feature)
        The features, the earliest neighbour's first.

    >>> stack_context(np.array([[1.0], [2.0], [3.0]]), neighbours=1, stride=1)
    array([[1., 1., 2.],
           [1., 2., 3.],
           [2., 3., 3.]])
    """
    frames = len(features)
    here = np.arange(frames)
    steps = range(-neighbours, neighbours + 1)
    moved = [features[np.clip(here + step * stride, 0, frames - 1)] for step in steps]
    return np.concatenate(moved, axis=1)


def sample_frames(
    lengths: Sequence[int], count: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Draw frames without replacement, as many from each recording, as far as it has them.

    Parameters
    ----------
    lengths
        The number of frames of every recording.
    count
        The number of frames to draw in all; at least one from each, and all where there are fewer.
    generator
        The source of randomness.

    Returns
    -------
    list of ndarray
        The frames drawn from every recording, ascending.

    >>> [len(drawn) for drawn in sample_frames([10, 3, 10], 12, np.random.default_rng(0))]
    [4, 3, 4]
    """
    share = max(1, count // max(len(lengths), 1))
    return [
        np.sort(generator.choice(length, size=min(share, length), replace=False))
        for length in lengths
    ]


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
