"""The model of notes: what turns a :class:`FramePosterior` into evidence, and its numbers.

A frame's evidence for class k is

    psi_t(k) = power * (log((1 - floor) p_t(k) + floor / K) - prior_power * log share(k))

and a note that starts at frame t gains

    onset_t = note_bias + onset_power * (logit o_t - logit onset_rate)

the second part where the network says where notes start.

- ``power`` < 1 takes back that frames share context: a network that sees half a second says the
  same thing in each of dozens of frames. It is a temperature of ``1 / power``: factors that all
  classes of a frame share cancel.
- ``floor`` bounds what a single frame can say: a share of frames may be labelled anyhow.
- ``note_bias`` makes notes more frequent, or rarer, than the prior over segmentations has them. The
  network has learned from the same notes, so its frames contain that prior already; and while
  ``power`` shrinks their evidence, the prior keeps its own. Short notes would be lost for it.
- ``prior_power`` divides the classes' shares out, which frames already contain and the model of
  durations and steps contains again.

Few of these numbers can be learned from a tuning split (105 notes): see
:mod:`bayes_a2m.decoding.conditional_likelihood`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.duration import DurationDistribution, ObservedLength, fit_duration
from bayes_a2m.decoding.lag import LagPrior
from bayes_a2m.decoding.semi_markov import Segments, SemiMarkov
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.metrics.notes import SHORTEST
from bayes_a2m.music import FrameGrid, Note
from bayes_a2m.music.notes import runs
from bayes_a2m.prediction.posterior import SMALLEST, FramePosterior

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FORMAT = 1
"""Version of :meth:`NoteModel.to_dict`."""


@dataclass(frozen=True)
class SilenceProfile:
    """A way of singing, by what stands between two notes.

    Attributes
    ----------
    rests
        How long rests last.
    legato
        Probability that another pitch follows without a rest.
    repeat
        Probability that the same pitch follows without a rest.
    """

    rests: DurationDistribution
    legato: float
    repeat: float


SILENCE_PROFILES: Mapping[str, SilenceProfile] = MappingProxyType(
    {
        # hummed with closed lips: short breaths, notes slide into each other now and then
        "hummed": SilenceProfile(DurationDistribution(1, (1.0,), (0.97,)), 0.3, 0.05),
        # sung on syllables: consonants and breaths
        "sung": SilenceProfile(DurationDistribution(1, (0.5, 0.5), (0.95, 0.98)), 0.1, 0.02),
        # bound: a rest is a breath
        "legato": SilenceProfile(DurationDistribution(1, (1.0,), (0.985,)), 0.8, 0.05),
    }
)
"""Profiles to name where the training notes' own does not fit, at the grid's 6 ms a frame."""


@dataclass(frozen=True)
class NoteModel:
    """Everything that inference of notes needs beside a :class:`FramePosterior`.

    Attributes
    ----------
    segments
        The prior over segmentations.
    shares
        Share of every class among the training frames.
    power, prior_power, floor, note_bias
        Of frame evidence.
    onset_power, onset_rate
        Of onset evidence; the rate is the share of training frames in which a note starts.
    lag
        Of the label's clock.
    release_mean, release_sd, release_note_sd
        Of note ends, in seconds, as :mod:`bayes_a2m.decoding.release` has them.
    slope, intercept
        A note's probability p becomes the logistic function of
        ``slope * logit(p) + intercept``.
    onset_scale, offset_scale
        Of intervals, as :mod:`bayes_a2m.decoding.note_intervals` has them; None for credible ones.

    Raises
    ------
    InputError
        If a number is out of its range, or shares do not fit the segments' classes.
    """

    segments: SemiMarkov
    shares: tuple[float, ...]
    power: float = 0.3
    prior_power: float = 0.0
    floor: float = 0.0
    note_bias: float = 0.0
    onset_power: float = 1.0
    onset_rate: float = 0.01
    lag: LagPrior = field(default_factory=LagPrior)
    release_mean: float = 0.0
    release_sd: float = 0.0
    release_note_sd: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0
    onset_scale: float | None = None
    offset_scale: float | None = None

    def __post_init__(self) -> None:
        if len(self.shares) != self.segments.classes or not min(self.shares) > 0:
            raise InputError(
                f"shares must be positive, one a class, not {self.shares} for "
                f"{self.segments.classes} classes"
            )
        if not (self.power > 0 and 0 <= self.floor < 1 and 0 < self.onset_rate < 1):
            raise InputError(
                "power must be positive, floor in 0 to 1 without 1, onset_rate between 0 and 1, "
                f"not {self.power}, {self.floor}, {self.onset_rate}"
            )
        numbers = (self.prior_power, self.note_bias, self.onset_power, self.slope, self.intercept)
        spreads = (self.release_sd, self.release_note_sd)
        if not (np.isfinite([*numbers, self.release_mean, *spreads]).all() and min(spreads) >= 0):
            raise InputError("the numbers of a note model must be finite")

    @classmethod
    def from_labels(
        cls,
        labels: Sequence[Ints],
        classes: int,
        *,
        grid: FrameGrid | None = None,
        onsets: Sequence[Ints] | None = None,
        phases: int = 3,
    ) -> NoteModel:
        """Learn durations, steps and shares from training labels.

        Parameters
        ----------
        labels
            Class of every frame, ``(frames,)`` a recording.
        classes
            Number of classes, silence included.
        grid
            How long a frame is; the default grid where left out.
        onsets
            Frames at which notes start, a recording each: only they part two notes of one pitch.
        phases
            Of the duration distributions.

        Raises
        ------
        InputError
            If there are no labels.
        """
        if not labels:
            raise InputError("no labels to learn notes from")
        minimum = minimum_frames(grid or FrameGrid())
        starts = onsets or [np.zeros(0, dtype=np.int64)] * len(labels)
        parted = [segments_of(y, minimum, o) for y, o in zip(labels, starts, strict=True)]
        observed: tuple[list[ObservedLength], list[ObservedLength]] = ([], [])
        steps = np.zeros((classes, classes))
        first = np.full(classes, 0.5)
        popularity = np.full(classes - 1, 1.0)
        share = np.full(classes, 0.5)
        for y, one in zip(labels, parted, strict=True):
            share += np.bincount(y, minlength=classes)
            first[one.classes[0]] += 1
            popularity += np.bincount(one.classes, minlength=classes)[1:]
            np.add.at(steps, (one.classes[:-1], one.classes[1:]), 1)
            for s, e, k in zip(one.starts, one.ends, one.classes, strict=True):
                cut = ObservedLength(int(e - s), bool(s == 0), bool(e == y.size))
                observed[min(int(k), 1)].append(cut)
        # without one note at least, onset evidence would have no level to be weighed against
        started = sum(int((one.classes[1:] > 0).sum()) for one in parted)
        rate = (started + 0.5) / (sum(y.size for y in labels) + 1.0)
        followed = steps[1:].sum() + 2.0
        repeated = float(np.trace(steps[1:, 1:]))
        direct = float(steps[1:, 1:].sum()) - repeated
        guess = [
            DurationDistribution(1, (1.0,), (0.98,)),
            DurationDistribution(minimum, (1.0,), (0.99,)),
        ]
        rests, notes = (
            fit_duration(seen, minimum=distribution.minimum, phases=phases)
            if len(seen) >= 5
            else distribution
            for seen, distribution in zip(observed, guess, strict=True)
        )
        return cls(
            SemiMarkov(
                notes,
                rests,
                _normalised(first),
                _normalised(popularity),
                (direct + 0.5) / followed,
                (repeated + 0.5) / followed if onsets is not None else 0.01,
            ),
            _normalised(share),
            onset_rate=rate,
        )

    def restricted(self, classes: Sequence[int]) -> NoteModel:
        """The same model for some of its classes, where the others cannot be.

        Parameters
        ----------
        classes
            Silence, 0, and the classes that are left, in order.

        Raises
        ------
        InputError
            If silence is not among them, or no other is.
        """
        chosen = list(classes)
        if len(chosen) < 2 or chosen[0] != 0:
            raise InputError(f"a note model needs silence, 0, and a pitch, not classes {chosen}")
        segments = replace(
            self.segments,
            first=_normalised(np.asarray(self.segments.first)[chosen]),
            popularity=_normalised(np.asarray(self.segments.popularity)[np.array(chosen[1:]) - 1]),
        )
        return replace(self, segments=segments, shares=_normalised(np.asarray(self.shares)[chosen]))

    def with_pitch_weights(self, weights: Sequence[float]) -> NoteModel:
        """The same model where notes of some pitches are likelier by a factor, once a note.

        Parameters
        ----------
        weights
            Positive, one a pitch.

        Raises
        ------
        InputError
            If there is not one a pitch.
        """
        given = np.asarray(weights, dtype=np.float64)
        if given.shape != (self.segments.classes - 1,) or not (given > 0).all():
            raise InputError("a prior over pitches needs a positive weight for each of them")
        first = np.asarray(self.segments.first)
        begun = first[1:] * given * (first[1:].sum() / (first[1:] * given).sum())
        segments = replace(
            self.segments,
            first=_normalised(np.concatenate([first[:1], begun])),
            popularity=_normalised(np.asarray(self.segments.popularity) * given),
        )
        return replace(self, segments=segments)

    def with_profile(self, name: str) -> NoteModel:
        """Replace what stands between notes by a named profile.

        Raises
        ------
        InputError
            If there is no such profile.
        """
        if name not in SILENCE_PROFILES:
            raise InputError(
                f"no silence profile {name!r}{suggest(name, SILENCE_PROFILES)}: "
                f"there are {', '.join(SILENCE_PROFILES)}"
            )
        profile = SILENCE_PROFILES[name]
        changed = replace(
            self.segments, rests=profile.rests, legato=profile.legato, repeat=profile.repeat
        )
        return replace(self, segments=changed)

    def evidence(self, log_probs: NDArray[np.floating]) -> Floats:
        """``psi`` of frames, ``(..., class)``, from log-probabilities of the same shape.

        Raises
        ------
        InputError
            If a log-probability is not a number, or they are of another number of classes.
        """
        if log_probs.shape[-1] != len(self.shares):
            raise InputError(
                f"the note model knows {len(self.shares)} classes, the posterior "
                f"{log_probs.shape[-1]}: use the model it was made for"
            )
        if np.isnan(log_probs).any():
            raise InputError("a log-probability of a frame is not a number (NaN)")
        probs = np.maximum(log_probs.astype(np.float64), np.log(SMALLEST))
        if self.floor:
            mixed = (1 - self.floor) * np.exp(probs) + self.floor / len(self.shares)
            probs = np.log(mixed)
        psi: Floats = self.power * (probs - self.prior_power * np.log(self.shares))
        return psi

    def onset_evidence(self, frames: int, log_probs: NDArray[np.floating] | None = None) -> Floats:
        """Score that a note gains by starting at each frame, ``(frames,)``.

        Raises
        ------
        InputError
            If a log-probability is not a number.
        """
        gained = np.full(frames, self.note_bias)
        if log_probs is None:
            return gained
        if np.isnan(log_probs).any():
            raise InputError("a log-probability of an onset is not a number (NaN)")
        log_p = np.clip(log_probs.astype(np.float64), np.log(SMALLEST), np.log1p(-1e-6))
        odds = log_p - np.log1p(-np.exp(log_p))
        rate = np.log(self.onset_rate) - np.log1p(-self.onset_rate)
        gained += self.onset_power * (odds - rate)
        return gained

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        plain = asdict(replace(self, lag=LagPrior()))
        plain |= {"segments": self.segments.to_dict(), "lag": self.lag.to_dict()}
        return {"method": "semi_markov", "format": FORMAT, **plain, "shares": list(self.shares)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NoteModel:
        """Take back what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If it is of another method or version, or a value is missing, unknown or no number.
        """
        given = dict(values)
        method, version = given.pop("method", None), given.pop("format", None)
        if method != "semi_markov" or version != FORMAT:
            raise InputError(
                f"note model: method {method!r}, format {version!r}; this version reads "
                f"'semi_markov', {FORMAT}"
            )
        try:
            segments = SemiMarkov.from_dict(given.pop("segments"))
            lag = LagPrior.from_dict(given.pop("lag"))
            shares = tuple(float(x) for x in given.pop("shares"))
            onset_scale, offset_scale = (
                None if scale is None else float(scale)
                for scale in (given.pop("onset_scale"), given.pop("offset_scale"))
            )
            return cls(
                segments,
                shares,
                lag=lag,
                onset_scale=onset_scale,
                offset_scale=offset_scale,
                **{name: float(value) for name, value in given.items()},
            )
        except InputError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"note model: {error}") from error


def minimum_frames(grid: FrameGrid) -> int:
    """Frames of the shortest note that counts as one (:data:`bayes_a2m.metrics.notes.SHORTEST`).

    >>> minimum_frames(FrameGrid())
    9
    """
    return max(1, int(np.ceil(SHORTEST * grid.frame_rate - 1e-6)))


def segments_of(labels: Ints, minimum: int, onsets: Ints | None = None) -> Segments:
    """The segmentation of labels, with notes too short to be any given to what stands before.

    Parameters
    ----------
    labels
        Class of every frame, ``(frames,)``.
    minimum
        Frames of a note inside the recording; at its ends a note may be cut shorter.
    onsets
        Frames at which notes start; those within a run of one pitch part it.

    >>> segments_of(np.array([0, 1, 1, 1, 2, 0]), 2).classes
    array([0, 1, 0])
    >>> segments_of(np.array([1, 1, 1, 1]), 2, np.array([2])).starts
    array([0, 2])
    """
    pieces: list[list[int]] = []
    for start, end, k in runs(labels):
        short = k > 0 and start > 0 and end < labels.size and end - start < minimum
        if short or (pieces and pieces[-1][2] == k):
            pieces[-1][1] = end
        else:
            pieces.append([start, end, k])
    parted: list[tuple[int, int, int]] = []
    for start, end, k in pieces:
        cuts = [start]
        for onset in sorted(int(o) for o in (onsets if onsets is not None and k else ())):
            if onset - cuts[-1] >= minimum and end - onset >= minimum:
                cuts.append(onset)
        parted += [(a, b, k) for a, b in zip(cuts, [*cuts[1:], end], strict=True)]
    columns = np.array(parted, dtype=np.int64).reshape(-1, 3).T
    return Segments(*columns)


def onset_frames(notes: Sequence[Note], grid: FrameGrid) -> Ints:
    """Frames at which notes start, ascending."""
    return np.array(sorted(grid.frame(note.onset) for note in notes), dtype=np.int64)


def draws_of(posterior: FramePosterior, recording: int) -> NDArray[np.float32]:
    """Log-probabilities of a recording's draws, chains one after the other, without padding.

    Shape ``(draw, frame, class)``.
    """
    log_probs = posterior.log_probs[:, :, recording, : posterior.lengths[recording]]
    return log_probs.reshape(-1, *log_probs.shape[2:])


def _normalised(counts: Floats) -> tuple[float, ...]:
    return tuple(float(x) for x in counts / counts.sum())
