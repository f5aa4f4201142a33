"""Accept the sure frames only, so that few of those accepted are wrong.

The task: a user names an error rate, 5 % say, and is told from which confidence on (probability
of the class called) frames may be taken as they are, and what share of the frames that keeps.
The other frames are left to a human ear. This is selective prediction (Geifman and El-Yaniv
2017, https://arxiv.org/abs/1705.08500); error against share kept, over all thresholds, is the
risk-coverage curve, whose area is :func:`~bayes_a2m.calibration.scores.aurc`.

The conventions: a frame is accepted where its confidence is at or above the threshold; the error
is that of all frames accepted, pooled over recordings; thresholds are those of :data:`GRID`.
Counts are kept per recording, so every error rate can be asked for later without the frames.

Two ways, both walking down the grid from the first threshold that accepts a tenth of the frames
(chosen without a look at the errors) to the last before one is not fine:

- **plain** (``confidence=None``): fine is a pooled error of the tuning recordings of at most e.
  New recordings then err more than e about as often as not; often more, as the threshold was
  chosen where these recordings did well.
- **with confidence**, 90 % say: Learn then Test (Angelopoulos et al. 2021,
  https://arxiv.org/abs/2110.01052) by fixed-sequence testing. Fine is a threshold whose null
  "the error of accepted frames is above e" is rejected at level 1 - confidence. As the walk ends
  at the first null that stands, no correction for many tests is needed.

The test is **by recording**, since frames of one recording err together. The pooled error is a
ratio of sums, and it is at most e where the expectation over recordings of

    d_r = wrong_r - e accepted_r

is at most 0; so that is tested, by a one-sided t test. A t test sees only what there is: where
errors come from a few recordings in a hundred, most tuning parts of 30 lack them, and in
simulations it let e be exceeded in 15 to 45 % of tuning parts where 10 % was promised
(corrections for skewness and the studentized bootstrap did little better: they, too, see only
what there is). So one recording is added to the test, of average length, in which confidence says
nothing, and which errs as often as the worst tuning recording over all its frames (and at least
at the rate e): the "+1" of conformal prediction, with the worst seen in place of the worst
conceivable. With it e was exceeded less often than promised, but where 7 % of recordings failed
altogether: there in up to 21 % of tuning parts. A test that is exact whatever recordings may be
like cannot reject with fewer than ``ln(1 - confidence) / ln(1 - e)`` recordings (45 at 5 % and
90 %), even if no frame is wrong. So the promise is approximate, and says so.

>>> sure, unsure = np.array([[0.99, 0.01]] * 60), np.array([[0.6, 0.4]] * 40)
>>> probs, labels = np.concatenate([sure, unsure]), np.array([0] * 80 + [1] * 20)
>>> counts = accept_counts([probs] * 30, [labels] * 30)
>>> found = accept_threshold(counts, 0.05, confidence=0.9)
>>> found.threshold, found.kept.value, found.expected_error.value
(0.61, 0.6, 0.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.calibration import inputs
from bayes_a2m.calibration.bootstrap import LEVEL, Interval, intervals, resample_weights
from bayes_a2m.calibration.conformal import by_recording
from bayes_a2m.calibration.counts import PerRecording
from bayes_a2m.calibration.inputs import Floats, FrameProbabilities
from bayes_a2m.calibration.sums import called_of, ratio
from bayes_a2m.errors import InputError

POINTS = 200
"""Thresholds on the grid."""

NEAREST = 1e-5
"""How near to 1 the highest threshold is."""

GRID: Floats = 1 - np.geomspace(1.0, NEAREST, POINTS)
"""The thresholds, ascending: 0, then ever denser towards 1 (0.56 in steps of 0.025, 0.99 of 0.0006)."""
GRID.setflags(write=False)

NOTHING = 2.0
"""The threshold that no confidence reaches."""

FIRST = 0.1
"""Share of frames that the highest threshold looked at accepts: below it the error is noise."""

LEAST = 10
"""Recordings below which no promise is made."""


@dataclass(frozen=True, eq=False)
class AcceptCounts(PerRecording):
    """Frames accepted, and wrong among them, at every threshold. R recordings, G thresholds.

    Attributes
    ----------
    frames
        Frames, ``(R,)``.
    accepted, wrong
        Frames with a confidence at or above each threshold of :data:`GRID`, and those of them
        that are called wrong, ``(R, G)``.

    >>> one = AcceptCounts.of([[0.9, 0.1], [0.3, 0.7]], [0, 0])
    >>> at = np.searchsorted(GRID, [0.0, 0.6, 0.8, 0.95])
    >>> one.accepted[0, at], one.wrong[0, at]
    (array([2., 2., 1., 0.]), array([1., 1., 0., 0.]))
    """

    frames: Floats
    accepted: Floats
    wrong: Floats

    @classmethod
    def of(
        cls, probabilities: ArrayLike, labels: ArrayLike, *, called: int | None = None
    ) -> AcceptCounts:
        """The counts of one recording.

        Parameters
        ----------
        probabilities
            Shape ``(frames, class)``; there may be no frames.
        labels
            Shape ``(frames,)``.
        called
            Count only the frames called this class; all where left out.

        Raises
        ------
        InputError
            Where :func:`bayes_a2m.calibration.inputs.validate` does.
        """
        p, y = inputs.frames(probabilities, labels, allow_empty=True)
        classes, confidence, right = called_of(p, y)
        here = np.ones(y.shape, dtype=np.bool_) if called is None else classes == called
        cells = np.searchsorted(GRID, confidence, side="right") - 1
        return cls(
            np.array([float(here.sum())]),
            _at_or_above(cells[here]),
            _at_or_above(cells[here & ~right]),
        )

    def curves_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Share kept and error at every threshold, of every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            ``coverage``, the share of frames accepted, and ``risk``, the share of those that are
            wrong, ``(S, G)``; nan without frames.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        w = self.weights(weights)
        accepted = w @ self.accepted
        return {
            "coverage": ratio(accepted, (w @ self.frames)[:, None]),
            "risk": ratio(w @ self.wrong, accepted),
        }

    def to_dict(self) -> dict[str, Any]:
        """For JSON, small: whole numbers, frames between one threshold and the next."""
        return {
            "points": POINTS,
            "nearest": NEAREST,
            "accepted": _cells(self.accepted),
            "wrong": _cells(self.wrong),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AcceptCounts:
        """Take back what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If something is missing, or the counts are of another grid or no counts.
        """
        try:
            grid = int(values["points"]), float(values["nearest"])
            cells = [np.asarray(values[name], dtype=np.float64) for name in ("accepted", "wrong")]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"these are no stored counts of accepted frames: {error}") from error
        if grid != (POINTS, NEAREST):
            raise InputError(
                f"these counts are at {grid[0]} thresholds up to 1 - {grid[1]:g}, not at {POINTS} up "
                f"to 1 - {NEAREST:g}: count the tuning recordings again"
            )
        both, wrong = cells
        if both.ndim != 2 or both.shape[1] != POINTS or wrong.shape != both.shape:
            raise InputError(f"counts must have shape (recording, {POINTS}), not {both.shape}")
        if not ((wrong >= 0) & (wrong <= both)).all():
            raise InputError("more frames are counted wrong than accepted, or fewer than none")
        accepted = _summed_down(both)
        return cls(accepted[:, 0], accepted, _summed_down(wrong))


def accept_counts(
    posterior: FrameProbabilities | Sequence[ArrayLike],
    labels: Sequence[ArrayLike],
    *,
    called: int | None = None,
) -> AcceptCounts:
    """The counts of all recordings.

    Parameters
    ----------
    posterior, labels
        As :meth:`~bayes_a2m.calibration.conformal.ConformalSets.calibrate` takes them.
    called
        Count only the frames called this class; all where left out.

    Raises
    ------
    InputError
        If they do not go together.
    """
    parts = by_recording(posterior, labels)
    return AcceptCounts.stack([AcceptCounts.of(p, y, called=called) for p, y in parts])


@dataclass(frozen=True)
class Accepted:
    """From which confidence on frames are accepted, and what that gives.

    Attributes
    ----------
    threshold
        A confidence, or :data:`NOTHING`.
    error
        The error rate that was named.
    confidence
        Of the promise; None where none is made.
    expected_error
        Of the frames accepted in the tuning recordings; None where nothing is. The threshold was
        chosen on them, so new recordings do a little worse.
    kept
        Share of the frames accepted.
    guarantee
        What is promised, and on which conditions, in words.
    """

    threshold: float
    error: float
    confidence: float | None
    expected_error: Interval
    kept: Interval
    guarantee: str

    def accepts(self, probs: ArrayLike) -> NDArray[np.bool_]:
        """Which frames are accepted: ``(..., K)`` to ``(...)``."""
        chosen: NDArray[np.bool_] = (
            np.asarray(probs, dtype=np.float64).max(axis=-1) >= self.threshold
        )
        return chosen

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def accept_threshold(
    counts: AcceptCounts,
    error: float,
    *,
    confidence: float | None = 0.9,
    resamples: int = 1000,
    seed: int = 0,
) -> Accepted:
    """The lowest threshold at which accepted frames err at most at the rate named.

    Parameters
    ----------
    counts
        Of recordings that the model was not fitted to.
    error
        Above 0, below 1.
    confidence
        How sure the promise for new recordings should be, above 0.5 and below 1; None for the
        plain way, which makes none.
    resamples, seed
        Of the recordings, for the intervals.

    Raises
    ------
    InputError
        If the error or the confidence is none, or there are no frames.
    """
    if not 0 < error < 1:
        raise InputError(f"an error rate must lie above 0 and below 1 (0.05, say), not {error!r}")
    if confidence is not None and not 0.5 < confidence < 1:
        raise InputError(
            f"a confidence must lie above 0.5 and below 1 (0.9, say), not {confidence!r}"
        )
    counts = counts.select(counts.frames > 0)
    if not len(counts):
        raise InputError("there are no frames to accept: give recordings with labels")
    if confidence is None:
        fine = counts.wrong.sum(axis=0) <= error * counts.accepted.sum(axis=0)
    elif len(counts) < LEAST:
        fine = np.zeros(POINTS, dtype=np.bool_)
    else:
        fine = p_values(counts, error) <= 1 - confidence
    place = _walk(fine, counts)
    found = _measured(
        counts, place, resample_weights(len(counts), resamples, np.random.default_rng(seed))
    )
    threshold = NOTHING if place is None else float(GRID[place])
    words = _words(error, confidence, len(counts), place is not None)
    return Accepted(threshold, float(error), confidence, found["error"], found["kept"], words)


def p_values(counts: AcceptCounts, error: float) -> Floats:
    """Of the null, at every threshold, that accepted frames err at a rate above ``error``.

    Parameters
    ----------
    counts
        R recordings; one more is added, as the module explains.
    error
        The rate.

    Returns
    -------
    ndarray, shape (G,)
        Of a one-sided t test with R degrees of freedom.
    """
    from scipy.special import stdtr

    rates = ratio(counts.wrong[:, 0], counts.frames)
    worst = max(float(np.nanmax(rates)), error)
    gaps = counts.wrong - error * counts.accepted
    added = (worst - error) * counts.accepted.mean(axis=0)
    gaps = np.concatenate([gaps, added[None]])
    mean, spread = gaps.mean(axis=0), gaps.std(axis=0, ddof=1)
    # no spread: the gaps are one and the same number, and nothing is accepted where it is 0
    flat = np.where(mean < 0, -np.inf, 0.0)
    t = np.divide(mean * np.sqrt(len(gaps)), spread, out=flat, where=spread > 0)
    p: Floats = stdtr(len(counts), t)
    return p


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The curve at every threshold of :data:`GRID`, with bands from resampling recordings.

    Attributes
    ----------
    frames
        Frames accepted.
    coverage, coverage_low, coverage_high
        Share of frames accepted.
    risk, risk_low, risk_high
        Share of those that are wrong; nan where none is accepted.
        All of shape ``(G,)``.
    """

    frames: Floats
    coverage: Floats
    coverage_low: Floats
    coverage_high: Floats
    risk: Floats
    risk_low: Floats
    risk_high: Floats


