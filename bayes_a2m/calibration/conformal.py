"""Conformal prediction sets: sets of classes that hold the truth as often as promised.

The task: for every frame give a set of classes, small where the frame is clear, that holds the
true class in at least 95 % of the frames of that class, whatever is wrong with the
probabilities. Class k is in the set where ``p_k >= t_k``, a threshold for every class (Mondrian
sets: Vovk, Gammerman and Shafer 2005, section 4.5), and the predicted class is always in, so no
set is empty. The thresholds come from tuning recordings whose truth is known.

Textbook split conformal prediction takes the threshold from the frames as if they were
exchangeable. They are not: frames of one recording share voice, room and label timing, and what
is exchangeable are **recordings**. So the loss is that of a recording,

    L_r(t) = share of its frames of class k that are predicted as another and have p_k < t,

and a new recording takes the place of the new example. Two ways:

- ``"recordings"``: conformal risk control (Angelopoulos et al. 2022,
  https://arxiv.org/abs/2208.02814, theorem 1, with losses of at most B = 1). The threshold is
  the largest with ``(sum_r L_r(t) + 1) / (R_k + 1) <= alpha``, where alpha is 1 less the level
  and R_k the tuning recordings that have class k. Then the expected loss in a new recording that
  has class k is at most alpha, for any R_k and any dependence of frames, if that recording is
  exchangeable with those of the tuning. The price: of alpha, ``(1 - alpha) / R_k`` goes unused
  (3.2 % of 5 % with 30 recordings), and with fewer than ``1 / alpha - 1`` recordings (19 at
  95 %, 99 at 99 %) nothing can be promised but a set with every class: ``t_k = 0``.
- ``"pooled"``: the same quantile of pooled frames, every recording with the same weight, with a
  correction that the data size. Split conformal prediction from n independent frames leaves
  ``(1 - alpha) / n`` of alpha unused. Of n such frames the share missed has variance
  ``alpha (1 - alpha) / n``; the mean of R_k recordings has ``v / R_k``, with v the variance of
  L_r. Equated, that is the effective number of frames, so the threshold is the largest with
  ``mean_r L_r(t) + v(t) / (R_k alpha) <= alpha``, also below it. No number of recordings is
  too small for it, and its sets are smaller; but v is itself estimated, so the promise holds only
  as recordings grow in number, and with a few of them it falls short in the worst case.

"recordings" is the default. With some 30 tuning recordings 95 % is within its reach, its promise
needs nothing of the frames, and where it cannot keep it, it says so with a set that is plainly
useless, while "pooled" would be wrong in silence. Ask for "pooled" for a class that few
recordings have, or for 99 %.

Both promise an average over recordings and over tuning parts, each recording counting once: not
that every recording is covered alike, and not that this tuning part was a lucky one. A class
that is nearly always predicted right is covered more often than asked: no set is smaller than
the predicted class.

Dunn, Wasserman and Ramdas (2022, https://arxiv.org/abs/1809.07441) make sets for such two-layer
data by pooling the groups' distribution functions, which is asymptotic as "pooled" is (that is
their quantile, before the correction), and by subsampling one observation of every group, which
is exact in finite samples. Their promise is of one observation from a new group; the one here,
the expected share of a new recording's frames, is the same number, and needs no subsampling.

>>> probs = [np.array([[0.9 - 0.01 * r, 0.1 + 0.01 * r], [0.6, 0.4]]) for r in range(19)]
>>> labels = [np.array([0, 1])] * 19
>>> sets = ConformalSets.calibrate(probs, labels, level=0.95)
>>> sets.thresholds
(1.0, 0.4)
>>> sets.sets([[0.7, 0.3], [0.55, 0.45]])
array([[ True, False],
       [ True, True]])
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m import renamed
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.metrics import inputs
from bayes_a2m.metrics.inputs import Floats, FrameProbabilities, Ints
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sufficient_statistics import SufficientStatistics

WAYS = ("recordings", "pooled")
"""Methods of finding thresholds, which the module describes."""

FEW = 10
"""Recordings of a class below which the effective number of frames is hardly known."""

_ROUNDING = 1e-12
"""A risk this little above alpha is alpha: sums of shares are rounded."""


@dataclass(frozen=True)
class ConformalSets:
    """Thresholds that turn probabilities into sets of classes.

    Attributes
    ----------
    level
        Share of a class's frames whose set should hold it, above 0 and below 1.
    thresholds
        Threshold of every class, in 0 to 1, ``(K,)``: 0 puts the class in every set, 1 in none
        but where it is predicted.
    recordings
        Number of tuning recordings that had each class, ``(K,)``.
    way
        One of :data:`WAYS`.

    Raises
    ------
    InputError
        If one of them is out of range, or they are not of the same classes.
    """

    level: float
    thresholds: tuple[float, ...]
    recordings: tuple[int, ...]
    way: str = "recordings"

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", _level(self.level))
        object.__setattr__(self, "thresholds", tuple(float(t) for t in self.thresholds))
        object.__setattr__(self, "recordings", tuple(int(n) for n in self.recordings))
        if self.way not in WAYS:
            raise InputError(
                f"sets are calibrated by {' or '.join(WAYS)}, not by {self.way!r}"
                f"{suggest(self.way, WAYS)}"
            )
        if not self.thresholds or len(self.thresholds) != len(self.recordings):
            raise InputError(
                f"{len(self.thresholds)} thresholds and {len(self.recordings)} numbers of "
                "recordings: every class needs one of each"
            )
        if not all(0 <= t <= 1 for t in self.thresholds):  # nan is not, either
            raise InputError(f"thresholds must lie in 0 to 1, not {self.thresholds}")

    @classmethod
    def calibrate(
        cls,
        posterior: FrameProbabilities | Sequence[ArrayLike],
        labels: Sequence[ArrayLike],
        *,
        level: float = 0.95,
        way: str = "recordings",
    ) -> ConformalSets:
        """Find the thresholds from tuning recordings.

        Parameters
        ----------
        posterior
            An object with ``mean()``, shape ``(recording, frame, class)``, and ``lengths``; or
            one array ``(frames, class)`` a recording. Not those the model was fitted to.
        labels
            True class of every frame, one array ``(frames,)`` a recording.
        level
            Share of a class's frames whose set should hold it.
        way
            One of :data:`WAYS`.

        Raises
        ------
        InputError
            If probabilities and labels do not go together, or the level or way is none.
        """
        parts = by_recording(posterior, labels)
        alpha = 1 - _level(level)
        classes = parts[0][0].shape[1]
        thresholds, recordings = [], []
        for k in range(classes):
            scores = [s for s in (_scores(p, y, k) for p, y in parts) if s.size]
            thresholds.append(_threshold(scores, alpha, way) if scores else 0.0)
            recordings.append(len(scores))
        return cls(level, tuple(thresholds), tuple(recordings), way)

    def containing(self, lower: ConformalSets) -> ConformalSets:
        """The same sets, enlarged where those of a lower level are larger.

        A set that is larger keeps every promise; so a set of 99 % holds that of 95 % of the same
        frame, also where the two are found in different ways.

        >>> lower = ConformalSets(0.95, (0.2, 0.2), (99, 99))
        >>> ConformalSets(0.99, (0.3, 0.1), (99, 99)).containing(lower).thresholds
        (0.2, 0.1)

        Raises
        ------
        InputError
            If the two are not of the same classes.
        """
        if len(self.thresholds) != len(lower.thresholds):
            raise InputError(
                f"sets of {len(self.thresholds)} classes do not hold those of "
                f"{len(lower.thresholds)}"
            )
        pairs = zip(self.thresholds, lower.thresholds, strict=True)
        return replace(self, thresholds=tuple(min(pair) for pair in pairs))

    def sets(self, probs: ArrayLike) -> NDArray[np.bool_]:
        """Make the set of every frame.

        Parameters
        ----------
        probs
            Probabilities, shape ``(..., K)``. Padding gets sets, too, that mean nothing.

        Returns
        -------
        ndarray, shape (..., K)
            Whether each class is in the set; in every frame at least the likeliest is, of equals
            the lowest.

        Raises
        ------
        InputError
            If there are not K classes.
        """
        array = np.asarray(probs, dtype=np.float64)
        classes = len(self.thresholds)
        if array.ndim < 1 or array.shape[-1] != classes:
            raise InputError(f"these sets are of {classes} classes, not of shape {array.shape}")
        predicted = np.argmax(array, axis=-1)[..., None] == np.arange(classes)
        chosen: NDArray[np.bool_] = predicted | (array >= np.array(self.thresholds))
        return chosen

    def warnings(self, names: Sequence[str] | None = None) -> list[str]:
        """Write a sentence for every class whose promise is empty or weak.

        Parameters
        ----------
        names
            Names of the classes (``vocabulary.names``); their numbers where left out.

        Raises
        ------
        InputError
            If there are not K names.

        >>> ConformalSets(0.95, (0.2, 0.0), (30, 12)).warnings(("silence", "C4"))
        ['C4 is in every set: 12 tuning recordings have it, and 95 % needs 19']
        """
        classes = len(self.thresholds)
        names = tuple(str(k) for k in range(classes)) if names is None else names
        if len(names) != classes:
            raise InputError(f"{len(names)} names for {classes} classes")
        told = (self._warning(k, name) for k, name in enumerate(names))
        return [sentence for sentence in told if sentence]

    def _warning(self, k: int, name: str) -> str:
        recordings, least = self.recordings[k], recordings_needed(self.level)
        have = f"{recordings} tuning recording{' has' if recordings == 1 else 's have'}"
        if recordings == 0:
            return f"{name} is in every set: no tuning recording has it"
        if self.way == "recordings" and recordings < least:
            return f"{name} is in every set: {have} it, and {100 * self.level:g} % needs {least}"
        if self.way == "pooled" and recordings < FEW:
            return f"the sets may miss {name} more often than promised: only {have} it"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Convert to numbers and lists, ready for JSON."""
        return {
            "level": self.level,
            "way": self.way,
            "thresholds": list(self.thresholds),
            "recordings": list(self.recordings),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ConformalSets:
        """Restore from what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If something is missing or out of range.
        """
        try:
            return cls(
                values["level"], tuple(values["thresholds"]), values["recordings"], values["way"]
            )
        except (KeyError, TypeError) as error:
            raise InputError(f"these are no stored sets: {error}") from error


def recordings_needed(level: float) -> int:
    """Compute the fewest tuning recordings of a class with which "recordings" keeps the level.

    Parameters
    ----------
    level
        Share of a class's frames whose set should hold it.

    Raises
    ------
    InputError
        If the level is not between 0 and 1.

    >>> recordings_needed(0.95), recordings_needed(0.99)
    (19, 99)
    """
    alpha = 1 - _level(level)
    return math.ceil(1 / alpha - 1 - 1e-6)  # 1 / (1 - 0.9) is just above 10


@dataclass(frozen=True, eq=False)
class SetStatistics(SufficientStatistics):
    """Sufficient statistics of sets: sums over the frames of every recording, by true class.

    R recordings, K classes.

    Attributes
    ----------
    frames
        Number of frames, ``(R, K)``.
    covered
        Frames whose set holds the true class, ``(R, K)``.
    size
        Sum of the sizes of the sets, ``(R, K)``.
    single
        Frames whose set is one class, ``(R, K)``.

    >>> one = SetStatistics.of([[True, False], [True, True], [False, True]], [0, 0, 0])
    >>> {name: float(value[0]) for name, value in one.metrics_of([[1]]).items()}
    {'coverage': 0.66666, 'size': 1.33333, 'single': 0.66666}
    """

    frames: Floats
    covered: Floats
    size: Floats
    single: Floats

    @classmethod
    def of(cls, sets: ArrayLike, labels: ArrayLike) -> SetStatistics:
        """Sum up one recording.

        Parameters
        ----------
        sets
            Whether each class is in the set, shape ``(frames, K)``; there may be no frames.
        labels
            True classes, shape ``(frames,)``.

        Raises
        ------
        InputError
            If they do not go together, a label is no class, or a set is empty.
        """
        chosen, y = np.asarray(sets, dtype=np.bool_), np.asarray(labels)
        if chosen.ndim != 2 or y.shape != chosen.shape[:1]:
            raise InputError(
                "sets must have shape (frames, class) and labels (frames,), "
                f"not {chosen.shape} and {y.shape}"
            )
        classes = chosen.shape[1]
        if y.size and (y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= classes):
            raise InputError(f"labels must be class numbers, 0 to {classes - 1}")
        sizes = chosen.sum(axis=1)
        if (sizes == 0).any():
            raise InputError("a set is empty: the predicted class belongs to it")
        y = y.astype(np.int64)
        columns = (np.ones(y.shape), chosen[np.arange(y.size), y], sizes, sizes == 1)
        sums = (np.bincount(y, column.astype(np.float64), minlength=classes) for column in columns)
        return cls(*(np.asarray(row, dtype=np.float64)[None] for row in sums))

    def metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute scores of all frames, pooled, for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            ``coverage``, mean ``size`` and share of ``single`` sets, ``(S,)``, nan without frames.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        frames, *parts = (part.sum(axis=-1) for part in self._summed(weights))
        return {
            name: ratio(part, frames)
            for name, part in zip(("coverage", "size", "single"), parts, strict=True)
        }

    def per_class_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute scores by true class for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            Name to scores ``(S, K)``, nan where no frame is of the class: ``coverage``, ``size``,
            ``single`` of pooled frames; and ``recording_coverage``, the mean over the recordings
            that have the class of the share covered, which is what :class:`ConformalSets` promises.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        frames, *parts = self._summed(weights)
        scores = {
            name: ratio(part, frames)
            for name, part in zip(("coverage", "size", "single"), parts, strict=True)
        }
        w, has = self.weights(weights), self.frames > 0
        shares = np.where(has, ratio(self.covered, self.frames), 0.0)
        return scores | {"recording_coverage": ratio(w @ shares, w @ has)}

    def _summed(self, weights: ArrayLike) -> tuple[Floats, ...]:
        w = self.weights(weights)
        return tuple(w @ part for part in (self.frames, self.covered, self.size, self.single))


def coverage(
    sets: ConformalSets,
    posterior: FrameProbabilities | Sequence[ArrayLike],
    labels: Sequence[ArrayLike],
) -> SetStatistics:
    """Count how often the sets of every recording hold the truth, and how large they are.

    Parameters
    ----------
    sets
        Sets calibrated on other recordings.
    posterior, labels
        Probabilities and labels, as :meth:`ConformalSets.calibrate` accepts them.

    Raises
    ------
    InputError
        If probabilities, labels and sets do not go together.
    """
    parts = by_recording(posterior, labels)
    return SetStatistics.stack([SetStatistics.of(sets.sets(p), y) for p, y in parts])


def by_recording(
    posterior: FrameProbabilities | Sequence[ArrayLike], labels: Sequence[ArrayLike]
) -> list[tuple[Floats, Ints]]:
    """Validate probabilities ``(frames, K)`` and labels ``(frames,)`` of every recording.

    Parameters
    ----------
    posterior, labels
        Probabilities and labels, as :meth:`ConformalSets.calibrate` accepts them.

    Raises
    ------
    InputError
        If :func:`bayes_a2m.metrics.inputs.frames` refuses them, there are no recordings, or
        not as many labelled as predicted, or they have different classes.
    """
    if isinstance(posterior, FrameProbabilities):
        probabilities, flat = inputs.frames(posterior, labels)
        ends = np.cumsum(np.asarray(posterior.lengths))[:-1]
        return list(zip(np.split(probabilities, ends), np.split(flat, ends), strict=True))
    if len(posterior) != len(labels) or not len(labels):
        raise InputError(
            f"probabilities of {len(posterior)} recordings and labels of {len(labels)}: "
            "give one array of each for every recording"
        )
    pairs = zip(posterior, labels, strict=True)
    parts = [inputs.frames(p, y, allow_empty=True) for p, y in pairs]
    classes = {p.shape[1] for p, _ in parts}
    if len(classes) > 1:
        raise InputError(f"recordings have {sorted(classes)} classes: they must have the same")
    return parts


def _scores(p: Floats, y: Ints, k: int) -> Floats:
    """``p_k`` of the frames of class k, infinity where k is predicted: those are never missed."""
    own = p[y == k]
    return np.where(np.argmax(own, axis=1) == k, np.inf, own[:, k])


def _threshold(scores: Sequence[Floats], alpha: float, way: str) -> float:
    """The largest threshold whose risk, as the way bounds it, is at most alpha; 0 if none.

    Parameters
    ----------
    scores
        Scores of the frames of the class, an array ``(frames,)`` for every recording that has any.
    """
    thresholds, total, squares = _losses(scores)
    recordings = len(scores)
    if way == "pooled":
        mean = total / recordings
        # of losses in 0 to 1 no distribution is more spread than this one; a lone recording may
        # have it
        spread = mean * (1 - mean)
        if recordings > 1:
            spread = (squares - recordings * mean**2).clip(min=0) / (recordings - 1)
        # a bound of the mean plus spread / (recordings alpha), solved for alpha, so that a
        # higher level can never have a higher threshold
        bound = (mean + np.sqrt(mean**2 + 4 * spread / recordings)) / 2
        bound = np.maximum.accumulate(bound)
    else:
        bound = (total + 1) / (recordings + 1)
    fine = np.flatnonzero(bound <= alpha + _ROUNDING)
    return min(float(thresholds[fine[-1]]), 1.0) if fine.size else 0.0


def _losses(scores: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    """Every threshold at which a loss jumps, with the sum of losses and of their squares there.

    Frames at the threshold itself are covered, so losses count what is strictly below.

    Returns
    -------
    thresholds, total, squares : ndarray, shape (distinct scores + 1,)
        Ascending; the last is infinity, where all frames that are not predicted right are missed.
    """
    sizes = np.array([frames.size for frames in scores])
    values = np.concatenate([np.sort(frames) for frames in scores])
    weight = np.repeat(1 / sizes, sizes)
    # the loss of a frame's own recording just before the frame is missed, too
    before = np.concatenate([np.arange(n) / n for n in sizes])
    order = np.argsort(values, kind="stable")
    values, weight, before = values[order], weight[order], before[order]
    total = np.concatenate([[0.0], np.cumsum(weight)])
    # a loss l that grows by w adds w (w + 2 l) to the sum of squares
    squares = np.concatenate([[0.0], np.cumsum(weight * (weight + 2 * before))])
    thresholds = np.append(np.unique(values[np.isfinite(values)]), np.inf)
    below = np.searchsorted(values, thresholds, side="left")
    return thresholds, total[below], squares[below]


def _level(level: Any) -> float:
    """The level as a number, checked."""
    try:
        number = float(level)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < 1:
        raise InputError(f"a level must lie above 0 and below 1 (0.95, say), not {level!r}")
    return number


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
