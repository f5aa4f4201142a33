"""k nearest neighbours: what the most similar frames of the training part were.

Cover and Hart 1967, "Nearest neighbor pattern classification"; votes weighted by the inverse of
the distance after Dudani 1976, "The distance-weighted k-nearest-neighbor rule". With ``v_k`` the
weighted share of votes for class k, the probability is

    p_k = (n v_k + s π_k) / (n + s),

n the number of neighbours, π the classes' shares among the stored frames, and s the smoothing:
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
"""Numbers of neighbours that the tuning part chooses from."""

CONTEXTS = (0, 1, 2)
"""Frames beside the one in question, on each side, that it chooses from."""

SMOOTHINGS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Votes by the classes' shares that it chooses from."""


class KNN(Baseline):
    """The training part's most similar frames vote.

    A frame is its normalised spectrum in decibels, or the first cepstral coefficients of it
    (of a mel spectrum: MFCCs), boiled down by principal components, beside those of its
    neighbours in time.

    Attributes
    ----------
    memory
        The stored frames: recordings can be guessed from them, so such a model is data.

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
        asked = [self.projection(self._values(self.features_of(r).level)) for r in tune]
        contexts = CONTEXTS if options.context is None else (options.context,)
        best, best_memory = np.inf, None
        for context in contexts:
            kept = [self._around(x, context)[r] for x, r in zip(values, rows, strict=True)]
            memory = Memory(np.concatenate(kept), labels, len(self.vocabulary))
            queries = np.concatenate([self._around(x, context) for x in asked])
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
        """NLL of the tuning part's frames by neighbours and smoothing; one search for all."""
        options = self.options
        asked = NEIGHBOURS if options.k is None else (options.k,)
        numbers = sorted({min(k, len(memory.labels)) for k in asked})
        smoothings = SMOOTHINGS if options.smoothing is None else (options.smoothing,)
        distances, found = memory.search(queries, max(numbers))
        tried = []
        for k in numbers:
            shares = memory.shares(distances[:, :k], found[:, :k], options.weights)
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

    def _around(self, values: Array, context: float) -> Array:
        stride = max(1, self.grid.count(self.options.stride))
        return stack_context(values, int(context), stride)

    def log_probs(self, recording: Recording) -> Floats:
        """Log of the smoothed shares of votes."""
        values = self.projection(self._values(self.features_of(recording).level))
        queries = self._around(values, self.setting("context"))
        k = min(int(self.setting("k")), len(self.memory.labels))
        shares = self.memory.shares(*self.memory.search(queries, k), self.options.weights)
        log_probs: Floats = np.log(self.memory.smoothed(shares, k, self.setting("smoothing")))
        return log_probs

    def arrays(self) -> Arrays:
        """Stored frames and labels, and the projection."""
        return {
            "frames": self.memory.frames,
            "labels": self.memory.labels,
            "mean": self.projection.mean,
            "components": self.projection.components,
        }

    def load_state_dict(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what :meth:`arrays` gave."""
        frames, labels = arrays["frames"], arrays["labels"]
        mean, components = arrays["mean"], arrays["components"]
        options, bins = self.options, self.experiment.features.bins
        values = min(options.coefficients, bins) or bins
        around = 2 * int(self.setting("context")) + 1
        if mean.shape != (values,) or components.shape[1:] != (values,):
            raise ValueError(
                f"a projection of {components.shape} and {mean.shape}, not of {values}"
            )
        if frames.shape != (len(labels), components.shape[0] * around):
            raise ValueError(f"{frames.shape} stored frames for {len(labels)} labels")
        if not len(labels) or labels.min() < 0 or labels.max() >= len(self.vocabulary):
            raise ValueError("labels beyond the classes")
        self.memory = Memory(frames, labels, len(self.vocabulary))
        self.projection = Projection(mean, components)


@dataclass(frozen=True)
class Projection:
    """Onto principal components: ``(x - mean) @ components.T``."""

    mean: Array
    components: Array

    @classmethod
    def fit(cls, values: Array, components: int) -> Projection:
        """Of rows ``(row, value)``; all values as they are where ``components`` is zero."""
        width = values.shape[1]
        if not components or components >= width:
            return cls(np.zeros(width, dtype=np.float32), np.eye(width, dtype=np.float32))
        from sklearn.decomposition import PCA

        pca = PCA(min(components, len(values)), svd_solver="covariance_eigh").fit(values)
        return cls(pca.mean_.astype(np.float32), pca.components_.astype(np.float32))

    def __call__(self, values: Array) -> Array:
        """Of rows ``(row, value)``, shape ``(row, component)``."""
        projected: Array = np.matmul(values - self.mean, self.components.T, dtype=np.float32)
        return projected


@dataclass(frozen=True)
class Memory:
    """Stored frames ``(row, value)`` and their classes ``(row,)``, to be searched."""

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
        """Share of every class, ``(class,)``, each counted once more than it occurs."""
        counts = np.bincount(self.labels, minlength=self.classes) + 1.0
        shares: Floats = counts / counts.sum()
        return shares

    def search(self, queries: Array, k: int) -> tuple[Floats, Ints]:
        """Distances of the k nearest, ascending, and which they are; both ``(query, k)``."""
        distances, found = self._index.kneighbors(queries, n_neighbors=k)
        return np.asarray(distances, dtype=np.float64), np.asarray(found, dtype=np.int64)

    def shares(
        self, distances: Floats, found: Ints, weights: Literal["distance", "uniform"]
    ) -> Floats:
        """Share of the votes for every class, ``(query, class)``.

        Where neighbours are at distance zero, they alone vote, as scikit-learn has it.
        """
        if weights == "uniform":
            votes = np.ones_like(distances)
        else:
            same = distances == 0.0
            inverse = 1.0 / np.where(same, 1.0, distances)
            votes = np.where(same.any(axis=1, keepdims=True), same, inverse)
        votes = votes / votes.sum(axis=1, keepdims=True)
        called = self.labels[found]
        return np.stack([(votes * (called == c)).sum(axis=1) for c in range(self.classes)], axis=1)

    def smoothed(self, shares: Floats, k: int, smoothing: float) -> Floats:
        """``(k v + s π) / (k + s)``, shape as ``shares``."""
        probs: Floats = (k * shares + smoothing * self.prior) / (k + smoothing)
        return probs
