"""The numbers of a note model, fitted to how probable it makes the references.

The sound of a recording, through draws d of the network, gives a distribution over segmentations,
and the label's clock is off by a lag l. Two conditional likelihoods of a reference can be
maximised, both proper scores:

*Of whole transcriptions* (as a conditional random field's: Lafferty, McCallum and Pereira 2001),

    P = mean_d sum_l p(l) exp(score_d(reference moved earlier by l)) / Z_d

*Of its onsets alone*, a composite likelihood (Varin, Reid and Firth 2011, "An overview of composite
likelihood methods", Statistica Sinica 21): that of a Poisson process with the density of onsets,

    log sum_l p(l) product over reference onsets (k, t) of density_k(t - l)  -  expected onsets

with density_k(t) the mean over draws of the exact probability that a note of pitch k starts at
frame t. The first is the likelihood of the model. But it sums the evidence of every frame, so one
reference with a wrong note of a second counts as hundreds of frames, and offsets, which scatter
three times as much as onsets, pull the power down for both. The second looks at the very events
that notes' probabilities speak of, a missed note costs at most ``log UNFORESEEN``, and the lags it
finds are those of onsets. It is the one that is used unless said otherwise.

What is fitted: ``power``, ``note_bias``, ``prior_power``, ``floor`` and ``onset_power`` of the
evidence, those that are asked for, by coordinates, and for each of their values the mean and
spread of the lag, by expectation and maximisation: one for all conditions, or, with
``by_condition``, one for each, drawn towards the common one as by :data:`PRIOR_RECORDINGS`
recordings that have it. A tuning split of some 105 notes bears about four numbers; more are for
predictions cross-fitted inside the training split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_model import (
    NoteModel,
    draws_of,
    minimum_frames,
    onset_frames,
    segments_of,
)
from bayes_a2m.decoding.note_posterior import onset_draws_of
from bayes_a2m.decoding.semi_markov import Lattice, Segments, Tables
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note
from bayes_a2m.music.notes import clip, to_labels
from bayes_a2m.prediction.posterior import FramePosterior

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Event: TypeAlias = Literal["onsets", "transcriptions"]
"""What a likelihood is of."""

UNFORESEEN = 1e-5
"""Density of onsets that is added everywhere, so that one missed note costs so much and no more."""

REACH = 0.18
"""Seconds: the largest lag, either way, that is looked for."""

PRIOR_RECORDINGS = 5.0
"""Recordings with the common lags that a condition's own are weighed against."""

_POWERS = (0.03, 2.0)
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Reference:
    """Predicted recordings whose true notes are known.

    Attributes
    ----------
    posterior
        Frames of recordings that neither network nor durations were fitted on.
    segments
        The reference segmentation of every recording.
    conditions
        The condition of every recording, "" where there are none.
    """

    posterior: FramePosterior
    segments: tuple[Segments, ...]
    conditions: tuple[str, ...]

    @classmethod
    def of_notes(
        cls,
        posterior: FramePosterior,
        notes: Sequence[Sequence[Note]],
        conditions: Sequence[str] | None = None,
    ) -> Reference:
        """Take the segmentations of the reference notes.

        Raises
        ------
        InputError
            If there are not as many lists of notes, or conditions, as recordings, or a pitch is
            not in the vocabulary.
        """
        named = tuple(conditions) if conditions is not None else ("",) * len(posterior)
        if not len(notes) == len(named) == len(posterior) or not notes:
            raise InputError(
                f"{len(notes)} references and {len(named)} conditions for {len(posterior)} "
                "recordings"
            )
        grid, minimum = posterior.grid, minimum_frames(posterior.grid)
        parted = []
        for i, own in enumerate(notes):
            frames = int(posterior.lengths[i])
            kept = clip(own, grid.seconds(frames))
            labels = to_labels(kept, grid, frames, posterior.vocabulary)
            onsets = onset_frames(kept, grid) if onset_draws_of(posterior, i) is not None else None
            parted.append(segments_of(labels, minimum, onsets))
        return cls(posterior, tuple(parted), named)

    def select(self, places: Sequence[int]) -> Reference:
        """Some of the recordings."""
        chosen = list(places)
        return Reference(
            self.posterior.select(chosen),
            tuple(self.segments[i] for i in chosen),
            tuple(self.conditions[i] for i in chosen),
        )

    def thinned(self, draws: int) -> Reference:
        """Keep at most so many draws of the network, evenly taken, so that a search is quick."""
        post = self.posterior
        flat = post.log_probs.reshape(1, -1, *post.log_probs.shape[2:])
        kept = np.unique(np.linspace(0, flat.shape[1] - 1, min(draws, flat.shape[1])).astype(int))
        onsets = post.onset_log_probs
        if onsets is not None:
            onsets = onsets.reshape(1, -1, *onsets.shape[2:])[:, kept]
        some = replace(post, log_probs=flat[:, kept], onset_log_probs=onsets)
        return replace(self, posterior=some)

    @property
    def shifts(self) -> Ints:
        """Lags in frames that are tried."""
        reach = round(REACH * self.posterior.grid.frame_rate)
        return np.arange(-reach, reach + 1)


