"""Multinomial logistic regression from the features of a frame to log-probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError

Floats = NDArray[np.float64]

ITERATIONS = 500
"""The most iterations of a fit; those of a few dozen scaled features need fewer."""


@dataclass(frozen=True)
class Logistic:
    """A fitted model, ``log p(k) = w_k · (x - mean) / scale + b_k - log Z``, Z normalising it.

    The distribution is mixed with the uniform one, which counts as one frame a class: no class is
    impossible because it was unseen (a pitch of the vocabulary may lack in the training split).

    Attributes
    ----------
    mean, scale
        The mean and scale of every feature over the rows it was fitted on, ``(feature,)``.
    weights, bias
        The weights ``(class, feature)`` and biases ``(class,)``; an unseen class has weights of
        zero and a bias of minus infinity.
    rows
        The number of rows that it was fitted on.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats
    rows: int

    @classmethod
    def fit(cls, features: Floats, labels: NDArray[np.int64], classes: int, penalty: float) -> Self:
        """Fit by scikit-learn to scaled features ``(row, feature)`` and labels ``(row,)``.

        Parameters
        ----------
        features, labels
            The features of every row, and its class.
        classes
            The size of the vocabulary.
        penalty
            The weight of the weights' squares against the mean log-likelihood of a row: a row
            is no independent observation, so their number must not outweigh it.

        Raises
        ------
        InputError
            If the rows are all of one class.
        """
        from sklearn.linear_model import LogisticRegression

        seen = np.unique(labels)
        if len(seen) < 2:
            raise InputError("the training part holds frames of one class only: nothing to learn")
        mean, scale = features.mean(axis=0), features.std(axis=0)
        scale = np.where(scale > 1e-9, scale, 1.0)
        # scikit-learn's C weighs the sum over rows against half the squares
        model = LogisticRegression(C=1.0 / (2.0 * penalty * len(labels)), max_iter=ITERATIONS)
        model.fit((features - mean) / scale, labels)
        weights = np.zeros((classes, features.shape[1]))
        bias = np.full(classes, -np.inf)
        if len(seen) == 2:  # scikit-learn gives the second class only, relative to the first
            weights[seen[1]], bias[seen[0]], bias[seen[1]] = (
                model.coef_[0],
                0.0,
                model.intercept_[0],
            )
        else:
            weights[seen], bias[seen] = model.coef_, model.intercept_
        return cls(mean, scale, weights, bias, len(labels))

    def log_probs(self, features: Floats) -> Floats:
        """Log-probabilities ``(row, class)`` of features ``(row, feature)``."""
        scores = (features - self.mean) / self.scale @ self.weights.T + self.bias
        probs = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs /= probs.sum(axis=1, keepdims=True)
        classes = len(self.bias)
        mixed: Floats = np.log((probs * self.rows + 1.0) / (self.rows + classes))
        return mixed

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that a model directory keeps, by name."""
        return {
            "mean": self.mean,
            "scale": self.scale,
            "weights": self.weights,
            "bias": self.bias,
            "rows": np.array(self.rows),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], classes: int) -> Self:
        """Take back what :meth:`arrays` gave.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or of another shape.
        """
        mean, scale, weights, bias = (arrays[n] for n in ("mean", "scale", "weights", "bias"))
        if weights.shape != (classes, len(mean)) or len(bias) != classes or len(scale) != len(mean):
            raise ValueError(f"weights of shape {weights.shape} for {classes} classes")
        return cls(mean, scale, weights, bias, int(arrays["rows"]))
