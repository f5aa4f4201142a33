"""Weighted sums of sufficient statistics, each worked out once and only where a score asks for it.

A score is a function of sums over frames or notes. A resample of recordings weighs them, so its
sums are ``weights @ statistics``; several scores read the same sums. :class:`FrameSums` and
:class:`NoteSums` hold the weights and make every such product once, when it is first read.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.metrics import fine_bins, kernels
from bayes_a2m.metrics.decomposition import BrierParts, parts_of_bins
from bayes_a2m.metrics.inputs import Floats

if TYPE_CHECKING:
    from bayes_a2m.metrics.notes import NoteStatistics
    from bayes_a2m.metrics.sufficient_statistics import FrameStatistics


class FrameSums:
    """Sums over the frames of all recordings, one row for each row of weights.

    S rows of weights, K classes, B bins, H fine bins.

    Parameters
    ----------
    counts
        Statistics of every recording.
    weights
        How often each recording counts, shape ``(S, R)``.
    """

    def __init__(self, counts: FrameStatistics, weights: Floats) -> None:
        self._counts, self._weights = counts, weights

    @cached_property
    def frames(self) -> Floats:
        """Frames, ``(S,)``."""
        return np.asarray(self._weights @ self._counts.frames)

    @cached_property
    def hits(self) -> Floats:
        """Frames rightly predicted to be of each class, ``(S, K)``."""
        return np.asarray(self._weights @ np.diagonal(self._counts.confusion, axis1=1, axis2=2))

    @cached_property
    def true(self) -> Floats:
        """Frames truly of each class, ``(S, K)``."""
        return np.asarray(self._weights @ self._counts.confusion.sum(axis=2))

    @cached_property
    def predicted(self) -> Floats:
        """Frames predicted to be of each class, ``(S, K)``."""
        return np.asarray(self._weights @ self._counts.confusion.sum(axis=1))

    @cached_property
    def nll(self) -> Floats:
        """Negative log-likelihood, nats, ``(S,)``."""
        return np.asarray(self._weights @ self._counts.nll)

    @cached_property
    def squares(self) -> Floats:
        """Squared distance from the truth over all classes, ``(S,)``."""
        return np.asarray(self._weights @ self._counts.squares.sum(axis=1))

    @cached_property
    def top_count(self) -> Floats:
        """Frames by bins of confidence, ``(S, B)``."""
        return np.asarray(self._weights @ self._counts.top_count)

    @cached_property
    def top_confidence(self) -> Floats:
        """Sum of confidence by bins of it, ``(S, B)``."""
        return np.asarray(self._weights @ self._counts.top_confidence)

    @cached_property
    def top_right(self) -> Floats:
        """Frames rightly predicted by bins of confidence, ``(S, B)``."""
        return np.asarray(self._weights @ self._counts.top_right)

    @cached_property
    def right(self) -> Floats:
        """Frames rightly predicted by fine bins of confidence, ``(S, H)``."""
        return np.asarray(self._weights @ self._counts.right)

    @cached_property
    def wrong(self) -> Floats:
        """Frames wrongly predicted by fine bins of confidence, ``(S, H)``."""
        return np.asarray(self._weights @ self._counts.wrong)

    @cached_property
    def gaps(self) -> Floats:
        """Confidence less frames rightly predicted, by fine bins of confidence, ``(S, H)``."""
        return np.asarray(self._weights @ self._counts.top_gaps)

    @cached_property
    def cell_gaps(self) -> Floats:
        """The same by the cells of the smooth calibration error, ``(S, cell)``."""
        return self.gaps @ fine_bins.cells_of_bins()

    @cached_property
    def predicted_gaps(self) -> Floats:
        """Confidence less frames rightly predicted, by predicted class and bin, ``(S, K, B)``."""
        return weighted(
            self._weights, self._counts.predicted_confidence - self._counts.predicted_right
        )

    @cached_property
    def predicted_count(self) -> Floats:
        """Frames by predicted class, counted from its bins, ``(S, K)``."""
        return np.asarray(weighted(self._weights, self._counts.predicted_count).sum(axis=-1))

    @cached_property
    def class_gaps(self) -> Floats:
        """A class's probability less frames truly of it, by its fine bins, ``(S, K, C)``."""
        return weighted(self._weights, self._counts.class_gaps)

    @cached_property
    def fine_class_count(self) -> Floats:
        """Frames by fine bins of every class's probability, ``(S, K, C)``."""
        return weighted(self._weights, self._counts.fine_count)

    @cached_property
    def classwise_ece(self) -> Floats:
        """Calibration error of each class against the rest, ``(S, K)``."""
        # the gaps add up, too, so one product does for probability and label
        gaps = weighted(self._weights, self._counts.class_probability - self._counts.class_label)
        return kernels.ece_of_bins(gaps, np.zeros(()), self.frames[:, None])

    @cached_property
    def brier_parts(self) -> BrierParts:
        """The decomposition of every class's Brier score, ``(S, K)`` each."""
        counts = self._counts
        return parts_of_bins(
            weighted(self._weights, counts.class_count),
            weighted(self._weights, counts.class_probability),
            weighted(self._weights, counts.class_label),
            self._weights @ counts.squares,
        )

    @cached_property
    def summed_brier_parts(self) -> BrierParts:
        """The decomposition of the Brier score over all classes, ``(S,)`` each."""
        return self.brier_parts.summed()


class NoteSums:
    """Sums over the notes of all recordings, one row for each row of weights.

    Parameters
    ----------
    counts
        Statistics of every recording.
    weights
        How often each recording counts, shape ``(S, R)``.
    """

    def __init__(self, counts: NoteStatistics, weights: Floats) -> None:
        self._counts, self._weights = counts, weights

    @cached_property
    def notes(self) -> Floats:
        """Reference and estimated notes together, ``(S,)``."""
        return np.asarray(self._weights @ (self._counts.reference + self._counts.estimated))

    @cached_property
    def onset_50ms(self) -> Floats:
        """Pairs with onsets within 50 ms, ``(S,)``."""
        return np.asarray(self._weights @ self._counts.onset_50ms)

    @cached_property
    def onset_100ms(self) -> Floats:
        """Pairs with onsets within 100 ms, ``(S,)``."""
        return np.asarray(self._weights @ self._counts.onset_100ms)

    @cached_property
    def onset_offset(self) -> Floats:
        """Pairs with onsets within 50 ms and matching offsets, ``(S,)``."""
        return np.asarray(self._weights @ self._counts.onset_offset)


def weighted(weights: Floats, statistics: Floats | NDArray[np.float32]) -> Floats:
    """The product of ``(S, R)`` and ``(R, ...)``: ``(S, ...)``."""
    return np.asarray(np.tensordot(weights, statistics, axes=1))
