"""Exact densities of onsets: where notes of every pitch may start, draw by draw.

The semi-Markov model gives the probability that a note of pitch k starts at frame t, for every
draw of the network. The expected number of onsets in a window is a difference of its running sums,
and the lag of the label's clock is a weighted mean over windows moved the other way. Few frames
have any probability of an onset, so only those are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.fft_length import fast_length
from bayes_a2m.decoding.lag import LagGrid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEAST = 1e-6
"""Probability of an onset in a frame below which it is taken for none."""


@dataclass
class OnsetDensity:
    """Probabilities of onsets of one recording in the network's clock, of every draw.

    Attributes
    ----------
    frames, classes
        Of the recording, silence included.
    total
        Sum over draws, ``(frames, class)``; class 0 stays zero.
    """

    frames: int
    classes: int
    total: Floats = field(init=False, repr=False)
    _places: list[Ints] = field(default_factory=list, repr=False)
    _sums: list[Floats] = field(default_factory=list, repr=False)
    _first: list[Floats] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.total = np.zeros((self.frames, self.classes))

    def __len__(self) -> int:
        """Number of draws."""
        return len(self._places)

    def add(self, onsets: Floats) -> None:
        """Add a draw: probability that each class starts at each frame, ``(frames, class)``."""
        self.total[:, 1:] += onsets[:, 1:]
        self._first.append(onsets[0].copy())
        by_class = np.ascontiguousarray(onsets.T)
        by_class[0] = 0.0
        by_class[:, 0] = 0.0  # sounding at the start is no onset that a lag could move
        flat = by_class.ravel()
        places = np.flatnonzero(flat > _LEAST)
        self._places.append(places)
        self._sums.append(np.concatenate([[0.0], np.cumsum(flat[places])]))

    def mean(self, lag: LagGrid) -> Floats:
        """Mean over draws and lags, in the label's clock, ``(frames + 1, class)``.

        Row 0 is the start of the recording: notes that sound there already, and those that a lag
        moves before it. Row t + 1 is frame t. What a lag moves past the end is gone.
        """
        mean = self.total / max(1, len(self))
        moved = np.zeros((self.frames + 1, self.classes))
        moved[0] = mean[0]
        inner = mean.copy()
        inner[0] = 0.0
        low, high = int(lag.frames[0]), int(lag.frames[-1])
        kernel = np.zeros(high - low + 1)
        kernel[lag.frames - low] = lag.probabilities
        # place 0 of the convolution is at frame ``low``
        spread = inner if kernel.size == 1 else _convolved(inner, kernel)
        at = np.arange(spread.shape[0]) + low
        before, inside = at < 0, (at >= 0) & (at < self.frames)
        moved[0] += spread[before].sum(axis=0)
        moved[1:][at[inside]] += spread[inside]
        return moved.clip(min=0.0)

    def windows(
        self, klass: int, first: int, last: int, lag: LagGrid, *, from_start: bool = False
    ) -> Floats:
        """Expected onsets of a class from frame ``first`` to ``last``, ``(draw, lag)``.

        Both ends count, in the label's clock. ``from_start`` says whether the window reaches the
        very start of the recording, where a note stands that sounds there already.
        """
        low = np.ones_like(lag.frames) if from_start else np.maximum(first - lag.frames, 1)
        high = np.minimum(last - lag.frames + 1, self.frames)
        base = klass * self.frames
        # a frame moved before the start is one that a window from 0 on takes in
        low, high = low + base, np.maximum(high, low) + base
        expected = np.empty((len(self), lag.frames.size))
        for d, (places, sums) in enumerate(zip(self._places, self._sums, strict=True)):
            expected[d] = sums[np.searchsorted(places, high)] - sums[np.searchsorted(places, low)]
            if from_start:
                expected[d] += self._first[d][klass]
        return expected


def _convolved(values: Floats, kernel: Floats) -> Floats:
    """Convolve columns ``(frame, class)`` with a kernel, ``(frame + kernel - 1, class)``.

    The same sums as ``scipy.signal.fftconvolve``, whose import takes as long as all of numba.
    """
    count = values.shape[0] + kernel.size - 1
    points = fast_length(count)
    product = np.fft.rfft(values, points, axis=0) * np.fft.rfft(kernel, points)[:, None]
    convolved: Floats = np.fft.irfft(product, points, axis=0)[:count]
    return convolved
