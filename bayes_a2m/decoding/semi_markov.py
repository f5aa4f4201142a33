"""A hidden semi-Markov model over silence and pitches, and exact inference in it.

A segmentation parts a recording's frames into segments (class, start, end): rests of class 0, notes
of the others. With the evidence ``psi_t(k)`` of every frame its score is

    log first(k_1) + sum_n log d_kn(end_n - start_n) + sum_n log step(k_n | k_(n-1))
        + sum_n sum_t psi_t(k_n) + sum over notes that start inside of onset_t

and its probability is ``exp(score) / Z``. Durations ``d`` are of
:mod:`bayes_a2m.decoding.duration`, the residual distribution for the first segment and survival
for the last. The steps, with ``legato`` and ``repeat`` small numbers and ``popularity`` a
distribution over pitches,

    pitch i to pitch j != i   legato * popularity[j] / (1 - popularity[i])
    pitch i to pitch i        repeat    (the same pitch once more, no rest between)
    pitch i to silence        1 - legato - repeat
    silence to pitch j        popularity[j]

Nothing in frames alone can tell one long note from two of the same pitch without a rest, so
``repeat`` counts only where there is onset evidence, and goes to silence where there is none.

Two passes give everything (Rabiner 1989, section IV.D; Murphy 2002, "Hidden semi-Markov models";
Yu 2010, "Hidden semi-Markov models", Artificial Intelligence 174), each linear in frames and in
classes (:mod:`bayes_a2m.decoding.segment_kernels` says how):

    P(segment k, from i to j) = exp(entry_i(k) + log d_k(j - i) + sum psi + ended_j(k)) / Z
    P(onset of k at t)  = exp(entry_t(k) + begun_t(k)) / Z
    P(offset of k at t) = exp(exit_t(k) + ended_t(k)) / Z

the first of which is also the derivative of log Z by that segment's score, by which the tests
check it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.decoding.duration import DurationDistribution
from bayes_a2m.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST = 1000
"""Frames up to which the likeliest segmentation tries lengths one by one (6 s)."""

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Segments:
    """A segmentation of some frames, in order.

    Attributes
    ----------
    starts, ends
        First frame of every segment, and the first after it.
    classes
        0 is silence.
    """

    starts: Ints = field(repr=False)
    ends: Ints
    classes: Ints

    def __len__(self) -> int:
        return int(self.starts.size)

    def labels(self) -> Ints:
        """Class of every frame, ``(frames,)``."""
        return np.repeat(self.classes, self.ends - self.starts)


@dataclass(frozen=True)
class SemiMarkov:
    """The prior over segmentations.

    Attributes
    ----------
    notes, rests
        How long they last.
    first
        Probability of every class at frame 0.
    popularity
        Probability of every pitch, after silence; sums to one.
    legato
        Probability that another pitch follows a note directly.
    repeat
        Probability that a note of the same pitch follows directly.

    Raises
    ------
    InputError
        If these are no probabilities, or of unlike numbers of classes.
    """

    notes: DurationDistribution
    rests: DurationDistribution
    first: tuple[float, ...]
    popularity: tuple[float, ...]
    legato: float
    repeat: float = 0.0

    def __post_init__(self) -> None:
        if len(self.first) != len(self.popularity) + 1 or len(self.first) < 2:
            raise InputError(
                f"the model needs a popularity of every pitch and a first probability of every "
                f"class, not {len(self.popularity)} and {len(self.first)}"
            )
        for name, distribution in (("first", self.first), ("popularity", self.popularity)):
            if not (min(distribution) >= 0 and abs(sum(distribution) - 1) < _TOLERANCE):
                raise InputError(
                    f"{name} must be probabilities that sum to one, not {distribution}"
                )
        if len(self.popularity) > 1 and max(self.popularity) >= 1:
            raise InputError("a popularity of one leaves no other pitch to follow; give it less")
        if not (self.legato >= 0 and self.repeat >= 0 and self.legato + self.repeat < 1):
            raise InputError(
                f"legato and repeat must be probabilities with a sum below one, not "
                f"{self.legato} and {self.repeat}"
            )

    @property
    def classes(self) -> int:
        """Number of classes, silence included."""
        return len(self.first)

    def tables(self, frames: int, *, repeats: bool = False) -> Tables:
        """All logarithms that inference over so many frames needs.

        Parameters
        ----------
        frames
            Length of the recording.
        repeats
            Whether a note may follow one of the same pitch directly.
        """
        popularity = np.array(self.popularity)
        leave = np.zeros(self.classes)
        legato = self.legato if popularity.size > 1 else 0.0  # one pitch alone has no other
        if legato:
            leave[1:] = legato / (1 - popularity)
        repeat = self.repeat if repeats else 0.0
        phases = max(self.notes.phases, self.rests.phases)
        distributions = [
            _with_phases(distribution, phases) for distribution in (self.rests, self.notes)
        ]
        residual = [distribution.residual() for distribution in distributions]
        with np.errstate(divide="ignore"):
            return Tables(
                first=np.log(self.first),
                leave=np.log(leave),
                enter=np.log(np.concatenate([[0.0], popularity])),
                repeat=float(np.log(repeat)),
                fall=float(np.log(1 - legato - repeat)),
                minimum=np.array([distribution.minimum for distribution in distributions]),
                start=np.array([distribution.start for distribution in distributions]),
                stay=np.array([distribution.stay for distribution in distributions]),
                residual=np.array([distribution.start for distribution in residual]),
                log_pmf=np.stack(
                    [distribution.log_pmf(frames + 1) for distribution in distributions]
                ),
                log_survival=np.stack(
                    [distribution.log_survival(frames + 1) for distribution in distributions]
                ),
                first_pmf=np.stack([distribution.log_pmf(frames + 1) for distribution in residual]),
                first_survival=np.stack(
                    [distribution.log_survival(frames + 1) for distribution in residual]
                ),
            )

    def infer(
        self, psi: ArrayLike, onset: ArrayLike | None = None, *, tables: Tables | None = None
    ) -> Lattice:
        """Condition on the evidence of a recording.

        Parameters
        ----------
        psi
            Log-evidence of every class in every frame, ``(frames, class)``, finite.
        onset
            Log-odds that a note starts at each frame, ``(frames,)``; None where it is not known.
        tables
            What :meth:`tables` gave, for several evidences of one length.

        Raises
        ------
        InputError
            If shapes do not fit, or a number is not finite.
        """
        scores = np.ascontiguousarray(psi, dtype=np.float64)
        if scores.ndim != 2 or scores.shape[1] != self.classes or not scores.shape[0]:
            raise InputError(
                f"the evidence must have shape (frames, {self.classes} classes), not {scores.shape}"
            )
        odds = np.zeros(scores.shape[0])
        if onset is not None:
            odds = np.ascontiguousarray(onset, dtype=np.float64)
            if odds.shape != scores.shape[:1]:
                raise InputError(
                    f"onset evidence of shape {odds.shape} for {scores.shape[0]} frames"
                )
        if not (np.isfinite(scores).all() and np.isfinite(odds).all()):
            raise InputError("the evidence of a segmentation must be finite")
        tables = tables or self.tables(scores.shape[0], repeats=onset is not None)
        return Lattice(scores, odds, tables)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "notes": self.notes.to_dict(),
            "rests": self.rests.to_dict(),
            "first": list(self.first),
            "popularity": list(self.popularity),
            "legato": self.legato,
            "repeat": self.repeat,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SemiMarkov:
        """Take back what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If a value is missing or no number.
        """
        try:
            return cls(
                DurationDistribution.from_dict(values["notes"]),
                DurationDistribution.from_dict(values["rests"]),
                tuple(float(p) for p in values["first"]),
                tuple(float(p) for p in values["popularity"]),
                float(values["legato"]),
                float(values["repeat"]),
            )
        except InputError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"semi-Markov model: {error} is missing or no number") from error


@dataclass(frozen=True, eq=False)
class Tables:
    """Logarithms of a model for recordings of one length; axis 0 of distributions is silence,
    notes.

    ``first``, ``leave`` and ``enter`` are ``(class,)``; ``start``, ``stay`` (not logarithms) and
    ``residual`` ``(2, phase)``, rests first; the tables of lengths ``(2, frames + 2)``.
    """

    first: Floats
    leave: Floats
    enter: Floats
    repeat: float
    fall: float
    minimum: Ints
    start: Floats
    stay: Floats
    residual: Floats
    log_pmf: Floats
    log_survival: Floats
    first_pmf: Floats
    first_survival: Floats

    @property
    def steps(self) -> tuple[Floats, Floats, float, float]:
        """Arguments of the kernels that say how segments follow each other."""
        return self.leave, self.enter, self.repeat, self.fall

    @property
    def lengths(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Arguments of the kernels that give the probability of a length."""
        return self.log_pmf, self.log_survival, self.first_pmf, self.first_survival


