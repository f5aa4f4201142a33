"""Methods of recalibration: maps of probabilities, fitted so that they come true.

A recalibration is a map from distributions to distributions, fitted on frames it has not been
trained on, after draws are pooled: an average of calibrated draws is not calibrated, so there is
nothing to be gained from recalibrating one by one (Rahaman and Thiery, "Uncertainty quantification
and deep ensembles", 2021, https://arxiv.org/abs/2007.08792).

Three are log-linear, ``p' ~ exp(W log p + b)``, and fitted by maximum likelihood, which is convex:

- **temperature**: ``W = I / T``, ``b = 0`` (Guo et al., "On calibration of modern neural networks",
  2017, https://arxiv.org/abs/1706.04599): one number, and the predicted class stays;
- **vector**: W diagonal (the same): a slope and a bias for every class;
- **Dirichlet**: W full (Kull et al., "Beyond temperature scaling", 2019,
  https://arxiv.org/abs/1910.12656), its off-diagonal entries and intercepts held back (their
  ODIR): ``0.01`` times the mean square of each is added to the mean NLL.

**Isotonic** fits a nondecreasing step function to every class against the rest (Zadrozny and
Elkan, "Transforming classifier scores into accurate multiclass probability estimates", 2002) and
normalises. A step that was never (always) right would give probability 0 (1), and one miss would
cost an infinite NLL, so a step of n frames, m of them right, gives ``(m + 1/2) / (n + 1)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.kernels import CLIP

if TYPE_CHECKING:
    from torch import Tensor

HELD_BACK = 0.01
"""Weight of the mean squares of Dirichlet scaling's off-diagonal entries and of its intercepts."""

TEMPERATURES = (0.05, 20.0)
"""Bounds of a temperature."""


class Recalibration(ABC):
    """A map from distributions to distributions.

    Attributes
    ----------
    name
        Name of the method in ``recalibration.json``.
    needs_every_class
        Whether a class without frames would be ruled out, so that it cannot be fitted then.
    """

    group: ClassVar[str] = "recalibrations"
    name: ClassVar[str]
    needs_every_class: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def fit(cls, probabilities: Floats, labels: Ints) -> Self:
        """Fit to frames that the model was not trained on.

        Parameters
        ----------
        probabilities
            Pooled over draws, shape ``(frames, class)``.
        labels
            True classes, shape ``(frames,)``.
        """

    @abstractmethod
    def apply(self, probabilities: ArrayLike) -> Floats:
        """Recalibrate probabilities.

        Parameters
        ----------
        probabilities
            Shape ``(..., class)``.

        Returns
        -------
        ndarray, shape (..., class)
            64-bit.

        Raises
        ------
        InputError
            If the number of classes is another than it was fitted to.
        """

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Convert to the method's name and parameters, ready for JSON."""

    @classmethod
    @abstractmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Restore from what :meth:`to_dict` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a parameter is missing or of the wrong kind.
        """


@dataclass(frozen=True)
class Identity(Recalibration):
    """No recalibration: always a candidate.

    >>> Identity().apply([[0.9, 0.1]])
    array([[0.9, 0.1]])
    """

    name: ClassVar[str] = "none"

    @classmethod
    def fit(cls, probabilities: Floats, labels: Ints) -> Self:
        """Return the identity, which has nothing to fit."""
        return cls()

    def apply(self, probabilities: ArrayLike) -> Floats:
        """Return the probabilities as they are, 64-bit."""
        return np.asarray(probabilities, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Convert to the name alone."""
        return {"method": self.name}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the identity, whatever else stands there."""
        return cls()


@dataclass(frozen=True)
class Temperature(Recalibration):
    """Temperature scaling ``p' ~ p^(1 / T)``, which lowers confidence where T is above 1.

    >>> Temperature(2.0).apply([[0.9, 0.1]])  # 3 : 1
    array([[0.75, 0.25]])
    """

    temperature: float
    name: ClassVar[str] = "temperature"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"a temperature must be positive, not {self.temperature}")

    @classmethod
    def fit(cls, probabilities: Floats, labels: Ints) -> Self:
        """Fit T by maximum likelihood, between the bounds of :data:`TEMPERATURES`.

        Parameters
        ----------
        probabilities
            Shape ``(frames, class)``.
        labels
            True classes, shape ``(frames,)``.

        Raises
        ------
        InputError
            If the NLL is not finite.
        """
        lowest, highest = TEMPERATURES

        def parameters(inverse: Tensor) -> tuple[Tensor, Tensor]:
            return inverse * inverse.new_ones(classes).diag(), inverse.new_zeros(classes)

        classes = probabilities.shape[1]
        # the NLL is convex in 1 / T, so the best T within the bounds is the best of all, cut off
        (inverse,) = _most_likely(probabilities, labels, np.ones(1), parameters)
        return cls(float(1 / np.clip(inverse, 1 / highest, 1 / lowest)))

    def apply(self, probabilities: ArrayLike) -> Floats:
        """Divide log-probabilities by T and normalise."""
        return _softmax(_log(probabilities) / self.temperature)

    def to_dict(self) -> dict[str, Any]:
        """Convert to the name and the temperature."""
        return {"method": self.name, "temperature": self.temperature}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Restore from the temperature."""
        return cls(float(values["temperature"]))


