"""k nearest neighbours vote with the classes of the most similar frames of the training split.

Cover and Hart 1967, "Nearest neighbor pattern classification"; votes weighted by the inverse of
the distance after Dudani 1976, "The distance-weighted k-nearest-neighbor rule". With ``v_k`` the
weighted share of votes for class k, the probability is

    p_k = (n v_k + s π_k) / (n + s),

with n the number of neighbours, π the classes' shares among the stored frames, and s the smoothing:
as if s more neighbours had voted by the shares alone, so that no class has probability zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.baselines.baseline import Arrays, Baseline, Floats
from bayes_a2m.baselines.frames import sample_frames, stack_context
from bayes_a2m.config.settings import Settings
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.metrics.kernels import nll_of

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

NEIGHBOURS = (5, 10, 20, 40, 80)
"""Numbers of neighbours that the tuning split chooses from."""

CONTEXTS = (0, 1, 2)
"""Numbers of context frames on each side that the tuning split chooses from."""

SMOOTHINGS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Numbers of votes by the classes' shares that the tuning split chooses from."""


class KNN(Baseline):
    """A classifier by the vote of the most similar frames of the training split.

    A frame is its normalised spectrum in decibels, or the first cepstral coefficients of it
    (of a mel spectrum: MFCCs), projected onto principal components, and joined with those of
    its neighbours in time.

    Attributes
    ----------
    memory
        The stored frames and their classes: recordings can be guessed from them, so such a model
        is data.

    projection
        The principal components.

    Examples
    --------
    >>> KNN(k=20).options.stored
    15000
    """

    name = "knn"
    tuned = ("context", "k", "smoothing")

    class Options(Settings):
        """Settings of the frames and of the vote."""

        k: int | None = Field(None, ge=1, description="neighbours that vote")
        weights: Literal["distance", "uniform"] = Field(
            "distance", description="what a vote weighs: the inverse of the distance, or one"
        )
        smoothing: float | None = Field(
            None, gt=0, description="votes added by the classes' shares"
        )
        stored: int = Field(15000, ge=10, description="frames kept, as many of each recording")
        coefficients: int = Field(
            0, ge=0, description="cepstral coefficients of the spectrum; 0: the spectrum itself"
        )
        components: int = Field(30, ge=0, description="principal components; 0: all values")
        context: int | None = Field(
            None, ge=0, le=20, description="frames on each side that a frame is compared with"
        )
        stride: float = Field(0.1, gt=0, description="from one of them to the next, s")

    memory: Memory
    projection: Projection

    def fit_examples(self, train: Dataset, tune: Dataset) -> None:
        """Store frames; choose neighbours, smoothing and context on ``tune``."""
        options, grid = self.options, self.grid
        generator = np.random.default_rng([self.seed, 0])
        spectra = [self.features_of(recording).level for recording in train]
        normalizer = Normalizer.fit(spectra, self.experiment.normalization)
        self.fitted = replace(self._known, normalizer=normalizer)
        fit_labels, tune_labels = train.labels_on(grid), np.concatenate(tune.labels_on(grid))
        rows = sample_frames([len(y) for y in fit_labels], options.stored, generator)
        labels = np.concatenate([y[r] for y, r in zip(fit_labels, rows, strict=True)])
        values = [self._values(spectrum) for spectrum in spectra]
        del spectra
        sample = np.concatenate([x[r] for x, r in zip(values, rows, strict=True)])
        self.projection = Projection.fit(sample, options.components)
        values = [self.projection(x) for x in values]
        tune_values = [self.projection(self._values(self.features_of(r).level)) for r in tune]
        contexts = CONTEXTS if options.context is None else (options.context,)
        best, best_memory = np.inf, None
        for context in contexts:
            stored = [self._with_context(x, context)[r] for x, r in zip(values, rows, strict=True)]
            memory = Memory(np.concatenate(stored), labels, len(self.vocabulary))
            queries = np.concatenate([self._with_context(x, context) for x in tune_values])
            for nll, k, smoothing in self._votes_tried(memory, queries, tune_labels):
                settings = {"context": context, "k": k, "smoothing": smoothing}
                self.consider(nll, **settings)
                if nll < best:
                    best, best_memory, self.chosen = nll, memory, settings
        assert best_memory is not None
        self.memory = best_memory

    def _votes_tried(
        self, memory: Memory, queries: Array, labels: Ints
    ) -> list[tuple[float, int, float]]:
        """NLL of the tuning split's frames by neighbours and smoothing; one search for all."""
        options = self.options
        wanted = NEIGHBOURS if options.k is None else (options.k,)
        numbers = sorted({min(k, len(memory.labels)) for k in wanted})
        smoothings = SMOOTHINGS if options.smoothing is None else (options.smoothing,)
        # neighbours come in order of distance: the first k of the most are the k nearest
        distances, neighbours = memory.search(queries, max(numbers))
        tried = []
        for k in numbers:
            shares = memory.shares(distances[:, :k], neighbours[:, :k], options.weights)
            for smoothing in smoothings:
                probs = memory.smoothed(shares, k, smoothing)
                tried.append((float(nll_of(probs, labels).mean()), k, smoothing))
        return tried

    def _values(self, spectrum: Array) -> Array:
        """Normalised decibels, or their cepstral coefficients, ``(frame, value)``."""
        normal = self.normalizer(spectrum)
        if not self.options.coefficients:
            return normal
        from scipy.fft import dct

        cepstrum: Array = dct(normal, axis=1, norm="ortho")[:, : self.options.coefficients]
        return cepstrum

    def _with_context(self, values: Array, context: float) -> Array:
        stride = max(1, self.grid.count(self.options.stride))
        return stack_context(values, int(context), stride)

    def log_probs(self, recording: Recording) -> Floats:
        """Log-probabilities from the smoothed shares of votes, ``(frame, class)``."""
        values = self.projection(self._values(self.features_of(recording).level))
        queries = self._with_context(values, self.setting("context"))
        k = min(int(self.setting("k")), len(self.memory.labels))
        shares = self.memory.shares(*self.memory.search(queries, k), self.options.weights)
        log_probs: Floats = np.log(self.memory.smoothed(shares, k, self.setting("smoothing")))
        return log_probs

    def arrays(self) -> Arrays:
        """The stored frames and labels, and the projection."""
        return {
            "frames": self.memory.frames,
            "labels": self.memory.labels,
            "mean": self.projection.mean,
            "components": self.projection.components,
        }

    def load_state_dict(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what :meth:`arrays` gave.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or of another shape.
        """
        frames, labels = arrays["frames"], arrays["labels"]
        mean, components = arrays["mean"], arrays["components"]
        options, bins = self.options, self.experiment.features.bins
        values = min(options.coefficients, bins) or bins
        frames_each = 2 * int(self.setting("context")) + 1
        if mean.shape != (values,) or components.shape[1:] != (values,):
            raise ValueError(
                f"a projection of {components.shape} and {mean.shape}, not of {values}"
            )
        if frames.shape != (len(labels), components.shape[0] * frames_each):
            raise ValueError(f"{frames.shape} stored frames for {len(labels)} labels")
        if not len(labels) or labels.min() < 0 or labels.max() >= len(self.vocabulary):
            raise ValueError("labels beyond the classes")
        self.memory = Memory(frames, labels, len(self.vocabulary))
        self.projection = Projection(mean, components)


@dataclass(frozen=True)
class Projection:
    """Projection onto principal components: ``(x - mean) @ components.T``.

    Attributes
    ----------
    mean
        The mean of the values, shape ``(value,)``.
    components
        The components, shape ``(component, value)``.
    """

    mean: Array
    components: Array

    @classmethod
    def fit(cls, values: Array, components: int) -> Projection:
        """Fit to rows ``(row, value)``; the identity where ``components`` is zero or no fewer."""
        width = values.shape[1]
        if not components or components >= width:
            return cls(np.zeros(width, dtype=np.float32), np.eye(width, dtype=np.float32))
        from sklearn.decomposition import PCA

        pca = PCA(min(components, len(values)), svd_solver="covariance_eigh").fit(values)
        return cls(pca.mean_.astype(np.float32), pca.components_.astype(np.float32))

    def __call__(self, values: Array) -> Array:
        """Project rows ``(row, value)``, to shape ``(row, component)``."""
        projected: Array = np.matmul(values - self.mean, self.components.T, dtype=np.float32)
        return projected


@dataclass(frozen=True)
class Memory:
    """Stored frames and their classes, to be searched.

    Attributes
    ----------
    frames
        The stored frames, shape ``(row, value)``.
    labels
        Their classes, shape ``(row,)``.
    classes
        The number of classes, those that do not occur included.
    """

    frames: Array
    labels: Ints
    classes: int

    @cached_property
    def _index(self) -> Any:
        from sklearn.neighbors import NearestNeighbors

        # with dozens of values a tree looks at most frames anyway; matrix products are quicker
        return NearestNeighbors(algorithm="brute").fit(self.frames)

    @cached_property
    def prior(self) -> Floats:
        """The share of every class, ``(class,)``, each counted once more than it occurs."""
        counts = np.bincount(self.labels, minlength=self.classes) + 1.0
        shares: Floats = counts / counts.sum()
        return shares

    def search(self, queries: Array, k: int) -> tuple[Floats, Ints]:
        """The distances of the k nearest, ascending, and their rows; both ``(query, k)``."""
        distances, rows = self._index.kneighbors(queries, n_neighbors=k)
        return np.asarray(distances, dtype=np.float64), np.asarray(rows, dtype=np.int64)

    def shares(
        self, distances: Floats, found: Ints, weights: Literal["distance", "uniform"]
    ) -> Floats:
        """The share of the votes for every class, ``(query, class)``.

        Where neighbours are at distance zero, they alone vote, as scikit-learn has it.

        Parameters
        ----------
        distances, found
            The distances and rows that :meth:`search` gives, ``(query, k)``.
        weights
            The weight of a vote: the inverse of the distance (Dudani 1976), or one.
        """
        if weights == "uniform":
            votes = np.ones_like(distances)
        else:
            same = distances == 0.0
            inverse = 1.0 / np.where(same, 1.0, distances)
            votes = np.where(same.any(axis=1, keepdims=True), same, inverse)
        votes = votes / votes.sum(axis=1, keepdims=True)
        voted = self.labels[found]
        return np.stack([(votes * (voted == c)).sum(axis=1) for c in range(self.classes)], axis=1)

    def smoothed(self, shares: Floats, k: int, smoothing: float) -> Floats:
        """The smoothed shares ``(k v + s π) / (k + s)``, of the shape of ``shares``."""
        probs: Floats = (k * shares + smoothing * self.prior) / (k + smoothing)
        return probs
