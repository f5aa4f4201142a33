"""Summary of a posterior predictive whose draws do not fit in memory, by running moments.

All that calibration, the report and ``predictions.nc`` read of a posterior are means over draws:
of the probability, of its square, of a draw's entropy. Means of batches give the mean of all,
so draws are taken a batch at a time and let go. Batches are put together as by Chan, Golub and
LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances", 1979,
equation 2.1), in 64 bits: sums of squares would cancel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.files import reading
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.prediction.netcdf import arranged, onset_mean_of
from bayes_a2m.prediction.netcdf_files import WHAT, read_netcdf, write_netcdf
from bayes_a2m.prediction.posterior import (
    Array,
    FramePosterior,
    FramePredictive,
    entropy_of,
)

if TYPE_CHECKING:
    import xarray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of the probabilities of several draws.

    Attributes
    ----------
    draws
        Number of draws.
    probability
        Mean of their probabilities, shape ``(recording, frame, class)``.
    deviations
        Sum of their squared deviations from the mean, same shape.
    expected_entropy
        Mean of their entropies in nats, ``(recording, frame)``.
    """

    draws: int
    probability: Floats
    deviations: Floats
    expected_entropy: Floats

    def merged(self, other: Moments) -> Moments:
        """Combine with the moments of other draws.

        With ``n = n_a + n_b`` and ``d = m_b - m_a``: the mean is ``m_a + d n_b / n``, the
        squared deviations are ``M_a + M_b + d^2 n_a n_b / n``.
        """
        draws = self.draws + other.draws
        share = other.draws / draws
        gap = other.probability - self.probability
        between = np.square(gap) * (self.draws * share)
        entropy_gap = other.expected_entropy - self.expected_entropy
        return Moments(
            draws,
            self.probability + share * gap,
            self.deviations + other.deviations + between,
            self.expected_entropy + share * entropy_gap,
        )


