"""A classifier of single frames, which sees no context and so cannot learn a lag.

A network that was trained on labels that come late in one room hears the room and puts its own
boundaries late there, so its predictions hide the very lag that is asked for. A classifier that
sees one frame at a time cannot: a frame before the onset looks like silence, whatever its label
was. Linear discriminant analysis (Fisher 1936; Hastie, Tibshirani and Friedman, "The Elements of
Statistical Learning", section 4.3) on principal components is fitted to frames far from every
change of label, where a lag does not matter, and to other recordings than it is asked about.
Richer classifiers do worse at this: a small neural network on the same frames recognises the room
and has the lag by half (``reports/voice_c4e4g4``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints

FAR = 0.15
"""The seconds from a change of label beyond which labels are taken as right."""

COMPONENTS = 40
"""The number of principal components that describe a frame."""

FRAMES = 40_000
"""The number of frames a classifier is fitted to, about, drawn from every recording alike."""

LEAST = 1e-3
"""The smallest probability: one frame is not more sure than that."""


@dataclass(frozen=True, eq=False)
class FrameClassifier:
    """A linear classifier of single frames.

    Attributes
    ----------
    classes
        The number of classes; one that never occurred gets :data:`LEAST`.
    model
        The fitted scikit-learn pipeline.
    """

    classes: int
    model: Any

    @classmethod
    def fit(cls, x: NDArray[np.float32], y: Ints, *, classes: int) -> FrameClassifier:
        """Fit to frames, as :func:`clear_frames` picks them.

        Parameters
        ----------
        x
            Decibels, ``(row, bin)``.
        y
            The classes of the frames, ``(row,)``.
        classes
            The number of classes.

        Raises
        ------
        InputError
            If fewer than two classes occur: there is nothing to tell apart.
        """
        from sklearn.decomposition import PCA
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
        from sklearn.pipeline import make_pipeline

        if np.unique(y).size < 2:
            raise InputError(
                "a lag is seen where labels change, and these recordings have one class only"
            )
        components = min(COMPONENTS, *x.shape)
        reduce = PCA(components, whiten=True, svd_solver="covariance_eigh")
        model = make_pipeline(reduce, LinearDiscriminantAnalysis())
        model.fit(x.astype(np.float64), y)
        return cls(classes, model)

    def log_probs(self, features: NDArray[np.float32]) -> Floats:
        """The log-probabilities of one recording, ``(frames, class)``, from one frame each."""
        known = self.model.predict_proba(features.astype(np.float64))
        probs = np.full((features.shape[0], self.classes), LEAST)
        probs[:, self.model.classes_] = np.maximum(known, LEAST)
        log_probs: Floats = np.log(probs / probs.sum(axis=1, keepdims=True))
        return log_probs


def distance_to_change(labels: Ints) -> Floats:
    """Frames from each frame to the nearest change of label; infinite where there is none.

    >>> distance_to_change(np.array([0, 0, 1, 1, 1]))
    array([1.5, 0.5, 0.5, 1.5, 2.5])
    """
    changes = np.flatnonzero(np.diff(labels)) + 0.5
    if not changes.size:
        return np.full(labels.shape[0], np.inf)
    at = np.arange(labels.shape[0])
    after = np.searchsorted(changes, at).clip(max=changes.size - 1)
    before = (after - 1).clip(min=0)
    distance: Floats = np.minimum(np.abs(at - changes[after]), np.abs(at - changes[before]))
    return distance


def clear_frames(
    features: NDArray[np.float32],
    labels: Ints,
    *,
    frame_rate: float,
    most: int,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float32], Ints]:
    """Frames of one recording that lie far from every change of label, and their classes.

    A class whose notes are so short that none of its frames lies far gets those in the middle of
    its runs.

    Parameters
    ----------
    features, labels
        Decibels ``(frames, bins)`` and classes ``(frames,)``.
    frame_rate
        Frames a second.
    most
        Frames to draw at most.
    """
    distance = distance_to_change(labels)
    clear = distance > FAR * frame_rate
    for klass in np.setdiff1d(labels, labels[clear]):
        own = labels == klass
        clear |= own & (distance >= np.quantile(distance[own], 0.8))
    rows = np.flatnonzero(clear)
    if rows.size > most:
        rows = np.sort(generator.permutation(rows)[:most])
    return features[rows], labels[rows]


def classify_out_of_fold(
    features: Callable[[int], NDArray[np.float32]],
    labels: Sequence[Ints],
    folds: Ints,
    *,
    classes: int,
    frame_rate: float,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Floats]:
    """Classify the frames of every recording by a classifier fitted to the other folds.

    Parameters
    ----------
    features
        A function from the number of a recording to its decibels, ``(frames, bins)``. It is asked
        twice, so that the features of all recordings are never in memory at once.
    labels
        Class of every frame, ``(frames,)`` a recording.
    folds
        The fold of every recording, ``(recording,)``.
    classes
        The number of classes.
    frame_rate
        Frames a second.
    seed
        The seed by which frames are drawn for fitting.
    progress
        Called with how much is done, and of how much.

    Returns
    -------
    list
        Log-probabilities ``(frames, class)`` of every recording.

    Raises
    ------
    InputError
        If one class only occurs.
    """
    generator = np.random.default_rng(seed)
    count = len(labels)
    most = max(20, FRAMES // max(count, 1))
    rows = []
    for i in range(count):
        drawn = clear_frames(
            features(i), labels[i], frame_rate=frame_rate, most=most, generator=generator
        )
        rows.append(drawn)
        progress(i + 1, 2 * count)
    classifiers = {}
    for number in np.unique(folds):
        rest = np.flatnonzero(folds != number)
        x = np.concatenate([rows[i][0] for i in rest])
        y = np.concatenate([rows[i][1] for i in rest])
        classifiers[int(number)] = FrameClassifier.fit(x, y, classes=classes)
    log_probs = []
    for i in range(count):
        log_probs.append(classifiers[int(folds[i])].log_probs(features(i)))
        progress(count + i + 1, 2 * count)
    return log_probs