def risk_coverage(counts: AcceptCounts, weights: ArrayLike) -> RiskCoverage:
    """Error against share kept.

    Parameters
    ----------
    counts
        Of every recording.
    weights
        What :func:`~bayes_a2m.calibration.bootstrap.resample_weights` gave, shape ``(S, R)``.

    Raises
    ------
    InputError
        If the weights have another shape.
    """
    once = counts.curves_of(np.ones((1, len(counts))))
    drawn = counts.curves_of(weights)
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    bands = {}
    for name, values in drawn.items():
        # a threshold that a resample accepts nothing at is left out of its percentiles
        known = np.isfinite(values).any(axis=0)
        band = np.full((2, values.shape[1]), np.nan)
        if known.any():
            band[:, known] = np.nanquantile(values[:, known], ends, axis=0)
        bands[name] = band
    return RiskCoverage(
        counts.accepted.sum(axis=0),
        once["coverage"][0],
        *bands["coverage"],
        once["risk"][0],
        *bands["risk"],
    )


def _walk(fine: NDArray[np.bool_], counts: AcceptCounts) -> int | None:
    """From the first threshold looked at down to the last before one is not fine."""
    accepted = counts.accepted.sum(axis=0)
    start = int(np.flatnonzero(accepted >= FIRST * accepted[0])[-1])
    not_fine = np.flatnonzero(~fine[: start + 1])
    last = int(not_fine[-1]) + 1 if not_fine.size else 0
    return last if last <= start else None


