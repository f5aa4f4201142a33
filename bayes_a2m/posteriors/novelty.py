"""Novelty detection: whether a recording sounds like those that a network learned from.

Level, noise floor, bandwidth and clipping (:mod:`bayes_a2m.posteriors.conditions`) do not see a
room, a small loudspeaker or people who talk in the background. The network's own features do.
Two distances are taken, both about 1 for the recordings that were learned from:

- of **frames**: the mean over a window of the distance of what the recurrence reads to the nearest
  class (:mod:`bayes_a2m.posteriors.density`; Lee et al. 2018, arXiv 1807.03888). It sees sounds
  that are themselves new;
- of the **window**: the squared Mahalanobis distance of the window's mean embedding, which is what
  the head reads, to the mean embeddings of all training windows, over their number. It sees a
  small change that all frames share, such as a colour or an echo. Windows are few for a covariance
  of so many features: it is shrunk as Ledoit and Wolf ("A well-conditioned estimator for
  large-dimensional covariance matrices", 2004) do.

Each is divided by the distance that nine of ten windows keep, and the mean of the two is the
novelty. Its limit is the 95th percentile over recordings that the densities were not fitted to:
those of the training split, held out in turn, and those of the tuning split; or over the latter
alone, where that is higher, as it is where a network has learned its recordings by heart. So about
5 % of the recordings like those that were learned from are called novel; of fewer than 19 held-out
recordings no limit can promise that, and nothing is told. A recording is judged by the median of
its windows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio import windows
from bayes_a2m.datasets.example import Example
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError
from bayes_a2m.files.tensors import read_tensors
from bayes_a2m.posteriors.density import Array, ClassSums, FeatureDensity, middle_frames
from bayes_a2m.posteriors.training_data import Recordings, TrainingData

if TYPE_CHECKING:
    from bayes_a2m.networks.network import Network
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior

INSIDE = 95.0
"""Percent of the held-out recordings whose novelty lies within the limit."""

USUAL = 90.0
"""Percent of the held-out recordings whose distance lies within the scale it is divided by."""

FOLDS = 5
"""Parts of the training recordings that are held out in turn."""

FEWEST = 19
"""Held-out recordings below which no limit holds 95 % of the next ones: 19 of 20 ranks."""

KEPT_BYTES = 2**28
"""Bytes of features that are kept of each part while the densities are fitted: 3,000 recordings."""

FORMAT = "1"
"""Version of ``novelty.safetensors``."""


@dataclass(frozen=True, eq=False)
class WindowDensity:
    """One Gaussian over the mean embeddings of windows.

    Attributes
    ----------
    mean, scale
        Mean and standard deviation of every feature, shape ``(feature,)``.
    whitener
        A factor W of the inverse covariance of the standardised features, ``W @ W.T``.

    Examples
    --------
    >>> rows = np.random.default_rng(0).standard_normal((400, 3))
    >>> near, far = WindowDensity.of(rows).distance(np.array([[0.0, 0, 0], [9.0, 9, 9]]))
    >>> bool(near < 0.1 < 10 < far)
    True
    """

    mean: Array
    scale: Array
    whitener: Array

    @classmethod
    def of(cls, rows: Array) -> Self:
        """Fit to mean embeddings ``(window, feature)``."""
        from sklearn.covariance import ledoit_wolf

        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        # units that are never active have no spread; nothing is divided by zero
        scale = spread + 1e-3 * max(float(rows.std()), 1e-6)
        covariance, _ = ledoit_wolf((rows - mean) / scale)
        covariance += 1e-6 * np.eye(len(covariance))
        return cls(mean, scale, np.linalg.cholesky(np.linalg.inv(covariance)))

    def distance(self, rows: Array) -> Array:
        """Squared Mahalanobis distance over the number of features, shape ``(window,)``."""
        white = (rows - self.mean) / self.scale @ self.whitener
        distances: Array = np.square(white).mean(axis=1)
        return distances


@dataclass(frozen=True, eq=False)
class NoveltyDetector:
    """A detector of recordings that sound unlike those that a network learned from.

    Attributes
    ----------
    frames, window
        The densities of what the recurrence reads, and of mean embeddings.
    scales
        What the two distances are divided by, shape ``(2,)``.
    limit
        The novelty that nearly all recordings like those that were learned from keep.
    """

    frames: FeatureDensity
    window: WindowDensity
    scales: Array
    limit: float

    @classmethod
    def fit(cls, network: Network, training_data: TrainingData) -> Self | None:
        """Fit the densities to the recordings to fit, the limits to what they have not seen.

        Parameters
        ----------
        network
            The trained network.
        training_data
            Its recordings to fit and to tune on.

        Returns
        -------
        NoveltyDetector or None
            None where there are too few recordings to say what is new.
        """
        fitted = _Embedding(network, training_data, training_data.fitting)
        tuned = _Embedding(network, training_data, training_data.tuning)
        if len(fitted) + len(tuned) < FEWEST or len(fitted) < 2 * FOLDS or not len(tuned):
            return None
        folds = np.array_split(np.arange(len(fitted)), FOLDS)
        sums = [
            ClassSums.of(
                ((w.local, w.labels) for i in fold for w in fitted[i]), training_data.classes
            )
            for fold in folds
        ]
        means = [np.concatenate([fitted.means[i] for i in fold]) for fold in folds]
        try:
            whole = cls._of(np.concatenate(means), ClassSums.joined(sums))
            held_out = []
            for k, fold in enumerate(folds):
                others = np.concatenate([m for j, m in enumerate(means) if j != k])
                rest = ClassSums.joined([s for j, s in enumerate(sums) if j != k])
                held_out.append(cls._of(others, rest)._distances(fitted[i] for i in fold))
        except InputError:  # fewer steps than features
            return None
        of_tuned = whole._distances(tuned[i] for i in range(len(tuned)))
        pooled = np.concatenate([*held_out, of_tuned])
        scales = np.percentile(pooled, USUAL, axis=0)
        by_heart = float(np.percentile((of_tuned / scales).mean(axis=1), INSIDE))
        # the rank that the next of so many exchangeable recordings keeps with 95 %
        rank = math.ceil(INSIDE / 100 * (len(pooled) + 1))
        usual = float(np.sort((pooled / scales).mean(axis=1))[rank - 1])
        return cls(whole.frames, whole.window, scales, max(usual, by_heart))

    @classmethod
    def _of(cls, means: Array, sums: ClassSums) -> Self:
        return cls(FeatureDensity.from_sums(sums), WindowDensity.of(means), np.ones(2), np.inf)

    def _distances(self, recordings: Iterable[Sequence[_Embedded]]) -> Array:
        """The two distances of every recording, ``(recording, 2)``."""
        return np.stack(
            [
                np.median([self._of_window(w.local, w.mean) for w in recording], axis=0)
                for recording in recordings
            ]
        )

    def _of_window(self, local: NDArray[np.float32], mean: Array) -> tuple[float, float]:
        frames = float(self.frames.distance(local.astype(np.float64)).mean())
        return frames, float(self.window.distance(mean[None])[0])

    def novelty(self, model: NetworkPosterior, recording: Recording) -> float:
        """The distance of a recording from those that were learned from; 1 is the limit.

        Parameters
        ----------
        model
            The model whose network this was fitted with.
        recording
            A recording at the level that the model reads it at.

        Raises
        ------
        InputError
            If the network has other features, or the recording cannot be read.
        """
        frontend = model.frontend
        features = frontend.normalizer(frontend.features(recording))
        length, overlap = frontend.window.frames(model.grid)
        found = []
        for start, end in windows.spans(features.shape[0], length, overlap):
            local, mean = _forward(model.network, features[start:end])
            if (local.shape[1], mean.size) != (self.frames.means.shape[1], self.window.mean.size):
                raise InputError(
                    "the densities stored with the model are of another network; train it again"
                )
            found.append(self._of_window(local, mean))
        return float((np.median(found, axis=0) / self.scales).mean() / self.limit)

    def differences(self, model: NetworkPosterior, recording: Recording) -> list[str]:
        """Say that a recording sounds unlike those that were learned from: a phrase, or none."""
        novelty = self.novelty(model, recording)
        if novelty <= 1:
            return []
        return [
            "it sounds unlike nearly all recordings that the model learned from (its embeddings "
            f"lie {novelty:.1f} times as far from theirs as {INSIDE:g} % of them)"
        ]

    # ---- files ----

    def save(self, path: Path) -> None:
        """Write ``novelty.safetensors``."""
        from safetensors.numpy import save_file

        occurring = np.isfinite(self.frames.means).all(axis=1)
        arrays = {
            "frames.means": self.frames.means[occurring],
            "frames.whitener": self.frames.whitener,
            "window.mean": self.window.mean,
            "window.scale": self.window.scale,
            "window.whitener": self.window.whitener,
            "scales": self.scales,
            "limit": np.array([self.limit]),
        }
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()},
            path,
            metadata={"format_version": FORMAT},
        )
        path.chmod(0o644)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read ``novelty.safetensors``.

        Raises
        ------
        InputError
            If it is of another version, or an array is missing, of another shape or not finite.
        """
        what, advice = "densities of a network's features", "copy the model again"
        tensors, words = read_tensors(path, what, advice)
        version = words.get("format_version")
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        if version != FORMAT:
            raise InputError(f"{path}: of version {version}, this one reads {FORMAT}; train again")
        try:
            means, whitener = arrays["frames.means"], arrays["frames.whitener"]
            mean, scale = arrays["window.mean"], arrays["window.scale"]
            window_whitener = arrays["window.whitener"]
            scales, limit = arrays["scales"], arrays["limit"]
        except KeyError as error:
            raise InputError(f"{path}: lacks {error}; {advice}") from error
        size, features = mean.size, whitener.shape[-1]
        fitting = (
            means.ndim == 2
            and means.shape[1] == features
            and whitener.shape == (features, features)
            and mean.shape == scale.shape == (size,)
            and window_whitener.shape == (size, size)
            and scales.shape == (2,)
            and limit.shape == (1,)
            and len(means) > 0
        )
        if not fitting:
            raise InputError(f"{path}: an array is of another shape; {advice}")
        if any((array <= 0).any() for array in (scale, scales, limit)):
            raise InputError(f"{path}: a scale or limit is not above zero; {advice}")
        return cls(
            FeatureDensity(means, whitener),
            WindowDensity(mean, scale, window_whitener),
            scales,
            float(limit[0]),
        )