def _with_phases(distribution: DurationDistribution, phases: int) -> DurationDistribution:
    """The same distribution with more phases: those in front are never entered."""
    more = phases - distribution.phases
    return DurationDistribution(
        distribution.minimum, (0.0,) * more + distribution.start, (0.0,) * more + distribution.stay
    )


class Lattice:
    """All segmentations of a recording, weighed by its evidence.

    Made by :meth:`SemiMarkov.infer`. The two passes are run when something first needs them.

    Attributes
    ----------
    psi
        The evidence, ``(frames, class)``.
    onset
        Log-odds of an onset, ``(frames,)``.
    sums
        Running sums of the evidence, ``(frames + 1, class)``.
    """

    def __init__(self, psi: Floats, onset: Floats, tables: Tables) -> None:
        self.psi, self.onset, self.tables = psi, onset, tables
        self.sums = np.zeros((psi.shape[0] + 1, psi.shape[1]))
        np.cumsum(psi, axis=0, out=self.sums[1:])

    @cached_property
    def _forward(self) -> tuple[Floats, Floats, Floats, float]:
        from bayes_a2m.decoding import segment_kernels

        entry, exit_ = np.empty_like(self.psi), np.empty_like(self.psi)
        last = np.empty(self.psi.shape[1])
        t = self.tables
        log_z = segment_kernels.forward(
            self.psi, self.sums, self.onset, t.first, *t.steps,
            t.minimum, t.start, t.stay, t.residual, entry, exit_, last,
        )  # fmt: skip
        if not np.isfinite(log_z):
            raise InputError("the model allows no segmentation of this recording")
        return entry, exit_, last, float(log_z)

    @cached_property
    def _backward(self) -> tuple[Floats, Floats]:
        from bayes_a2m.decoding import segment_kernels

        begun, ended = np.empty_like(self.psi), np.empty_like(self.psi)
        t = self.tables
        segment_kernels.backward(
            self.psi, self.sums, self.onset, *t.steps,
            t.minimum, t.start, t.stay, t.residual, begun, ended,
        )  # fmt: skip
        return begun, ended

    @property
    def log_z(self) -> float:
        """Logarithm of the sum over all segmentations."""
        return self._forward[3]

    def log_segment(self, klass: int, start: int, end: int) -> float:
        """Log-probability that there is a segment of this class with these ends.

        Raises
        ------
        InputError
            If it is no stretch of the recording, or no class.
        """
        frames, classes = self.psi.shape
        if not (0 <= start < end <= frames and 0 <= klass < classes):
            raise InputError(
                f"no segment of class {klass} from frame {start} to {end} in {frames} frames "
                f"of {classes} classes"
            )
        distribution, t = min(klass, 1), self.tables
        score = float(self.sums[end, klass] - self.sums[start, klass]) - self.log_z
        if start:
            lengths = t.log_survival if end == frames else t.log_pmf
            score += float(self._forward[0][start, klass])
        else:
            lengths = t.first_survival if end == frames else t.first_pmf
            score += float(t.first[klass])
        if end < frames:
            score += float(self._backward[1][end, klass])
        return score + float(lengths[distribution, end - start])

    def onsets(self) -> Floats:
        """Probability that a segment of each class starts at each frame, ``(frames, class)``.

        At frame 0: that the class sounds there.
        """
        entry, begun = self._forward[0].copy(), self._backward[0]
        entry[0] = self.tables.first
        starts: Floats = np.exp(entry + begun - self.log_z)
        return starts

    def offsets(self) -> Floats:
        """Probability that a segment of each class ends before each frame, ``(frames + 1, class)``.

        At the last place: that the class sounds in the last frame.
        """
        _, exit_, last, log_z = self._forward
        ends = np.empty(self.sums.shape)
        ends[:-1] = np.exp(exit_ + self._backward[1] - log_z)
        ends[0] = 0.0
        ends[-1] = np.exp(last - log_z)
        return ends

    def frames(self) -> Floats:
        """Probability of each class in each frame, ``(frames, class)``."""
        inside: Floats = np.cumsum(self.onsets() - self.offsets()[:-1], axis=0)
        return np.clip(inside, 0.0, 1.0)

    def sample(self, count: int, generator: np.random.Generator) -> list[Segments]:
        """Draw whole segmentations, independent of each other."""
        from bayes_a2m.decoding import segment_kernels

        entry, exit_, last, _ = self._forward
        t = self.tables
        starts, ends, classes = np.empty((3, self.psi.shape[0]), dtype=np.int64)
        drawn = []
        for _ in range(count):
            n = segment_kernels.sample(
                generator, self.sums, t.first, *t.steps, t.minimum, *t.lengths,
                entry, exit_, last, starts, ends, classes,
            )  # fmt: skip
            drawn.append(Segments(*(one[:n][::-1].copy() for one in (starts, ends, classes))))
        return drawn

    def likeliest(self) -> Segments:
        """The segmentation of highest score.

        Lengths to :data:`LONGEST` are exact; the tail past it is taken for geometric.
        """
        from bayes_a2m.decoding import segment_kernels

        t = self.tables
        starts, ends, classes = np.empty((3, self.psi.shape[0]), dtype=np.int64)
        n = segment_kernels.likeliest(
            self.psi, self.sums, self.onset, t.first, *t.steps, t.minimum, *t.lengths,
            LONGEST, starts, ends, classes,
        )  # fmt: skip
        return Segments(*(one[:n][::-1].copy() for one in (starts, ends, classes)))

    def log_scores(self, segments: Segments, shifts: Sequence[int] | Ints = (0,)) -> Floats:
        """Score of a segmentation moved earlier by each number of frames, ``(shift,)``.

        Less :attr:`log_z` it is the log-probability. What leaves the recording is dropped, and the
        segments at its ends are stretched to them.
        """
        from bayes_a2m.decoding import segment_kernels

        t = self.tables
        moves = np.asarray(shifts, dtype=np.int64)
        scores = np.empty(moves.size)
        edges = np.append(segments.starts, self.psi.shape[0])
        segment_kernels.reference_scores(
            edges, segments.classes, moves, self.sums, self.onset, t.first, *t.steps,
            *t.lengths, scores,
        )  # fmt: skip
        return scores