def _measured(
    counts: AcceptCounts, place: int | None, weights: NDArray[np.int64]
) -> dict[str, Interval]:
    """Error and share kept at a threshold."""
    if place is None:
        return {"error": Interval(None), "kept": Interval(0.0, 0.0, 0.0)}
    accepted, wrong = counts.accepted[:, place], counts.wrong[:, place]
    return intervals(
        lambda w: {
            "error": ratio(w @ wrong, w @ accepted),
            "kept": ratio(w @ accepted, w @ counts.frames),
        },
        weights,
    )


def _words(error: float, confidence: float | None, recordings: int, reached: bool) -> str:
    """What is promised."""
    rate = f"{100 * error:g} %"
    whose = f"the {recordings} tuning recordings"
    if confidence is None:
        if reached:
            return (
                f"no promise for new recordings: in {whose} accepted frames err at most at {rate}, "
                "and new ones exceed that about as often as not"
            )
        return f"nothing is accepted: in {whose} even the surest frames err at more than {rate}"
    sure = f"{100 * confidence:g} %"
    if recordings < LEAST:
        return (
            f"nothing is accepted: no error rate can be promised from {recordings} tuning "
            f"recordings; it takes at least {LEAST}"
        )
    if not reached:
        return (
            f"nothing is accepted: {rate} cannot be promised with {sure} confidence from {whose}; "
            "name a larger error or have more recordings"
        )
    return (
        f"with {sure} confidence accepted frames of new recordings err at most at {rate}, all frames "
        f"pooled, if the recordings are exchangeable with {whose} and labelled alike; approximate "
        "(a t test over recordings, one bad recording added)"
    )


def _at_or_above(cells: NDArray[np.intp]) -> Floats:
    """Frames in a cell or in one above it, ``(1, G)``."""
    return _summed_down(np.bincount(cells, minlength=POINTS)[None].astype(np.float64))


def _summed_down(cells: Floats) -> Floats:
    """Sums from each cell up, along the last axis."""
    return np.ascontiguousarray(np.cumsum(cells[:, ::-1], axis=1)[:, ::-1])


def _cells(sums: Floats) -> list[list[int]]:
    """What :func:`_summed_down` summed."""
    cells = -np.diff(sums, axis=1, append=0.0)
    return [[int(n) for n in row] for row in cells]