@dataclass(frozen=True, eq=False)
class _Embedded:
    """One window: what the recurrence reads ``(step, feature)``, its labels, its mean embedding."""

    local: NDArray[np.float32]
    labels: NDArray[np.int64]
    mean: Array


class _Embedding:
    """The windows of every recording that has a frame, embedded when they are asked for.

    They are kept while there is room; those of many recordings are embedded anew each time, to the
    same numbers. The mean embeddings are small, and stay.
    """

    def __init__(
        self, network: Network, training_data: TrainingData, recordings: Recordings
    ) -> None:
        self.network, self.training_data = network, training_data
        self.recordings = [examples for examples in recordings if len(examples)]
        self.means: dict[int, Array] = {}
        self._kept: dict[int, list[_Embedded]] = {}
        self._room = KEPT_BYTES

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, number: int) -> list[_Embedded]:
        if number in self._kept:
            return self._kept[number]
        examples = self.training_data.normalized(self.recordings[number])
        embedded = [_of_example(self.network, example) for example in examples]
        self.means[number] = np.stack([window.mean for window in embedded])
        size = sum(window.local.nbytes for window in embedded)
        if size <= self._room:
            self._room -= size
            self._kept[number] = embedded
        return embedded


def _of_example(network: Network, example: Example) -> _Embedded:
    local, mean = _forward(network, example.features)
    labels = example.labels[middle_frames(len(local), len(example.labels))]
    return _Embedded(local, labels, mean)


def _forward(network: Network, features: NDArray[np.float32]) -> tuple[NDArray[np.float32], Array]:
    """What the recurrence reads of a window ``(step, feature)``, and its mean embedding."""
    import torch

    x = torch.from_numpy(features)[None]
    with torch.inference_mode():
        local = network(x, stop=network.local_layers)
        trunk = network(local, start=network.local_layers, stop=-1, frames=x.shape[1])[0]
        local, trunk = (network.density_features(part) for part in (local[0], trunk))
    return local.float().numpy(), trunk.double().mean(dim=0).numpy()