def shifted_log_probabilities(reference: Reference, model: NoteModel) -> Floats:
    """Log-probability of every reference moved earlier by every lag, ``(recording, shift)``.

    The mean over draws of the network; lags are :attr:`Reference.shifts`, of no distribution yet.
    """
    shifts = reference.shifts
    found = np.empty((len(reference.segments), shifts.size))
    for i, lattices in enumerate(_lattices(reference, model)):
        segments = reference.segments[i]
        by_draw = np.stack([one.log_scores(segments, shifts) - one.log_z for one in lattices])
        found[i] = np.logaddexp.reduce(by_draw, axis=0) - np.log(len(lattices))
    return found


def _lattices(reference: Reference, model: NoteModel) -> Iterator[list[Lattice]]:
    """The inferences of every recording's draws."""
    post = reference.posterior
    tables: dict[int, Tables] = {}
    for i in range(len(post)):
        draws, onsets = draws_of(post, i), onset_draws_of(post, i)
        frames = draws.shape[1]
        if frames not in tables:
            tables[frames] = model.segments.tables(frames, repeats=onsets is not None)
        yield [
            model.segments.infer(
                model.evidence(log_probs),
                model.onset_evidence(frames, None if onsets is None else onsets[d]),
                tables=tables[frames],
            )
            for d, log_probs in enumerate(draws)
        ]


def shifted_onset_likelihoods(reference: Reference, model: NoteModel) -> Floats:
    """Composite likelihood of every reference's onsets moved earlier, ``(recording, shift)``."""
    post, shifts = reference.posterior, reference.shifts
    found = np.empty((len(post), shifts.size))
    for i, lattices in enumerate(_lattices(reference, model)):
        density = np.mean([one.onsets() for one in lattices], axis=0) + UNFORESEEN
        segments, frames = reference.segments[i], density.shape[0]
        found[i] = -density[:, 1:].sum()
        for start, k in zip(segments.starts, segments.classes, strict=True):
            if k > 0:  # what sounds at the start is not moved
                at = np.clip(start - shifts, 0, frames - 1) if start else np.zeros_like(shifts)
                found[i] += np.log(density[at, k])
    return found


def log_likelihood(reference: Reference, model: NoteModel, *, event: Event = "onsets") -> Floats:
    """Conditional likelihood of every recording's reference, its lag integrated out.

    Conditions that the lag's prior does not know are treated as not known.

    Returns
    -------
    ndarray, shape (recording,)
    """
    return _over_lags(_SHIFTED[event](reference, model), reference, model.lag)


def _over_lags(by_shift: Floats, reference: Reference, prior: LagPrior) -> Floats:
    shifts, grid = reference.shifts, reference.posterior.grid
    total = np.empty(by_shift.shape[0])
    for i, condition in enumerate(reference.conditions):
        lag = prior.on(grid, condition if condition in prior.conditions else None)
        inside = np.abs(lag.frames) <= shifts[-1]
        at = lag.frames[inside] - shifts[0]
        weights = np.log(lag.probabilities[inside])
        total[i] = np.logaddexp.reduce(weights + by_shift[i, at])
    return total


@dataclass(frozen=True)
class NumberPrior:
    """A prior of the numbers: few references must not make sure.

    The likelihood of two dozen notes that a network knows well grows without end with the power and
    with a lag that never errs; the prior holds both where other networks and labels have them.

    Attributes
    ----------
    power, power_spread
        The median of the power, and the standard deviation of its logarithm.
    note_bias, note_bias_spread
        Mean and standard deviation of the bias of a note.
    lag_spread, lag_recordings
        The lag's spread in seconds, and the number of recordings that this is worth.
    """

    power: float
    power_spread: float
    note_bias: float
    note_bias_spread: float
    lag_spread: float
    lag_recordings: float

    def log_density(self, model: NoteModel) -> float:
        """Log-density of power and bias, but for a constant."""
        power = np.log(model.power / self.power) / self.power_spread
        bias = (model.note_bias - self.note_bias) / self.note_bias_spread
        return float(-0.5 * (power**2 + bias**2))


