"""The lag between labels and sound: by recording, by condition, of a whole data set.

The sign, everywhere: a lag is the time by which the **sound comes after the label**. Labels with
a lag of +30 ms have to be moved 30 ms later; at -40 ms the labels come late.

Two estimates, of different things. *Of a set of recordings*: the shift of all labels under which
they are likeliest given what every frame sounds like (the sum over frames of ``log p(label)``,
from a classifier without context; refined between frames by a parabola), with an interval from
resampling recordings. *Of one recording*: it has few changes, and their ends scatter, so it
borrows from the others. Each change of label is measured on its own, as the place between its
neighbours that parts the two sounds best; those are the data of a normal model with one lag a
recording,

    d_ij = theta_i + e_ij,   theta_i ~ N(mu, tau^2),   e_ij ~ 0.9 N(0, s^2) + 0.1 uniform,

of which mu, tau and s are fitted by their marginal likelihood (empirical Bayes; Efron,
"Large-Scale Inference", 2010, section 1.1; the uniform part is for labels that are simply wrong).
The recording's lag is the posterior mean, its interval the central 95 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.music import FrameGrid
from bayes_a2m.resampling.bootstrap import Interval, intervals, resample_weights

MOST = 0.24
"""The seconds of the largest lag that is looked for, either way."""

WINDOW = 0.3
"""The seconds to either side of a change in which its place is looked for."""

SHORTEST = 0.05
"""The seconds between changes below which a change is not measured."""

OUTLIERS = 0.1
"""The share of changes that may be anywhere."""

ENOUGH = 5
"""The number of recordings below which a condition borrows the spread of the whole set."""

_STEP = 0.002


@dataclass(frozen=True, eq=False)
class LagProfiles:
    """The fit of the labels of every recording to its sound, by shift.

    Attributes
    ----------
    seconds
        The shifts, ascending, ``(shift,)``; positive moves labels later.
    fit
        Sum over frames of ``log p(label)``, ``(recording, shift)``.
    """

    seconds: Floats
    fit: Floats

    def lag_of(self, weights: NDArray[np.generic]) -> dict[str, Floats]:
        """The shift that fits best, of every row of weights: ``{"lag": (S,)}``; nan without cause.

        For :func:`bayes_a2m.resampling.bootstrap.intervals`.
        """
        total = np.asarray(weights, dtype=np.float64) @ self.fit
        best = total.argmax(axis=1)
        rows = np.arange(total.shape[0])
        inner = best.clip(1, self.seconds.size - 2)
        left, middle, right = (total[rows, inner + d] for d in (-1, 0, 1))
        bend = left - 2 * middle + right
        with np.errstate(divide="ignore", invalid="ignore"):
            offset = np.where(bend < 0, 0.5 * (left - right) / bend, 0.0)
        step = self.seconds[1] - self.seconds[0]
        seconds = self.seconds[best] + np.where(best == inner, offset, 0.0) * step
        flat = np.ptp(total, axis=1) < 1e-9  # no change of label anywhere
        return {"lag": np.where(flat, np.nan, seconds)}


def shifted(labels: Ints, frames: int) -> Ints:
    """Labels moved later by so many frames; the first or last label fills the gap.

    >>> shifted(np.array([0, 1, 2, 3]), 1), shifted(np.array([0, 1, 2, 3]), -2)
    (array([0, 0, 1, 2]), array([2, 3, 3, 3]))
    """
    at = np.arange(labels.shape[0]) - frames
    moved: Ints = labels[at.clip(0, labels.shape[0] - 1)]
    return moved


def lag_profiles(
    frame_log_probs: Sequence[Floats],
    labels: Sequence[Ints],
    grid: FrameGrid,
    *,
    most: float = MOST,
) -> LagProfiles:
    """The fit of every recording at every shift up to ``most`` seconds.

    Parameters
    ----------
    frame_log_probs
        The log-probabilities ``(frames, class)`` of every recording, from single frames.
    labels
        The class of every frame, ``(frames,)`` each.

    Raises
    ------
    InputError
        If there are no recordings, or labels and frames do not go together.
    """
    if not len(frame_log_probs) or len(frame_log_probs) != len(labels):
        raise InputError(f"{len(frame_log_probs)} recordings heard, {len(labels)} labelled")
    reach = max(1, round(most * grid.frame_rate))
    shifts = np.arange(-reach, reach + 1)
    fit = np.empty((len(frame_log_probs), shifts.size))
    for i, (log_probs, y) in enumerate(zip(frame_log_probs, labels, strict=True)):
        if log_probs.shape[0] != y.shape[0]:
            raise InputError(f"{log_probs.shape[0]} frames heard, {y.shape[0]} labelled")
        rows = np.arange(y.shape[0])
        fit[i] = [log_probs[rows, shifted(y, int(s))].sum() for s in shifts]
    return LagProfiles(shifts / grid.frame_rate, fit)


def pooled_lag(
    profiles: LagProfiles, which: NDArray[np.bool_], *, resamples: int = 1000, seed: int = 0
) -> Interval:
    """The lag of some recordings together, in seconds, with its 95 % interval."""
    chosen = LagProfiles(profiles.seconds, profiles.fit[which])
    count = int(which.sum())
    if not count:
        return Interval(None)
    weights = resample_weights(count, resamples, np.random.default_rng(seed))
    return intervals(chosen.lag_of, weights)["lag"]


@dataclass(frozen=True)
class Change:
    """A change of label and where it is heard.

    Attributes
    ----------
    recording
        The number of the recording.
    time
        The time of the label in seconds.
    kind
        ``onset`` (from silence), ``offset`` (to silence) or ``change`` (from note to note).
    lag
        Seconds from the label to the place in the sound.
    """

    recording: int
    time: float
    kind: str
    lag: float


def changes_of(
    frame_log_probs: Sequence[Floats], labels: Sequence[Ints], grid: FrameGrid
) -> list[Change]:
    """Every change of label, measured on its own.

    Between the middles of its neighbouring runs, and at most 0.3 s away, a change is put where
    the frames before it are likeliest the class before and those after it the class after. One
    that is found at an end of that stretch is left out: nothing changes there.
    """
    measured: list[Change] = []
    least, reach = SHORTEST * grid.frame_rate, round(WINDOW * grid.frame_rate)
    for i, (log_probs, y) in enumerate(zip(frame_log_probs, labels, strict=True)):
        at = np.flatnonzero(np.diff(y)) + 1
        middles = np.concatenate([[0], (at[:-1] + at[1:]) // 2, [y.shape[0]]])
        for j, change in enumerate(at):
            start = max(int(middles[j]), int(change) - reach)
            end = min(int(middles[j + 1]), int(change) + reach)
            if min(change - start, end - change) < least:
                continue
            before, after = int(y[change - 1]), int(y[change])
            gain = log_probs[start:end, before] - log_probs[start:end, after]
            place = int(np.concatenate([[0.0], np.cumsum(gain)]).argmax())
            if place in (0, end - start):
                continue
            kind = "onset" if before == 0 else "offset" if after == 0 else "change"
            lag = (start + place - int(change)) / grid.frame_rate
            measured.append(Change(i, float(change) / grid.frame_rate, kind, lag))
    return measured


@dataclass(frozen=True)
class RecordingLag:
    """The lag of one recording in seconds, its 95 % interval, and the changes it rests on."""

    value: float
    low: float
    high: float
    changes: int


@dataclass(frozen=True)
class LagSpread:
    """The spread of lags: mean and standard deviation over recordings, and of one change."""

    mean: float
    between: float
    within: float


def fit_spread(lags: Sequence[Floats]) -> LagSpread:
    """Mean and spreads that make the lags of all changes likeliest.

    Few recordings whose changes scatter are often likeliest to share one lag exactly, which would
    make every interval a point. As Chung et al. 2013 ("A nondegenerate penalized likelihood
    estimator for variance parameters", Psychometrika 78, equation 9) the spread between
    recordings gets a gamma prior of shape 2, which only keeps it off zero.

    Parameters
    ----------
    lags
        The lags of the changes of every recording in seconds, an array ``(change,)`` each.

    Raises
    ------
    InputError
        If there is no change at all.
    """
    from scipy.optimize import minimize

    measured = [a for a in lags if a.size]
    if not measured:
        raise InputError("a lag is seen where labels change, and no change could be measured")
    pooled = np.concatenate(measured)
    centre = float(np.median(pooled))
    scale = float(np.clip(1.4826 * np.median(np.abs(pooled - centre)), 0.005, 0.15))

    def loss(given: Floats) -> float:
        spread = LagSpread(given[0], float(np.exp(given[1])), float(np.exp(given[2])))
        if not (0.001 < spread.between < 0.3 and 0.002 < spread.within < 0.3):
            return 1e9
        return -sum(
            _evidence(lags_of_recording, spread)[1] for lags_of_recording in measured
        ) - float(given[1])

    start = np.array([centre, np.log(scale / 2), np.log(scale)])
    best = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3})
    mean, between, within = best.x
    return LagSpread(float(mean), float(np.exp(between)), float(np.exp(within)))


def lag_of_recording(lags: Floats, spread: LagSpread) -> RecordingLag:
    """The lag of one recording from those of its changes, given how lags are spread.

    >>> spread = LagSpread(mean=0.03, between=0.02, within=0.02)
    >>> lag_of_recording(np.array([]), spread).value
    0.03
    >>> round(lag_of_recording(np.full(4, -0.01), spread).value, 3)
    -0.002
    """
    posterior, _ = _evidence(lags, spread)
    grid = _lags(spread)
    cumulative = np.cumsum(posterior)
    low, high = (float(grid[np.searchsorted(cumulative, q)]) for q in (0.025, 0.975))
    return RecordingLag(float(posterior @ grid), low, high, int(lags.size))


def recording_lags(
    changes: Sequence[Change], groups: Sequence[str], *, recordings: int | None = None
) -> tuple[list[RecordingLag], dict[str, LagSpread]]:
    """The lag of every recording, and the spread of every group (condition).

    Parameters
    ----------
    changes
        The changes of label of all recordings.
    groups
        The condition of every recording; one with fewer than five that have changes takes the
        spread of all.

    Raises
    ------
    InputError
        If no change could be measured in any recording.
    """
    count = len(groups) if recordings is None else recordings
    measured: list[list[float]] = [[] for _ in range(count)]
    for change in changes:
        measured[change.recording].append(change.lag)
    lags = [np.array(own) for own in measured]
    whole = fit_spread(lags)
    spreads: dict[str, LagSpread] = {}
    for name in dict.fromkeys(groups):
        own = [lags[i] for i in range(count) if groups[i] == name and lags[i].size]
        spreads[name] = fit_spread(own) if len(own) >= ENOUGH else whole
    return [lag_of_recording(lags[i], spreads[groups[i]]) for i in range(count)], spreads


def _lags(spread: LagSpread) -> Floats:
    """The lags that are thought possible, around the mean."""
    reach = max(WINDOW, 4 * spread.between)
    return np.asarray(spread.mean + np.arange(-reach, reach + _STEP / 2, _STEP))


def _evidence(lags: Floats, spread: LagSpread) -> tuple[Floats, float]:
    """The posterior of a recording's lag on the grid, and the log of its marginal likelihood."""
    grid = _lags(spread)
    prior = np.exp(-0.5 * ((grid - spread.mean) / spread.between) ** 2)
    log = np.log(np.maximum(prior / prior.sum(), 1e-300))
    if lags.size:
        z = (lags[:, None] - grid) / spread.within
        normal = np.exp(-0.5 * z**2) / (np.sqrt(2 * np.pi) * spread.within)
        log = log + np.log((1 - OUTLIERS) * normal + OUTLIERS / (2 * WINDOW)).sum(axis=0)
    top = float(log.max())
    weights = np.exp(log - top)
    total = float(weights.sum())
    return weights / total, top + float(np.log(total))
