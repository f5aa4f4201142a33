"""Sufficient statistics of recordings: sums that turn any resample's scores into a matrix product.

Frames of one recording are not independent, so every interval resamples recordings. A resample
is a row of weights, how often each recording was drawn; and the scores are functions of sums
over frames: hits, squared errors, bins, histograms. So the sums are kept per recording, a
thousand resamples of them are ``weights @ sums``, and no frame is looked at twice.

The conventions are those of :mod:`bayes_a2m.metrics.frames`, whose arithmetic is used, and
with weight one the scores are the same. Only those that need frames in order of probability, or
equally many in each bin (AURC, AUROC and FPR95 of errors, equal-mass, smooth, KS and Kuiper
errors), are read off histograms, 1,024 bins equal in the logit of the confidence, which tell
0.99999 from 0.9999; 256 for every class. They are within 1e-3 of the exact scores of thousands of
frames (tested; commonly 1e-5; FPR95, a share at one point of a step, within 1e-2, and the
others within 6e-3 where all confidences are much the same).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics import fine_bins, inputs, kernels
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.metric import evaluated, metrics_of
from bayes_a2m.metrics.sums import FrameSums

Singles: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Additive statistics: every field of a subclass is an array with a leading recording axis."""

    def __len__(self) -> int:
        """Number of recordings."""
        return int(getattr(self, fields(self)[0].name).shape[0])

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """Join the recordings of all parts, one after the other.

        Raises
        ------
        InputError
            If there are no parts, or they have different classes.
        """
        if not parts:
            raise InputError("there are no recordings to score")
        columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(cls)}
        for name, column in columns.items():
            shapes = {array.shape[1:] for array in column}
            if len(shapes) > 1:
                raise InputError(
                    f"recordings with different classes cannot be scored together ({name} of "
                    f"shapes {', '.join(map(str, sorted(shapes)))})"
                )
        return cls(**{name: np.concatenate(column) for name, column in columns.items()})

    def select(self, indices: ArrayLike) -> Self:
        """Pick the recordings at these indices, or where a mask is true, in that order."""
        chosen = np.asarray(indices)
        if chosen.size == 0:
            chosen = np.zeros(0, dtype=np.intp)
        return type(self)(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @classmethod
    def stored_names(cls) -> dict[str, str]:
        """The name of every field in files, which a renamed field keeps.

        Returns
        -------
        dict
            From the name of the field to the name of its array.
        """
        return {f.name: f.metadata.get("stored", f.name) for f in fields(cls)}

    def weights(self, weights: ArrayLike) -> Floats:
        """Check weights, and return them as 64-bit floats ``(resample, recording)``.

        Raises
        ------
        InputError
            If they have another shape.
        """
        array = np.asarray(weights, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != len(self):
            raise InputError(
                f"weights must have shape (resample, {len(self)} recordings), not {array.shape}"
            )
        return array


@dataclass(frozen=True, eq=False)
class FrameStatistics(SufficientStatistics):
    """Sufficient statistics of the frames of every recording.

    R recordings, K classes, B bins of a probability, H and C fine bins of the confidence and of
    every class's probability.

    Attributes
    ----------
    frames
        Number of frames, ``(R,)``; a recording may have none (no frame near a boundary, say).
    confusion
        Frames by true and predicted class, ``(R, K, K)``.
    nll
        Sum of the negative log-likelihood in nats, ``(R,)``.
    squares
        Sum of ``(p - y)^2`` of every class, ``(R, K)``; over classes it is the Brier score's.
    predicted_count, predicted_confidence, predicted_right
        Every class where it is predicted, by bins of its probability: frames, sum of confidence,
        frames rightly predicted, ``(R, K, B)``.
    class_count, class_probability, class_label
        Every class against the rest, by bins of its probability over all frames: frames, sum of
        probability, frames truly of the class, ``(R, K, B)``.
    right, wrong, confidence
        Frames rightly and wrongly predicted, and sum of confidence, by fine bins of it, ``(R, H)``.
    fine_count, fine_probability, fine_label
        The same as ``class_count`` and its neighbours, by fine bins, ``(R, K, C)``.

    >>> one = FrameStatistics.of([[0.9, 0.1], [0.2, 0.8]], [0, 1])
    >>> two = FrameStatistics.of([[0.6, 0.4]], [1])
    >>> both = FrameStatistics.stack([one, two])
    >>> both.metrics_of([[1, 1], [2, 0]])["accuracy"]
    array([0.66666, 1. ])
    """

    frames: Floats
    confusion: Floats
    nll: Floats
    squares: Floats
    predicted_count: Floats = field(metadata={"stored": "called_count"})
    predicted_confidence: Floats = field(metadata={"stored": "called_confidence"})
    predicted_right: Floats = field(metadata={"stored": "called_right"})
    class_count: Floats
    class_probability: Floats
    class_label: Floats
    right: Singles
    wrong: Singles
    confidence: Singles
    fine_count: Singles
    fine_probability: Singles
    fine_label: Singles

    @classmethod
    def of(
        cls, probabilities: ArrayLike, labels: ArrayLike, *, fine: bool = True
    ) -> FrameStatistics:
        """Sum up one recording.

        Parameters
        ----------
        probabilities
            Probabilities of the classes, shape ``(frames, class)``; there may be no frames.
        labels
            True classes, shape ``(frames,)``.
        fine
            Whether to keep histograms (25 kB a recording); without them there are only
            :meth:`quick_metrics_of` and the scores of classes.

        Raises
        ------
        InputError
            If :func:`bayes_a2m.metrics.inputs.validate` refuses them.
        """
        p, y = inputs.frames(probabilities, labels, allow_empty=True)
        classes = p.shape[1]
        predicted, confidence, right = kernels.predicted_of(p, y)
        truth = y[:, None] == np.arange(classes)
        index = fine_bins.fine_bin_of(confidence)
        columns = (
            np.asarray(float(y.shape[0])),
            kernels.confusion_of(predicted, y, classes),
            kernels.nll_of(p, y).sum(),
            np.square(p - truth).sum(axis=0),
            *kernels.predicted_bins(predicted, confidence, right, classes),
            *kernels.class_bins(p, y),
            np.bincount(index[right], minlength=fine_bins.FINE_BINS),
            np.bincount(index[~right], minlength=fine_bins.FINE_BINS),
            kernels.sums_of(index, confidence, fine_bins.FINE_BINS),
            *fine_bins.fine_class_bins(p, truth),
        )
        arrays: list[Any] = [np.asarray(column, dtype=np.float64)[None] for column in columns]
        # most of the memory is in histograms: 32 bits, and none where none are wanted
        arrays[-6:] = [
            (array if fine else np.zeros((*array.shape[:-1], 0))).astype(np.float32)
            for array in arrays[-6:]
        ]
        return cls(*arrays)

    @property
    def top_count(self) -> Floats:
        """Number of frames by bins of the confidence, whichever class is predicted, ``(R, B)``."""
        return np.asarray(self.predicted_count.sum(axis=1))

    @property
    def top_confidence(self) -> Floats:
        """Sum of confidence by bins of it, ``(R, B)``."""
        return np.asarray(self.predicted_confidence.sum(axis=1))

    @property
    def top_right(self) -> Floats:
        """Number of frames rightly predicted by bins of the confidence, ``(R, B)``."""
        return np.asarray(self.predicted_right.sum(axis=1))

    @property
    def top_gaps(self) -> Singles:
        """Sum of confidence minus frames rightly predicted, by fine bins, ``(R, H)``."""
        return self.confidence - self.right

    @property
    def class_gaps(self) -> Singles:
        """Sum of a class's probability minus frames of it, by fine bins, ``(R, K, C)``."""
        return self.fine_probability - self.fine_label

    def sums(self, weights: ArrayLike) -> FrameSums:
        """The weighted sums that scores are functions of.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        return FrameSums(self, self.weights(weights))

    def quick_metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute the scores of :meth:`metrics_of` that need no histogram, in less time."""
        return evaluated([m for m in metrics_of("frames") if not m.histograms], self.sums(weights))

    def metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute the scores for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            The metrics of the family ``frames`` by name, each ``(S,)``, nan where undefined.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        return evaluated(metrics_of("frames"), self.sums(weights))

    def more_metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute further scores of calibration and of ranking for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            The metrics of the family ``calibration`` by name, each ``(S,)``, nan where undefined.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        return evaluated(metrics_of("calibration"), self.sums(weights))

    def per_class_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute the scores of every class for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            The metrics of the family ``class`` by name, each ``(S, K)``, nan where undefined.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        return evaluated(metrics_of("class"), self.sums(weights))

    def more_per_class_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute further scores of every class for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            The metrics of the family ``class_calibration`` by name, each ``(S, K)``, nan where
            undefined.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        return evaluated(metrics_of("class_calibration"), self.sums(weights))
