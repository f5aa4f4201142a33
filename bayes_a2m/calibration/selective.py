"""Selective prediction: the confidence from which on frames keep an error rate.

A frame is accepted where its confidence, the probability of the predicted class, reaches a
threshold. The higher the threshold, the fewer of the accepted frames are wrong, and the fewer
are accepted. Two ways to choose it from tuning recordings, for an error rate ``e``:

- **plain**: the lowest threshold at which, and above which, the error of the accepted frames is
  at most e. New recordings err by e on average, half of the time by more.
- **with a confidence** ``c``: Learn then Test (Angelopoulos et al. 2021,
  https://arxiv.org/abs/2110.01052) with a fixed sequence. Thresholds are tested from the highest
  down, and the last one passed before the first failure is taken; a test passes where the mean
  over recordings of ``wrong_r - e accepted_r`` is below zero by a one-sided t-test at level c
  between recordings. With a chance of about c or more (over tuning parts) the pooled
  error of the accepted frames of new recordings is at most e.

A t-test sees only what there is. Where errors come from a few recordings in a hundred, most
tuning parts of 30 have none of them, and the promise would be broken far more often than named.
So one recording is added to the test (the "+1" of conformal prediction, with the worst seen in
index of the worst there could be): of average length, in which confidence says nothing, so that as
many frames are accepted as on average, and as many of those are wrong as in the whole of the worst
tuning recording, or a share e where that is more. A test that is exact whatever recordings are
like could not pass at all with fewer than ``ln(1 - c) / ln(1 - e)`` of them (45 at 5 % and 90 %).
Nothing guards against a kind of recording of which the tuning part has none: if 3 in 100 fail
throughout with full confidence, the promise of a tuning part of 30 is broken when it has none of
them, 4 times in 10.

Frames of a recording err together, so a binomial bound on frames, which takes each for news,
keeps its promise far too seldom. The sequence starts at the highest threshold that still accepts
a quarter of all frames: few frames decide nothing, and coverage does not look at labels.

Counts are kept per recording on a grid of thresholds, so any error rate can be asked for later,
and resamples are matrix products.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m import renamed
from bayes_a2m.errors import InputError
from bayes_a2m.metrics import inputs, kernels
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.sufficient_statistics import SufficientStatistics
from bayes_a2m.resampling.bootstrap import Interval, intervals, resample_weights

STEPS = 120
"""Thresholds beside 0, which accepts every frame."""

LEAST_KEPT = 0.25
"""Share of frames that the highest threshold tested still accepts."""

NOTHING = 2.0
"""A threshold that no confidence reaches."""


def thresholds() -> Floats:
    """Grid of thresholds, ascending: 0, then equal steps in logit from 0.2 to 0.9999; ``(G,)``.

    >>> grid = thresholds()
    >>> grid.size, float(grid[1]), float(grid[-1])
    (121, 0.2, 0.9999)
    """
    low, high = np.log(0.2 / 0.8), np.log(0.9999 / 0.0001)
    return np.concatenate([[0.0], 1 / (1 + np.exp(-np.linspace(low, high, STEPS)))])


@dataclass(frozen=True, eq=False)
class AcceptStatistics(SufficientStatistics):
    """Sufficient statistics of acceptance: frames of every recording by threshold of the grid.

    Attributes
    ----------
    frames
        Number of frames, ``(R,)``.
    accepted, wrong
        Frames whose confidence reaches the threshold, and those of them that are predicted wrongly,
        ``(R, G)``.

    >>> counts = AcceptStatistics.of([[0.9, 0.1], [0.4, 0.6]], [0, 0])
    >>> float(counts.accepted[0, 0]), float(counts.wrong[0, 0])  # at threshold 0: all
    (2.0, 1.0)
    """

    frames: Floats
    accepted: Floats
    wrong: Floats

    @classmethod
    def of(cls, probabilities: ArrayLike, labels: ArrayLike) -> AcceptStatistics:
        """Count the frames of one recording.

        Parameters
        ----------
        probabilities
            Probabilities of the classes, shape ``(frames, class)``; there may be no frames.
        labels
            True classes, shape ``(frames,)``.

        Raises
        ------
        InputError
            If :func:`bayes_a2m.metrics.inputs.validate` refuses them.
        """
        p, y = inputs.frames(probabilities, labels, allow_empty=True)
        _, confidence, right = kernels.predicted_of(p, y)
        return cls.of_outcomes(confidence, right)

    @classmethod
    def of_outcomes(cls, confidence: ArrayLike, right: ArrayLike) -> AcceptStatistics:
        """Count anything that has a confidence and is right or wrong, of one recording.

        Parameters
        ----------
        confidence, right
            Of every frame or note, shape ``(item,)``.
        """
        sure, good = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.bool_)
        grid = thresholds()
        accepted, wrong = _reaching(sure, grid), _reaching(sure[~good], grid)
        return cls(np.array([float(sure.size)]), accepted[None], wrong[None])

    def metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Compute coverage (share kept) and risk (error of what is kept) for every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            ``kept`` and ``error``, ``(S, G)`` each; nan where nothing is accepted.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        w = self.weights(weights)
        accepted = w @ self.accepted
        kept = ratio(accepted, (w @ self.frames)[:, None])
        return {"kept": kept, "error": ratio(w @ self.wrong, accepted)}

    def to_dict(self) -> dict[str, Any]:
        """Convert to whole numbers, ready for JSON, a row for each recording."""
        return {name: values.astype(int).tolist() for name, values in vars(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AcceptStatistics:
        """Restore from what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If something is missing or of another shape.
        """
        try:
            counts = cls(
                *(
                    np.array(values[name], dtype=np.float64)
                    for name in ("frames", "accepted", "wrong")
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"these are no stored counts of accepted frames: {error}") from error
        shape = (counts.frames.size, STEPS + 1)
        if counts.accepted.shape != shape or counts.wrong.shape != shape:
            raise InputError(
                f"stored counts of accepted frames must be {shape}, not {counts.accepted.shape}"
            )
        return counts


@dataclass(frozen=True)
class Accepted:
    """A threshold of confidence, and its effect on the recordings it was chosen on.

    Attributes
    ----------
    asked
        The error rate asked for.
    threshold
        Frames of this confidence and more are accepted; above 1 where none is.
    error, kept
        Share of the accepted frames that are wrong, and of all frames that are accepted, on the
        tuning recordings, with intervals from resampling them.
    promise
        What can be expected of new recordings, and on what conditions.
    """

    asked: float
    threshold: float
    error: Interval
    kept: Interval
    promise: str


def accept(
    counts: AcceptStatistics,
    error: float,
    *,
    confidence: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
    what: str = "frames",
) -> Accepted:
    """Choose the threshold that keeps an error rate.

    Parameters
    ----------
    counts
        Statistics of tuning recordings.
    error
        Share of the accepted frames that may be wrong, above 0 and below 1.
    confidence
        Chance that the promise is kept, such as 0.9; None for the plain method.
    resamples, seed
        Number and seed of the resamples that intervals come from.
    what
        What the statistics count, for the words of the promise.

    Raises
    ------
    InputError
        If the error or the confidence is out of range, or there are no recordings.

    >>> sure = AcceptStatistics.of([[0.9, 0.1]] * 8 + [[0.6, 0.4]] * 2, [0] * 8 + [1, 1])
    >>> found = accept(AcceptStatistics.stack([sure] * 3), 0.05)
    >>> 0.6 < found.threshold <= 0.9, found.kept.value
    (True, 0.8)
    """
    if not 0 < error < 1:
        raise InputError(f"an error rate must lie between 0 and 1, not {error:g}")
    if confidence is not None and not 0 < confidence < 1:
        raise InputError(f"a confidence must lie between 0 and 1, not {confidence:g}")
    if not len(counts) or not counts.frames.sum():
        raise InputError(f"there are no {what} to choose a threshold on")
    if confidence is None:
        passes = counts.wrong.sum(axis=0) <= error * counts.accepted.sum(axis=0)
    else:
        passes = _passes(counts, error, confidence)
    index = _lowest(passes, counts)
    if index is None:
        none = Interval(None)
        return Accepted(error, NOTHING, none, Interval(0.0), _no_promise(error, confidence))
    return Accepted(
        error,
        float(thresholds()[index]),
        *_realised(counts, index, resamples, seed),
        promise_words(error, confidence, len(counts), what),
    )


def realised(
    counts: AcceptStatistics, threshold: float, *, resamples: int = 1000, seed: int = 0
) -> tuple[Interval, Interval]:
    """Measure the error of accepted frames, and the share kept, of other recordings.

    The threshold is taken to be the next on the grid, at or above.

    Parameters
    ----------
    counts
        Statistics of the recordings asked about.
    threshold
        Threshold from :func:`accept`.
    resamples, seed
        Number and seed of the resamples that intervals come from.

    >>> both = AcceptStatistics.stack([AcceptStatistics.of([[0.9, 0.1], [0.4, 0.6]], [0, 0])] * 2)
    >>> error, kept = realised(both, 0.7)
    >>> error.value, kept.value
    (0.0, 0.5)
    """
    grid = thresholds()
    index = int(np.searchsorted(grid, threshold - 1e-12))
    if index >= grid.size:
        return Interval(None), Interval(0.0)
    return _realised(counts, index, resamples, seed)


def _realised(
    counts: AcceptStatistics, index: int, resamples: int, seed: int
) -> tuple[Interval, Interval]:
    weights = resample_weights(len(counts), resamples, np.random.default_rng(seed))
    found = intervals(
        lambda w: {name: values[:, index] for name, values in counts.metrics_of(w).items()},
        weights,
    )
    return found["error"], found["kept"]


def _passes(counts: AcceptStatistics, error: float, confidence: float) -> Any:
    """Whether the t-test between recordings passes at every threshold, ``(G,)``."""
    from scipy.stats import t

    recordings = len(counts)
    if recordings < 2:
        return np.zeros(counts.accepted.shape[1], dtype=bool)
    excess = counts.wrong - error * counts.accepted
    heard = counts.frames > 0
    worst = max(error, float((counts.wrong[heard, 0] / counts.frames[heard]).max()))
    # one recording more, as bad as the worst seen: a t-test knows nothing of what it has not met
    added = (worst - error) * counts.accepted.mean(axis=0)
    excess, recordings = np.concatenate([excess, added[None]]), recordings + 1
    mean, spread = excess.mean(axis=0), excess.std(axis=0, ddof=1)
    bound = mean + t.ppf(confidence, recordings - 1) * spread / np.sqrt(recordings)
    return (bound <= 0) & (counts.accepted.sum(axis=0) > 0)


def _lowest(passes: Any, counts: AcceptStatistics) -> int | None:
    """The lowest threshold that passes, as do all above it up to where the sequence starts."""
    kept = counts.accepted.sum(axis=0) / counts.frames.sum()
    start = int(np.flatnonzero(kept >= LEAST_KEPT)[-1])  # at threshold 0 all are kept
    failed = np.flatnonzero(~np.asarray(passes[: start + 1], dtype=bool))
    index = int(failed[-1]) + 1 if failed.size else 0
    return index if index <= start else None


def all_pass(counts: AcceptStatistics, error: float, *, confidence: float) -> bool:
    """Whether accepting everything passes the test by recording.

    >>> right = AcceptStatistics.of([[0.9, 0.1]] * 9, [0] * 9)
    >>> all_pass(AcceptStatistics.stack([right] * 5), 0.05, confidence=0.98)
    True
    """
    return bool(_passes(counts, error, confidence)[0])


def promise_words(error: float, confidence: float | None, recordings: int, things: str) -> str:
    """Say in a sentence what can be expected of the accepted things of new recordings."""
    if confidence is None:
        what = f"about {error:.3g} of the accepted {things} are wrong on average, with no guarantee"
    else:
        what = (
            f"with {confidence:.3g} confidence at most {error:.3g} of the accepted {things} are "
            "wrong"
        )
    return (
        f"{what}, in recordings of the same kind as the {recordings} tuning recordings (room, "
        f"microphone, singer, way of labelling), all their {things} taken together"
    )


def _no_promise(error: float, confidence: float | None) -> str:
    sure = "" if confidence is None else f" with {confidence:.3g} confidence"
    return (
        f"no threshold keeps an error of {error:.3g}{sure} on the tuning recordings: ask for a "
        "higher one, or tune on more recordings"
    )


def _reaching(confidence: Floats, grid: Floats) -> Floats:
    """Number of confidences that reach each threshold, ``(G,)``."""
    # probabilities are 32-bit: a thousandth of the smallest step counts as reached
    step = np.searchsorted(grid, confidence + 1e-7, side="right")
    counts = np.bincount(step, minlength=grid.size + 1)[1:]
    reaching: Floats = counts[::-1].cumsum()[::-1].astype(np.float64)
    return reaching


if not TYPE_CHECKING:
    __getattr__ = renamed.names_of(__name__)