@dataclass(frozen=True, eq=False, repr=False)
class PosteriorSummary(FramePredictive):
    """Prediction that reads like a ``FramePosterior`` and holds moments instead of draws.

    Attributes
    ----------
    moments
        Moments over the draws of all chains.
    lengths, ids, vocabulary, grid
        The same as of a ``FramePosterior``.
    onset_probability
        Mean probability that a note starts at each frame, ``(recording, frame)``; None of a model
        that says nothing of onsets.

    Examples
    --------
    >>> probs = np.array([[[0.9, 0.1]], [[0.3, 0.7]]])[:, None, None]  # two draws
    >>> post = FramePosterior(np.log(probs.reshape(2, 1, 1, 1, 2)), [1], ("a",), Vocabulary((60,)))
    >>> summary = PosteriorSummary.of_posterior(post)
    >>> summary.draws, summary.mean().round(3).tolist(), summary.variance().round(3).tolist()
    (2, [[[0.6, 0.4]]], [[[0.09, 0.09]]])
    """

    moments: Moments = field(repr=False)
    lengths: NDArray[np.int64]
    ids: tuple[str, ...]
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    grid: FrameGrid = field(default_factory=FrameGrid)
    onset_probability: Array | None = field(default=None, repr=False)

    @classmethod
    def of_posterior(cls, posterior: FramePosterior) -> Self:
        """Summarise the draws of one posterior."""
        probs = np.exp(posterior.log_probs.astype(np.float64))
        mean = probs.mean(axis=(0, 1))
        moments = Moments(
            posterior.draws,
            mean,
            np.square(probs - mean).sum(axis=(0, 1)),
            entropy_of(probs).mean(axis=(0, 1)),
        )
        return cls(
            moments,
            posterior.lengths,
            posterior.ids,
            posterior.vocabulary,
            posterior.grid,
            posterior.onset_mean(),
        )

    @classmethod
    def of_batches(cls, batches: Iterable[FramePosterior]) -> Self:
        """Summarise batches of draws for the same recordings, one in memory at a time.

        Raises
        ------
        InputError
            If there is no batch, or they are not of the same recordings.
        """
        whole: Self | None = None
        for batch in batches:
            part = cls.of_posterior(batch)
            whole = part if whole is None else whole.merged(part)
        if whole is None:
            raise InputError("no draws to sum up: give at least one FramePosterior")
        return whole

    def merged(self, other: PosteriorSummary) -> Self:
        """Combine with a summary of other draws for the same recordings.

        Raises
        ------
        InputError
            If recordings, vocabulary or grid differ.
        """
        same = (
            self.ids == other.ids
            and np.array_equal(self.lengths, other.lengths)
            and self.vocabulary == other.vocabulary
            and self.grid == other.grid
            and self.moments.probability.shape == other.moments.probability.shape
        )
        if not same:
            raise InputError(
                "draws can be put together only for the same recordings, vocabulary and grid; "
                "concatenate puts recordings together"
            )
        moments = self.moments.merged(other.moments)
        onsets: Array | None = None
        if self.onset_probability is not None and other.onset_probability is not None:
            share = np.float32(other.draws / (self.draws + other.draws))
            onsets = (1 - share) * self.onset_probability + share * other.onset_probability
        return type(self)(moments, self.lengths, self.ids, self.vocabulary, self.grid, onsets)

    @classmethod
    def concatenate(cls, parts: Sequence[PosteriorSummary]) -> Self:
        """Join the recordings of all parts, one after the other, padded to the longest.

        Raises
        ------
        InputError
            If there is no part, or they differ in vocabulary, grid or number of draws.
        """
        if not parts:
            raise InputError("no recordings to put together")
        first = parts[0]
        if any((p.vocabulary, p.grid) != (first.vocabulary, first.grid) for p in parts):
            raise InputError("recordings of different vocabularies or grids cannot be put together")
        if len({p.draws for p in parts}) > 1:
            counts = ", ".join(str(p.draws) for p in parts)
            raise InputError(f"predict all recordings with as many draws, not with {counts}")
        frames = max(p.moments.probability.shape[1] for p in parts)
        classes = len(first.vocabulary)

        def joined(name: str, padding: float) -> Floats:
            arrays = [getattr(p.moments, name) for p in parts]
            return np.concatenate([_padded(a, frames, padding) for a in arrays])

        moments = Moments(
            first.draws,
            joined("probability", 1 / classes),
            joined("deviations", 0.0),
            joined("expected_entropy", float(np.log(classes))),
        )
        lengths = np.concatenate([p.lengths for p in parts])
        ids = tuple(name for p in parts for name in p.ids)
        said = [p.onset_probability for p in parts if p.onset_probability is not None]
        onsets = None
        if len(said) == len(parts):
            onsets = np.concatenate([_padded(one, frames, 0.0) for one in said])
        return cls(moments, lengths, ids, first.vocabulary, first.grid, onsets)

    @property
    def draws(self) -> int:
        """Number of draws over all chains."""
        return self.moments.draws

    @cached_property
    def _mean(self) -> Array:
        return self.moments.probability.astype(np.float32)

    def mean(self) -> Array:
        """Posterior predictive probability, shape ``(recording, frame, class)``."""
        return self._mean

    def variance(self) -> Array:
        """Variance of each class's probability over draws, ``(recording, frame, class)``."""
        variance: Array = (self.moments.deviations / self.draws).astype(np.float32)
        return variance

    def expected_variance(self) -> Array:
        """Mean over draws of ``p_d (1 - p_d)``, ``(recording, frame, class)`` (aleatoric)."""
        p = self.moments.probability
        expected = p * (1 - p) - self.moments.deviations / self.draws
        clipped: Array = np.maximum(expected, 0).astype(np.float32)
        return clipped

    def expected_entropy(self) -> Array:
        """Mean entropy of a draw in nats, ``(recording, frame)``: doubt in the data (aleatoric)."""
        return self.moments.expected_entropy.astype(np.float32)

    def onset_mean(self) -> Array | None:
        """Probability that a note starts at each frame, mean over draws, ``(recording, frame)``."""
        return self.onset_probability

    def save(self, path: str | Path, labels: Sequence[NDArray[np.int64]] | None = None) -> None:
        """Write ``predictions.nc``, atomically; with the references where there are any."""
        write_netcdf(Path(path), self.to_xarray(labels))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a ``predictions.nc``, or a file of all draws.

        Raises
        ------
        InputError
            If the file is missing or is no such file.
        """
        data = read_netcdf(Path(path))
        if "log_probs" in data:
            return cls.of_posterior(FramePosterior.load(path))
        with reading(Path(path), WHAT, "write it again"):
            return cls._of_xarray(data, str(path))

    @classmethod
    def _of_xarray(cls, data: xarray.Dataset, path: str) -> Self:
        data, facts = arranged(data, path)
        try:
            probability = data["probability"].values.astype(np.float64)
            variance = data["variance"].values.astype(np.float64)
            entropy = (data["entropy"] - data["mutual_information"]).values.astype(np.float64)
        except KeyError as error:
            raise InputError(f"{path}: the predictions lack {error.args[0]}") from error
        shape = (len(facts.ids), probability.shape[1], len(facts.vocabulary))
        if variance.shape != shape or entropy.shape != shape[:2]:
            raise InputError(f"{path}: holds {variance.shape} variances where {shape} are needed")
        inside = np.arange(shape[1]) < facts.lengths[:, None]
        if not (np.isfinite(variance[inside]).all() and np.isfinite(entropy[inside]).all()):
            raise InputError(f"{path}: holds numbers that are not finite; write it again")
        moments = Moments(facts.draws, probability, facts.draws * variance, entropy)
        onsets = onset_mean_of(data, path)
        return cls(moments, facts.lengths, facts.ids, facts.vocabulary, facts.grid, onsets)


def _padded(array: NDArray[Any], frames: int, value: float) -> NDArray[Any]:
    """Pad to so many frames with one value."""
    widths = [(0, 0), (0, frames - array.shape[1]), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(array, widths, constant_values=value)
