"""Windows of long recordings, and their posteriors joined again without seams.

Windows start every ``length - overlap`` frames; the last one is what remains. In an overlap the two
posteriors are cross-faded linearly **in probability** (a mixture, so every frame still sums to one,
where a mixture of logarithms would not). The same rule holds offline and in a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError


def spans(frames: int, length: int, overlap: int) -> list[tuple[int, int]]:
    """Compute the first frame of each window, and the first after it.

    Parameters
    ----------
    frames
        Frames of the recording.
    length, overlap
        Frames of a window, and of the overlap of two.

    >>> spans(10, 4, 1)
    [(0, 4), (3, 7), (6, 10)]
    >>> spans(3, 4, 1)
    [(0, 3)]

    Raises
    ------
    InputError
        If the overlap is negative or longer than half a window (three windows would then
        meet in a frame).
    """
    if not 0 <= 2 * overlap <= length or length < 1:
        raise InputError(f"an overlap of {overlap} frames does not suit windows of {length}")
    hop = length - overlap
    count = 1 + max(0, -(-(frames - length) // hop))
    return [(i * hop, min(i * hop + length, frames)) for i in range(count)]


def weights(span: tuple[int, int], frames: int, overlap: int) -> NDArray[np.float32]:
    """Compute the share of a window in each of its frames, shape ``(end - start,)``.

    Ramps of one window and the next sum to one in every frame of their overlap.

    Parameters
    ----------
    span
        First frame of the window, and the first after it.
    frames
        Frames of the recording.
    overlap
        Frames of the overlap of two windows.
    """
    start, end = span
    # steps at half frames: a window's rising ramp and its neighbour's falling one sum to one
    ramp = (np.arange(overlap, dtype=np.float32) + 0.5) / max(overlap, 1)
    share = np.ones(end - start, dtype=np.float32)
    if start > 0:
        share[:overlap] = ramp[: end - start]
    if end < frames:
        share[-overlap or end - start :] = ramp[::-1] if overlap else 1.0
    return share


def join(
    pieces: Sequence[NDArray[np.floating]], frames: int, length: int, overlap: int
) -> NDArray[np.float32]:
    """Cross-fade the probabilities of windows.

    Parameters
    ----------
    pieces
        Probabilities of every window, each ``(..., frames of the window, class)``.
    frames
        Frames of the recording.
    length, overlap
        Frames of a window, and of the overlap of two.

    Returns
    -------
    ndarray
        Shape ``(..., frames, class)``.
    """
    layout = spans(frames, length, overlap)
    if len(layout) != len(pieces):
        raise ValueError(f"{frames} frames make {len(layout)} windows, not {len(pieces)}")
    shape = (*pieces[0].shape[:-2], frames, pieces[0].shape[-1])
    whole = np.zeros(shape, dtype=np.float32)
    for (start, end), piece in zip(layout, pieces, strict=True):
        whole[..., start:end, :] += piece * weights((start, end), frames, overlap)[:, None]
    return whole


def predict(
    features: NDArray[np.float32],
    network: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    length: int,
    overlap: int,
) -> NDArray[np.float32]:
    """Compute log-probabilities of a recording window by window, ``(..., frames, class)``.

    Parameters
    ----------
    features
        Normalised features of the recording, ``(frames, bins)``.
    network
        Turns the features of one window into log-probabilities ``(..., frames, class)``.
    length, overlap
        Frames of a window, and of the overlap of two.
    """
    frames = features.shape[0]
    layout = spans(frames, length, overlap)
    if len(layout) == 1:
        return network(features)
    pieces = [np.exp(network(features[start:end])) for start, end in layout]
    joined = join(pieces, frames, length, overlap)
    log_probs: NDArray[np.float32] = np.log(np.maximum(joined, np.finfo(np.float32).tiny))
    return log_probs