@dataclass(frozen=True)
class VectorScaling(Recalibration):
    """Vector scaling ``p'_k ~ exp(w_k log p_k + b_k)``, a slope and a bias for every class.

    >>> VectorScaling((1.0, 1.0), (0.0, float(np.log(9)))).apply([[0.9, 0.1]])
    array([[0.5, 0.5]])
    """

    slopes: tuple[float, ...]
    biases: tuple[float, ...]
    name: ClassVar[str] = "vector"

    def __post_init__(self) -> None:
        _check_finite(self.slopes, self.biases)
        if len(self.slopes) != len(self.biases):
            raise ValueError("vector scaling needs as many slopes as biases")

    @classmethod
    def fit(cls, probabilities: Floats, labels: Ints) -> Self:
        """Fit slopes and biases by maximum likelihood, the biases held back a little.

        0.001 times the mean square of the biases is added to the mean NLL: without it, the bias of
        a class that never occurs would have no end.

        Parameters
        ----------
        probabilities
            Shape ``(frames, class)``.
        labels
            True classes, shape ``(frames,)``.

        Raises
        ------
        InputError
            If the NLL is not finite.
        """
        classes = probabilities.shape[1]

        def parameters(theta: Tensor) -> tuple[Tensor, Tensor]:
            return theta[:classes].diag(), theta[classes:]

        def penalty(matrix: Tensor, biases: Tensor) -> Tensor:
            return 0.1 * HELD_BACK * biases.square().mean()

        start = np.concatenate([np.ones(classes), np.zeros(classes)])
        theta = _most_likely(probabilities, labels, start, parameters, penalty)
        return cls(_tuple(theta[:classes]), _tuple(theta[classes:]))

    def apply(self, probabilities: ArrayLike) -> Floats:
        """Scale and shift log-probabilities and normalise."""
        log = _log(probabilities, len(self.slopes))
        return _softmax(log * np.array(self.slopes) + np.array(self.biases))

    def to_dict(self) -> dict[str, Any]:
        """Convert to the name, the slopes and the biases."""
        return {"method": self.name, "slopes": list(self.slopes), "biases": list(self.biases)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Restore from slopes and biases."""
        return cls(_tuple(values["slopes"]), _tuple(values["biases"]))


@dataclass(frozen=True)
class Dirichlet(Recalibration):
    """Dirichlet scaling ``p' ~ exp(W log p + b)``, with a full matrix W.

    >>> swap = Dirichlet(((0.0, 1.0), (1.0, 0.0)), (0.0, 0.0))
    >>> swap.apply([[0.9, 0.1]])
    array([[0.1, 0.9]])
    """

    matrix: tuple[tuple[float, ...], ...]
    biases: tuple[float, ...]
    name: ClassVar[str] = "dirichlet"

    def __post_init__(self) -> None:
        _check_finite(*self.matrix, self.biases)
        if {len(row) for row in self.matrix} | {len(self.matrix)} != {len(self.biases)}:
            raise ValueError("Dirichlet scaling needs a square matrix, a row and a bias a class")

    @classmethod
    def fit(cls, probabilities: Floats, labels: Ints, *, held_back: float = HELD_BACK) -> Self:
        """Fit matrix and biases by penalised maximum likelihood.

        Parameters
        ----------
        probabilities
            Shape ``(frames, class)``.
        labels
            True classes, shape ``(frames,)``.
        held_back
            Weight of the mean squares of the off-diagonal entries and of the biases, which are
            added to the mean NLL.

        Raises
        ------
        InputError
            If the NLL is not finite.
        """
        classes = probabilities.shape[1]
        size = classes * classes

        def parameters(theta: Tensor) -> tuple[Tensor, Tensor]:
            return theta[:size].reshape(classes, classes), theta[size:]

        def penalty(matrix: Tensor, biases: Tensor) -> Tensor:
            across = matrix - matrix.diag().diag()
            entries = across.square().sum() / max(1, size - classes)
            total: Tensor = held_back * (entries + biases.square().mean())
            return total

        start = np.concatenate([np.eye(classes).ravel(), np.zeros(classes)])
        theta = _most_likely(probabilities, labels, start, parameters, penalty)
        matrix, biases = theta[:size].reshape(classes, classes), theta[size:]
        return cls(tuple(_tuple(row) for row in matrix), _tuple(biases))

    def apply(self, probabilities: ArrayLike) -> Floats:
        """Map log-probabilities by the matrix and normalise."""
        log = _log(probabilities, len(self.biases))
        return _softmax(log @ np.array(self.matrix).T + np.array(self.biases))

    def to_dict(self) -> dict[str, Any]:
        """Convert to the name, the matrix and the biases."""
        rows = [list(row) for row in self.matrix]
        return {"method": self.name, "matrix": rows, "biases": list(self.biases)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Restore from matrix and biases."""
        return cls(tuple(_tuple(row) for row in values["matrix"]), _tuple(values["biases"]))


@dataclass(frozen=True)
class Isotonic(Recalibration):
    """A nondecreasing step function for every class, then normalised.

    Attributes
    ----------
    steps
        For every class the probabilities at which a step begins, ascending; the first step also
        holds what is below it.
    levels
        Probability on each step, before normalisation.

    >>> one = Isotonic(((0.0, 0.5), (0.0, 0.5)), ((0.2, 0.6), (0.2, 0.6)))
    >>> one.apply([[0.9, 0.1]])  # 0.6 and 0.2
    array([[0.75, 0.25]])
    """

    steps: tuple[tuple[float, ...], ...]
    levels: tuple[tuple[float, ...], ...]
    name: ClassVar[str] = "isotonic"
    needs_every_class: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_finite(*self.steps, *self.levels)
        sizes = [len(steps) for steps in self.steps]
        if sizes != [len(levels) for levels in self.levels] or not all(sizes):
            raise ValueError("isotonic recalibration needs a level for every step of every class")

    @classmethod
    def fit(cls, probabilities: Floats, labels: Ints) -> Self:
        """Fit by pooling adjacent violators, each class against the rest.

        Parameters
        ----------
        probabilities
            Shape ``(frames, class)``.
        labels
            True classes, shape ``(frames,)``.
        """
        fitted = [
            _isotonic_steps(probabilities[:, k], labels == k) for k in range(probabilities.shape[1])
        ]
        return cls(tuple(s for s, _ in fitted), tuple(levels for _, levels in fitted))

    def apply(self, probabilities: ArrayLike) -> Floats:
        """Look up the step of every class and normalise."""
        p = np.asarray(probabilities, dtype=np.float64)
        _check_classes(p, len(self.steps))
        unnormalised = np.empty_like(p)
        for k, (steps, levels) in enumerate(zip(self.steps, self.levels, strict=True)):
            step = np.searchsorted(np.array(steps), p[..., k], side="right") - 1
            unnormalised[..., k] = np.array(levels)[np.maximum(step, 0)]
        distributions: Floats = unnormalised / unnormalised.sum(axis=-1, keepdims=True)
        return distributions

    def to_dict(self) -> dict[str, Any]:
        """Convert to the name, the steps and the levels."""
        steps, levels = [list(row) for row in self.steps], [list(row) for row in self.levels]
        return {"method": self.name, "steps": steps, "levels": levels}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Restore from steps and levels."""
        steps, levels = values["steps"], values["levels"]
        return cls(tuple(_tuple(row) for row in steps), tuple(_tuple(row) for row in levels))


def _isotonic_steps(
    confidence: Floats, true: NDArray[np.bool_]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Where steps begin, and the smoothed share that came true on each."""
    from sklearn.isotonic import isotonic_regression

    values, index = np.unique(confidence, return_inverse=True)
    count = np.bincount(index).astype(np.float64)
    hits = np.bincount(index, true.astype(np.float64))
    fitted = isotonic_regression(hits / count, sample_weight=count)
    begins = np.concatenate([[0], np.flatnonzero(np.diff(fitted) > 1e-12) + 1])
    frames, right = np.add.reduceat(count, begins), np.add.reduceat(hits, begins)
    # smoothing moves small steps most, and past their neighbours: pooled once more, by their size
    levels = isotonic_regression((right + 0.5) / (frames + 1), sample_weight=frames + 1)
    return _tuple(values[begins]), _tuple(levels)


def _most_likely(
    probabilities: Floats,
    labels: Ints,
    start: Floats,
    parameters: Callable[[Tensor], tuple[Tensor, Tensor]],
    penalty: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Floats:
    """Parameters with the least mean NLL of ``softmax(W log p + b)``, plus the penalty.

    Parameters
    ----------
    probabilities
        Shape ``(frames, class)``.
    labels
        True classes, shape ``(frames,)``.
    start
        Parameters to start from, shape ``(parameter,)``.
    parameters
        Function from the parameters to W ``(class, class)`` and b ``(class,)``.
    penalty
        Function from W and b to what is added to the mean NLL.
    """
    import torch
    from torch.nn.functional import cross_entropy

    log, truth = torch.from_numpy(_log(probabilities)), torch.from_numpy(labels.astype(np.int64))
    theta = torch.from_numpy(np.array(start, dtype=np.float64)).requires_grad_()
    # the objective is convex and cheap: what is asked for is its minimum, not the neighbourhood
    optimizer = torch.optim.LBFGS(
        [theta],
        max_iter=200,
        tolerance_grad=1e-9,
        tolerance_change=1e-13,
        history_size=50,
        line_search_fn="strong_wolfe",
    )

    def objective() -> Tensor:
        matrix, biases = parameters(theta)
        value = cross_entropy(log @ matrix.T + biases, truth)
        return value if penalty is None else value + penalty(matrix, biases)

    def closure() -> float:
        optimizer.zero_grad()
        value = objective()
        value.backward()  # type: ignore[no-untyped-call, unused-ignore]
        return float(value.detach())

    with torch.enable_grad():
        optimizer.step(closure)
        value = float(objective().detach())
    best: Floats = theta.detach().numpy()
    if not np.isfinite(value) or not np.isfinite(best).all():
        raise InputError("a recalibration could not be fitted: its NLL is not finite")
    return best


def _log(probabilities: ArrayLike, classes: int | None = None) -> Floats:
    """Log-probabilities, raised to at least ln(1e-12) so that a zero can be mapped, too."""
    p = np.asarray(probabilities, dtype=np.float64)
    _check_classes(p, classes)
    logs: Floats = np.log(np.maximum(p, CLIP))
    return logs


def _softmax(scores: Floats) -> Floats:
    """Softmax over the last axis; the largest score is taken off first, so nothing overflows."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    distributions: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return distributions


def _check_classes(p: Floats, classes: int | None) -> None:
    if classes is not None and p.shape[-1] != classes:
        raise InputError(
            f"recalibration of {classes} classes cannot be applied to {p.shape[-1]}; it belongs "
            "to another model"
        )


def _check_finite(*rows: tuple[float, ...]) -> None:
    if not all(np.isfinite(row).all() for row in rows):
        raise ValueError("parameters of a recalibration must be finite")


def _tuple(values: ArrayLike) -> tuple[float, ...]:
    return tuple(float(value) for value in np.asarray(values, dtype=np.float64))
