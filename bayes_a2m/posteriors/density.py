"""The density of a network's features tells how far a sound lies from the training recordings.

Draws of weights agree where the network extrapolates confidently, so their disagreement misses
much of a change of room or microphone; and entropy follows the number of notes. The density of
the network's own features at the training recordings sees the change itself: Lee et al. 2018
(arXiv 1807.03888, equation 2) measure the Mahalanobis distance to the nearest class, all classes
sharing one covariance; Mukhoti et al. 2023 (arXiv 2102.11582) argue that this is the epistemic
part, and a draw's entropy the aleatoric.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError

if TYPE_CHECKING:
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior

Array = NDArray[np.float64]

RIDGE = 1e-3
"""Share of the mean variance that is added to the variance of every feature.

Some units are never active; without it the covariance could not be inverted.
"""


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Sums over the features of every class: all that a :class:`FeatureDensity` is fitted to.

    Attributes
    ----------
    count, total
        Rows of every class, ``(class,)``, and the sum of their features, ``(class, feature)``.
    within
        Sum of the outer products of all features less the mean of their class, ``(feature,
        feature)``.
    """

    count: Array
    total: Array
    within: Array

    @classmethod
    def of(cls, parts: Iterable[tuple[NDArray[Any], NDArray[np.int64]]], classes: int) -> Self:
        """Sum up features ``(row, feature)`` and their labels ``(row,)``, part by part.

        Raises
        ------
        InputError
            If there is no part.
        """
        whole: Self | None = None
        for features, labels in parts:
            x = np.asarray(features, dtype=np.float64)
            belongs = (labels[:, None] == np.arange(classes)).astype(np.float64)
            count = belongs.sum(axis=0)
            total = belongs.T @ x
            centred = x - (total / np.maximum(count, 1)[:, None])[labels]
            part = cls(count, total, centred.T @ centred)
            whole = part if whole is None else cls.joined([whole, part])
        if whole is None:
            raise InputError("a density needs recordings to fit to")
        return whole

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The sums of all parts together.

        Chan, Golub and LeVeque ("Updating formulae and a pairwise algorithm for computing sample
        variances", 1979): parts of different means add the spread of their means.
        """
        count = np.sum([part.count for part in parts], axis=0)
        total = np.sum([part.total for part in parts], axis=0)
        middle = total / np.maximum(count, 1)[:, None]
        within = np.sum([part.within for part in parts], axis=0)
        for part in parts:
            apart = part.total / np.maximum(part.count, 1)[:, None] - middle
            within = within + (part.count[:, None] * apart).T @ apart
        return cls(count, total, within)

    @property
    def means(self) -> Array:
        """The mean features of every class; NaN for a class that never occurred."""
        known = self.count[:, None] > 0
        means: Array = np.where(known, self.total / np.maximum(self.count, 1)[:, None], np.nan)
        return means


@dataclass(frozen=True)
class FeatureDensity:
    """One Gaussian a class, all of the same covariance, over what a network's recurrence reads.

    This is the generative classifier of Lee et al. 2018 (arXiv 1807.03888, section 2.1): the means
    are those of the classes, the covariance is that of the features around the mean of their own
    class.

    Attributes
    ----------
    means
        The mean features of every class, shape ``(class, feature)``; NaN for a class that never
        occurred.
    whitener
        A factor W of the inverse covariance, ``W @ W.T``, shape ``(feature, feature)``.

    Examples
    --------
    >>> features = np.random.default_rng(0).standard_normal((500, 3))
    >>> density = FeatureDensity.of(features, np.zeros(500, dtype=int), classes=2)
    >>> near, far = density.distance(np.array([[0.0, 0, 0], [9.0, 9, 9]]))
    >>> bool(near < 0.1 < 10 < far)
    True
    """

    means: Array
    whitener: Array

    @classmethod
    def of(cls, features: Array, labels: NDArray[np.int64], classes: int) -> Self:
        """Fit to features ``(row, feature)`` and their labels ``(row,)``.

        Parameters
        ----------
        features
            What the recurrence reads, shape ``(row, feature)``.
        labels
            The class of every row, shape ``(row,)``.
        classes
            The number of classes, those that do not occur included.

        Raises
        ------
        InputError
            If there are fewer rows than features.
        """
        return cls.from_sums(ClassSums.of([(features, labels)], classes))

    @classmethod
    def from_sums(cls, sums: ClassSums) -> Self:
        """Fit to the sums of features.

        Raises
        ------
        InputError
            If there are fewer rows than features.
        """
        rows, size = int(sums.count.sum()), sums.total.shape[1]
        if rows <= size:
            raise InputError(f"a density of {size} features needs more than {rows} steps")
        covariance = sums.within / rows
        covariance += RIDGE * np.trace(covariance) / size * np.eye(size)
        return cls(sums.means, np.linalg.cholesky(np.linalg.inv(covariance)))

    @classmethod
    def fit(cls, model: NetworkPosterior, recordings: Iterable[Recording]) -> Self:
        """Fit to recordings with references.

        Parameters
        ----------
        model
            A fitted posterior of a network.
        recordings
            The recordings that the model was fitted on.

        Raises
        ------
        InputError
            If there is no recording, or there are fewer steps than features.
        """
        features, labels = [], []
        for recording in recordings:
            steps = _steps(model, recording)
            truth = recording.labels(model.grid, model.vocabulary)
            features.append(steps)
            labels.append(truth[middle_frames(len(steps), len(truth))])
        if not features:
            raise InputError("a density needs recordings to fit to")
        return cls.of(np.concatenate(features), np.concatenate(labels), len(model.vocabulary))

    def distance(self, features: Array) -> Array:
        """Squared Mahalanobis distance to the nearest class over the number of features.

        Lee et al. 2018 (arXiv 1807.03888), equation 2. Dividing by the number of features makes it
        about 1 for what is like the training recordings, whatever the network.

        Parameters
        ----------
        features
            Shape ``(row, feature)``.

        Returns
        -------
        ndarray, shape (row,)
        """
        occurring = self.means[np.isfinite(self.means).all(axis=1)]
        white = np.asarray(features, dtype=np.float64) @ self.whitener
        centres = occurring @ self.whitener
        squares = ((white[:, None] - centres) ** 2).sum(axis=-1)
        nearest: Array = squares.min(axis=1) / white.shape[1]
        return nearest

    def of_recording(self, model: NetworkPosterior, recording: Recording) -> Array:
        """The distance at every frame of a recording, shape ``(frame,)``.

        Networks that pool frames have fewer steps than frames; all frames of a step share its
        distance.
        """
        steps = self.distance(_steps(model, recording))
        frames = model.grid.frames_in(recording.duration)
        at = np.minimum(np.arange(frames) * len(steps) // max(frames, 1), len(steps) - 1)
        return steps[at]


def middle_frames(steps: int, frames: int) -> NDArray[np.int64]:
    """The frame in the middle of each step, ``(step,)``."""
    return np.minimum(((np.arange(steps) + 0.5) * frames / steps).astype(np.int64), frames - 1)


def _steps(model: NetworkPosterior, recording: Recording) -> Array:
    """What the recurrence reads of a recording, ``(step, feature)``."""
    import torch

    network = model.network
    frontend = model.frontend
    x = torch.from_numpy(frontend.normalizer(frontend.features(recording)))[None]
    with torch.inference_mode():
        x = network.density_features(network(x, stop=network.local_layers))
    steps: Array = x[0].double().numpy()
    return steps