def fit_lag(
    by_shift: Floats,
    reference: Reference,
    *,
    by_condition: bool = False,
    steps: int = 30,
    prior: NumberPrior | None = None,
) -> LagPrior:
    """The lag's distribution of greatest likelihood, by expectation and maximisation.

    Parameters
    ----------
    by_shift
        What :func:`shifted_onset_likelihoods` or :func:`shifted_log_probabilities` gave.
    by_condition
        Whether every condition has a mean and a spread of its own.
    steps
        Of the algorithm.
    prior
        Recordings of a given spread that are counted, too: an inverse gamma prior of the variance.
    """
    grid, shifts = reference.posterior.grid, reference.shifts
    names = sorted(set(reference.conditions)) if by_condition else [""]
    which = [np.array([not by_condition or c == n for c in reference.conditions]) for n in names]
    shares = [float(own.mean()) for own in which]
    half = grid.hop_seconds / 2
    believed = prior.lag_recordings if prior else 0.0
    extra = believed * prior.lag_spread**2 if prior else 0.0
    lags = LagPrior(
        tuple(LagComponent(n, s, 0.0, 0.02) for n, s in zip(names, shares, strict=True))
    )
    seconds = shifts * grid.hop_seconds
    for _ in range(steps):
        weighted = by_shift.copy()
        for i, condition in enumerate(reference.conditions):
            lag = lags.on(grid, condition if by_condition else None)
            logs = np.full(shifts.size, -np.inf)
            inside = np.abs(lag.frames) <= shifts[-1]
            logs[lag.frames[inside] - shifts[0]] = np.log(lag.probabilities[inside])
            weighted[i] += logs
        weighted = np.exp(weighted - np.logaddexp.reduce(weighted, axis=1, keepdims=True))
        first, second = weighted @ seconds, weighted @ np.square(seconds)
        recordings = len(reference.conditions)
        common = float(first.mean())
        about = second.sum() - recordings * common**2 + extra
        spread = max(float(about / (recordings + believed)), half**2)
        parts = []
        for name, share, own in zip(names, shares, which, strict=True):
            if not by_condition:
                parts.append(LagComponent(name, share, common, float(np.sqrt(spread))))
                continue
            pull = PRIOR_RECORDINGS
            count = own.sum() + pull
            mean = float((first[own].sum() + pull * common) / count)
            about = second[own].sum() - 2 * mean * first[own].sum() + own.sum() * mean**2
            variance = float((about + pull * spread) / count)
            parts.append(LagComponent(name, share, mean, float(np.sqrt(max(variance, half**2)))))
        lags = LagPrior(tuple(parts))
    return lags


def fit_conditional(
    model: NoteModel,
    reference: Reference,
    *,
    event: Event = "onsets",
    numbers: Sequence[str] = ("power", "note_bias"),
    lag: bool = True,
    by_condition: bool = False,
    draws: int = 5,
    prior: NumberPrior | None = None,
) -> NoteModel:
    """The model with numbers that make the references likeliest.

    Parameters
    ----------
    model
        Where the search begins; its prior over segmentations stays.
    reference
        Recordings that it was not learned from.
    event
        What the likelihood is of: ``onsets`` or ``transcriptions``.
    numbers
        Which of ``power``, ``note_bias``, ``prior_power``, ``floor`` and ``onset_power`` are
        fitted.
    lag
        Whether the lag's mean and spread are, too; else the model's own distribution stays.
    by_condition
        Whether the lag's distribution is one for every condition.
    draws
        Of the network, at most, that are looked at.
    prior
        What is believed of the numbers before; without it the likelihood alone decides.

    Raises
    ------
    InputError
        If another number is asked for.
    """
    bounds = {
        "power": (np.log(_POWERS[0]), np.log(_POWERS[1])),
        "note_bias": (-4.0, 8.0),
        "prior_power": (0.0, 1.0),
        "floor": (np.log(1e-6), np.log(0.5)),
        "onset_power": (0.0, 2.0),
    }
    reference = reference.thinned(draws)
    unknown = [name for name in numbers if name not in bounds]
    if unknown:
        raise InputError(f"no number {unknown[0]!r} to fit: there are {', '.join(bounds)}")

    def with_lag(candidate: NoteModel) -> tuple[NoteModel, float]:
        by_shift = _SHIFTED[event](reference, candidate)
        if lag:
            candidate = replace(
                candidate,
                lag=fit_lag(by_shift, reference, by_condition=by_condition, prior=prior),
            )
        total = float(_over_lags(by_shift, reference, candidate.lag).sum())
        total += prior.log_density(candidate) if prior else 0.0
        return candidate, -total if np.isfinite(total) else 1e300

    for round_ in range(_ROUNDS if len(numbers) > 1 else 1):
        for name in numbers:
            low, high = bounds[name]

            def loss(x: float, name: str = name, start: NoteModel = model) -> float:
                return with_lag(_with_number(start, name, x))[1]

            model = _with_number(model, name, _minimise(loss, low, high, coarse=not round_))
    return with_lag(model)[0]


_SHIFTED: Mapping[str, Callable[[Reference, NoteModel], Floats]] = MappingProxyType(
    {"onsets": shifted_onset_likelihoods, "transcriptions": shifted_log_probabilities}
)


def _with_number(model: NoteModel, name: str, x: float) -> NoteModel:
    """The model with one number changed; powers and floors are searched by their logarithm."""
    value = float(np.exp(x)) if name in ("power", "floor") else float(x)
    return replace(model, **{name: value})  # type: ignore[arg-type]


def _minimise(loss: Callable[[float], float], low: float, high: float, *, coarse: bool) -> float:
    """A minimum between two bounds: a grid first where asked for, then Brent's method."""
    from scipy.optimize import minimize_scalar

    points = np.linspace(low, high, 7 if coarse else 4)
    values = [loss(float(x)) for x in points]
    best = int(np.argmin(values))
    bounds = (points[max(0, best - 1)], points[min(points.size - 1, best + 1)])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"maxiter": 10})
    return float(found.x) if found.fun < values[best] else float(points[best])
