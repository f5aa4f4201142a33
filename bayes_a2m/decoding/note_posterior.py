"""The posterior over transcriptions of a recording, and what it says of every note.

**The event.** A note's probability is that of "a note of this pitch with its onset within 50 ms
(the tolerance) of its own, matched one to one". The same event against the reference is
what it is calibrated on (:mod:`bayes_a2m.metrics.note_calibration`).

Its value is exact but for one correction: with the window's expected number of onsets from forward
and backward passes, mean over draws and lags, and one-to-one matching from the samples,

    p = E[onsets in the window] + mean over samples of (matched - onsets in the window)

The second term is zero unless two onsets of a pitch, or two notes predicted, share a window, or the
recording's ends cut a note to less than 50 ms, which then is none; so a probability is not limited
to steps of one over the number of samples.

**Three kinds of doubt.** With q(d, l) the probability given draw d of the network and lag l of the
label's clock, p (1 - p) is the sum of

    data      mean of q (1 - q)               paths through the frames of one draw
    network   variance over d of mean_l q     which weights are right
    clock     mean over d of variance over l  when the label's zero is

which the law of total variance makes exact (at the tolerance's window, before the correction).

**Intervals** of onset and offset do not depend on the tolerance: in every sample the note of this
pitch that overlaps the predicted one most is looked up, and the quantiles of its times are taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.lag import LagGrid
from bayes_a2m.decoding.minimum_risk import (
    Candidate,
    best_set,
    candidates,
    matches,
    onset_frame,
    onset_seconds,
)
from bayes_a2m.decoding.note_model import NoteModel, draws_of, minimum_frames
from bayes_a2m.decoding.onset_density import OnsetDensity
from bayes_a2m.decoding.sampled_notes import SampledNotes
from bayes_a2m.decoding.sampling import generators_of
from bayes_a2m.decoding.semi_markov import Segments, Tables
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, Vocabulary
from bayes_a2m.notebook import RollNote, Shown, roll
from bayes_a2m.prediction.posterior import FramePosterior

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOLERANCE = 0.05
"""Seconds around an onset within which the event happens, unless said otherwise."""

INTERVAL = 0.9
"""Probability within a credible interval of an onset or an offset."""


@dataclass(frozen=True)
class Doubt:
    """Parts of ``p (1 - p)`` of a note: in the data, in the network, in the label's clock."""

    data: float
    network: float
    clock: float


@dataclass(frozen=True)
class NoteHypothesis:
    """A note and what the posterior says of it.

    Attributes
    ----------
    onset, offset, pitch
        The note: its onset is the one its probability speaks of, its offset a median.
    probability
        That of the module's event.
    onset_median, offset_median
        Of the note of this pitch that overlaps this one, given that there is one, in seconds; nan
        where no sample holds any.
    onset_interval, offset_interval
        The same note's central credible intervals, or conformal ones where the model has scales.
    sounding
        Share of the samples that hold one.
    alternatives
        Expected number of onsets of every pitch of the vocabulary within the tolerance of this
        onset, at most 1; at its own pitch, its probability before recalibration.
    doubt
        Where the doubt comes from.
    """

    onset: float
    offset: float
    pitch: int
    probability: float
    onset_median: float
    offset_median: float
    onset_interval: tuple[float, float]
    offset_interval: tuple[float, float]
    sounding: float
    alternatives: tuple[float, ...]
    doubt: Doubt

    @property
    def note(self) -> Note:
        """The note alone."""
        return Note(self.onset, self.offset, self.pitch)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; None for what is nan."""
        plain = {**vars(self), "doubt": vars(self.doubt), "alternatives": list(self.alternatives)}
        for name in ("onset_interval", "offset_interval"):
            plain[name] = [_number(x) for x in plain[name]]
        medians = (self.onset_median, self.offset_median)
        return plain | dict(
            zip(("onset_median", "offset_median"), map(_number, medians), strict=True)
        )


@dataclass(frozen=True, eq=False, repr=False)
class NotePosterior(Shown):
    """Everything that is known of the notes of a recording.

    Attributes
    ----------
    id
        The recording's.
    hypotheses
        Notes of the transcription that maximises the expected onset F1, by onset.
    others
        Notes that are not in it though their probability is at least 0.05, by onset.
    expected_f1
        What F1 of its onsets ``hypotheses`` expects: the forecast of its score.
    samples
        The sampled transcriptions.
    tolerance
        Seconds of the event.
    vocabulary, grid
        Those of the frames.
    inference
        What all that comes from, whatever the tolerance.
    revise
        What was done to the hypotheses after inference, for those that are found when asked for;
        None where nothing was.
    """

    id: str
    hypotheses: tuple[NoteHypothesis, ...]
    others: tuple[NoteHypothesis, ...]
    expected_f1: float
    samples: SampledNotes = field(repr=False)
    tolerance: float
    vocabulary: Vocabulary
    grid: FrameGrid
    inference: NoteInference = field(repr=False)
    revise: Callable[[NoteHypothesis], NoteHypothesis] | None = field(default=None, repr=False)

    @cached_property
    def likeliest(self) -> tuple[NoteHypothesis, ...]:
        """Notes of the likeliest segmentation of the mean frames, moved by the mean lag, by onset.

        They are hypotheses, too; found when they are asked for, which takes as long as a draw.
        """
        found = self.inference.likeliest_at(self.tolerance)
        return found if self.revise is None else tuple(map(self.revise, found))

    def _shown(self) -> Mapping[str, object]:
        least = min(self.hypotheses, key=lambda one: one.probability, default=None)
        facts: dict[str, object] = {"id": self.id, "notes": len(self.hypotheses)}
        if least is not None:
            name = self.vocabulary.pitch_name(least.pitch)
            facts["least_sure"] = f"{name} at {least.onset:.2f} s ({least.probability:.2f})"
        return facts | {
            "expected_f1": f"{self.expected_f1:.2f}",
            "tolerance": f"{self.tolerance:g} s",
            "samples": len(self.samples),
        }

    def _html(self) -> str:
        drawn = [RollNote(n.onset, n.offset, n.pitch, n.probability) for n in self.hypotheses]
        names = {pitch: self.vocabulary.pitch_name(pitch) for pitch in self.vocabulary.pitches}
        return roll(drawn, self.duration, names)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of ``hypotheses``."""
        return tuple(one.note for one in self.hypotheses)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """The probabilities of ``hypotheses``."""
        return tuple(one.probability for one in self.hypotheses)

    @property
    def duration(self) -> float:
        """Seconds of the recording."""
        return self.samples.duration

    def number_of_notes(self) -> Floats:
        """Probability of having 0, 1, 2, ... notes, up to the most in any sample."""
        distribution: Floats = np.bincount(self.samples.counts) / len(self.samples)
        return distribution

    def to_dict(self) -> dict[str, Any]:
        """A summary for JSON, without the samples."""
        return {
            "id": self.id,
            "tolerance": self.tolerance,
            "expected_f1": self.expected_f1,
            "hypotheses": [one.to_dict() for one in self.hypotheses],
            "others": [one.to_dict() for one in self.others],
            "number_of_notes": self.number_of_notes().tolist(),
            "transcriptions": len(self.samples),
        }


@dataclass(frozen=True, eq=False)
class MeanFrames:
    """The mean frames of a recording, for its likeliest segmentation.

    Attributes
    ----------
    posterior, recording
        Frames of any number of recordings, and which of them is meant.
    model
        The model of notes.
    onsets
        Onset log-probabilities of every draw, ``(draw, frame)``; None without any.
    tables
        Those of the model for so many frames.
    """

    posterior: FramePosterior
    recording: int
    model: NoteModel
    onsets: NDArray[np.float32] | None
    tables: Tables

    def likeliest(self) -> Segments:
        """The likeliest segmentation, in the network's clock."""
        probabilities = self.posterior.of(self.recording).astype(np.float64)
        pooled = np.log(probabilities.clip(min=1e-30))
        mean = None if self.onsets is None else _log_mean(self.onsets)
        onset = self.model.onset_evidence(pooled.shape[0], mean)
        evidence = self.model.evidence(pooled)
        return self.model.segments.infer(evidence, onset, tables=self.tables).likeliest()


@dataclass(frozen=True, eq=False)
class NoteInference:
    """The result of inference before a tolerance is chosen.

    Attributes
    ----------
    id, vocabulary, grid
        Of the recording.
    density
        Onsets of every draw, in the network's clock.
    samples
        Transcriptions in the label's clock.
    too_short
        What is cut to less than a note in them.
    mean
        The mean frames, whose likeliest segmentation may be asked for.
    lag
        What lags there may be.
    slope, intercept, onset_scale, offset_scale
        Those of the model.
    """

    id: str
    vocabulary: Vocabulary
    grid: FrameGrid
    density: OnsetDensity
    samples: SampledNotes
    too_short: SampledNotes
    mean: MeanFrames
    lag: LagGrid
    slope: float = 1.0
    intercept: float = 0.0
    onset_scale: float | None = None
    offset_scale: float | None = None

    def at(self, tolerance: float = TOLERANCE) -> NotePosterior:
        """The posterior of notes for an onset tolerance in seconds.

        Raises
        ------
        InputError
            If the tolerance is not positive.
        """
        if not tolerance > 0:
            raise InputError(f"the onset tolerance must be positive seconds, not {tolerance}")
        reach = self._reach(tolerance)
        apart = minimum_frames(self.grid)
        describe = _Description(self, tolerance, reach)
        density = describe.density.copy()
        density[max(1, density.shape[0] - apart + 1) :] = 0.0  # cut too short to be a note
        # windows that hold several short notes may leave fewer of them than narrower ones would
        choices = []
        for width in sorted({reach, min(reach, self._reach(TOLERANCE))}):
            some = candidates(density, width, apart)
            found = matches(some, self.samples, self.grid, self.vocabulary, tolerance)
            choices.append((some, *best_set(found, self.samples.counts)))
        taken, chosen, expected = max(choices, key=lambda choice: choice[2])
        rest = sorted(set(range(len(taken))) - set(chosen))
        return NotePosterior(
            self.id,
            describe(sorted(taken[i] for i in chosen)),
            describe(sorted(taken[i] for i in rest)),
            expected,
            self.samples,
            tolerance,
            self.vocabulary,
            self.grid,
            self,
        )

    def likeliest_at(self, tolerance: float = TOLERANCE) -> tuple[NoteHypothesis, ...]:
        """Notes of the likeliest segmentation, described at an onset tolerance in seconds."""
        moved = round(float(self.lag.frames @ self.lag.probabilities))
        modal = SampledNotes.of_segments(
            [self.mean.likeliest()],
            np.array([moved]),
            np.zeros(1, dtype=np.int64),
            self.grid,
            self.vocabulary,
            self.samples.duration,
        )[0]
        likeliest = [
            Candidate(onset_frame(n.onset, self.grid), self.vocabulary.class_of(n.pitch), 0.0)
            for n in modal
        ]
        describe = _Description(self, tolerance, self._reach(tolerance))
        return describe(likeliest, [n.offset for n in modal])

    def _reach(self, tolerance: float) -> int:
        """Whole frames within a tolerance."""
        return math.floor(tolerance * self.grid.frame_rate + 1e-6)

    def hypotheses_of(
        self, notes: Sequence[Note], tolerance: float = TOLERANCE
    ) -> tuple[NoteHypothesis, ...]:
        """Describe notes that come from elsewhere, in their order.

        Raises
        ------
        InputError
            If a pitch is not in the vocabulary.
        """
        asked = [
            Candidate(onset_frame(n.onset, self.grid), self.vocabulary.class_of(n.pitch), 0.0)
            for n in notes
        ]
        described = _Description(self, tolerance, self._reach(tolerance))(
            asked, [n.offset for n in notes]
        )
        return tuple(
            replace(one, onset=note.onset) for one, note in zip(described, notes, strict=True)
        )


def infer_notes(
    posterior: FramePosterior,
    model: NoteModel,
    generator: np.random.Generator,
    *,
    paths_per_draw: int = 10,
    conditions: Sequence[str | None] | None = None,
) -> Iterator[NoteInference]:
    """Infer the notes of every recording, one after the other.

    Parameters
    ----------
    posterior
        Frames, of any origin.
    model
        The model of notes.
    generator
        One number is taken from it; with the recording's id that makes the recording's own
        generator, so neither order nor padding changes a sample.
    paths_per_draw
        Sampled transcriptions of every draw of the network. A single draw wants a few hundred.
    conditions
        The condition of every recording, None where it is not known; nowhere known if left out.

    Raises
    ------
    InputError
        If model and posterior are of unlike classes, a log-probability is not a number, fewer
        than one path is asked for, or a condition is not known to the model.
    """
    if paths_per_draw < 1:
        raise InputError(f"paths_per_draw must be at least 1, not {paths_per_draw}")
    known = conditions if conditions is not None else [None] * len(posterior)
    if len(known) != len(posterior):
        raise InputError(f"{len(known)} conditions for {len(posterior)} recordings")
    tables: dict[int, Tables] = {}
    for i, own in enumerate(generators_of(posterior.ids, generator)):
        frames = int(posterior.lengths[i])
        onsets = onset_draws_of(posterior, i)
        if frames not in tables:
            tables = {frames: model.segments.tables(frames, repeats=onsets is not None)}
        lag = model.lag.on(posterior.grid, known[i])
        yield _infer(posterior, i, model, onsets, lag, tables[frames], own, paths_per_draw)


def note_posteriors(
    posterior: FramePosterior,
    model: NoteModel,
    generator: np.random.Generator,
    *,
    tolerance: float = TOLERANCE,
    paths_per_draw: int = 10,
    conditions: Sequence[str | None] | None = None,
) -> list[NotePosterior]:
    """The :class:`NotePosterior` of every recording; see :func:`infer_notes`."""
    inferred = infer_notes(
        posterior, model, generator, paths_per_draw=paths_per_draw, conditions=conditions
    )
    return [one.at(tolerance) for one in inferred]


def onset_draws_of(posterior: FramePosterior, recording: int) -> NDArray[np.float32] | None:
    """Onset log-probabilities of a recording's draws, ``(draw, frame)``; None without any."""
    onsets = posterior.onset_log_probs
    if onsets is None:
        return None
    own = onsets[:, :, recording, : posterior.lengths[recording]]
    return own.reshape(-1, own.shape[-1])


def _infer(
    posterior: FramePosterior,
    recording: int,
    model: NoteModel,
    onsets: NDArray[np.float32] | None,
    lag: LagGrid,
    tables: Tables,
    generator: np.random.Generator,
    paths: int,
) -> NoteInference:
    draws = draws_of(posterior, recording)
    density = OnsetDensity(draws.shape[1], draws.shape[2])
    segmentations: list[Segments] = []
    for d, log_probs in enumerate(draws):
        onset = model.onset_evidence(log_probs.shape[0], None if onsets is None else onsets[d])
        lattice = model.segments.infer(model.evidence(log_probs), onset, tables=tables)
        density.add(lattice.onsets())
        segmentations += lattice.sample(paths, generator)
    grid = posterior.grid
    lags = lag.draw(len(segmentations), generator)
    releases = _releases(model, segmentations, generator)
    samples, too_short = (
        SampledNotes.of_segments(
            segmentations,
            lags,
            np.repeat(np.arange(draws.shape[0]), paths),
            grid,
            posterior.vocabulary,
            grid.seconds(draws.shape[1]),
            releases=releases,
            too_short=short,
        )
        for short in (False, True)
    )
    return NoteInference(
        posterior.ids[recording],
        posterior.vocabulary,
        grid,
        density,
        samples,
        too_short,
        MeanFrames(posterior, recording, model, onsets, tables),
        lag,
        model.slope,
        model.intercept,
        model.onset_scale,
        model.offset_scale,
    )


def _releases(
    model: NoteModel, segmentations: Sequence[Segments], generator: np.random.Generator
) -> Floats | None:
    """Seconds by which every segment ends later, ``(segment,)``; None where nothing is moved."""
    if not (model.release_mean or model.release_sd or model.release_note_sd):
        return None
    counts = [len(one) for one in segmentations]
    shared = generator.normal(model.release_mean, model.release_sd, size=len(counts))
    own = generator.normal(0.0, model.release_note_sd, size=sum(counts))
    released: Floats = np.repeat(shared, counts) + own
    return released


class _Description:
    """Makes hypotheses of notes, all that are predicted together."""

    def __init__(self, inference: NoteInference, tolerance: float, reach: int) -> None:
        self.inference, self.tolerance, self.reach = inference, tolerance, reach
        self.density = inference.density.mean(inference.lag)

    def __call__(
        self, predicted: Sequence[Candidate], offsets: Sequence[float] | None = None
    ) -> tuple[NoteHypothesis, ...]:
        """Hypotheses in the order given; offsets are medians where not given."""
        given = self.inference
        found = matches(
            list(predicted), given.samples, given.grid, given.vocabulary, self.tolerance
        )
        described = []
        frames = np.unique([one.frame for one in predicted])
        for i, one in enumerate(predicted):
            ends = None if offsets is None else offsets[i]
            after = np.searchsorted(frames, one.frame, side="right")
            bound = given.samples.duration
            if after < frames.size:
                bound = onset_seconds(int(frames[after]), given.grid)
            described.append(self._one(one, found[i], ends, bound))
        return tuple(described)

    def _one(
        self, one: Candidate, found: NDArray[np.bool_], offset: float | None, bound: float
    ) -> NoteHypothesis:
        given, samples = self.inference, self.inference.samples
        onset = onset_seconds(one.frame, given.grid)
        pitch = given.vocabulary.pitch_of(one.klass)
        first, last = one.frame - self.reach, one.frame + self.reach
        from_start = onset <= self.tolerance + 5e-5
        expected = given.density.windows(one.klass, first, last, given.lag, from_start=from_start)
        near = samples.near(pitch, onset, self.tolerance)
        inside = near.size + given.too_short.near(pitch, onset, self.tolerance).size
        exact = float((expected @ given.lag.probabilities).mean())
        probability = min(1.0, max(0.0, exact + float(found.sum() - inside) / len(samples)))
        if offset is None:
            ends = samples.offset[near]
            offset = float(np.median(ends)) if ends.size else bound
            offset = max(min(offset, bound), onset + given.grid.hop_seconds)
        onsets, offsets = self._overlapping(pitch, onset, offset)
        elsewhere = self.density[max(0, first) + 1 : last + 2].sum(axis=0)
        if from_start:
            elsewhere += self.density[0]
        elsewhere[one.klass] = probability
        alternatives = tuple(float(p) for p in elsewhere[1:].clip(max=1.0))
        return NoteHypothesis(
            onset,
            offset,
            pitch,
            _logistic(probability, given.slope, given.intercept),
            _quantile(onsets, 0.5),
            _quantile(offsets, 0.5),
            self._interval(onsets, given.onset_scale),
            self._interval(offsets, given.offset_scale),
            onsets.size / len(samples),
            alternatives,
            _doubt(expected.clip(max=1.0), given.lag.probabilities),
        )

    def _interval(self, values: Floats, scale: float | None) -> tuple[float, float]:
        """The central interval, scaled about the median where a scale is given."""
        low, high = _quantile(values, (1 - INTERVAL) / 2), _quantile(values, (1 + INTERVAL) / 2)
        if scale is None:
            return low, high
        middle, half = _quantile(values, 0.5), self.inference.grid.hop_seconds / 2
        return (
            max(0.0, middle - scale * (middle - low + half)),
            min(self.inference.samples.duration, middle + scale * (high - middle + half)),
        )

    def _overlapping(self, pitch: int, onset: float, offset: float) -> tuple[Floats, Floats]:
        """Onset and offset of the note that overlaps most, of every sample that has one."""
        samples = self.inference.samples
        places, shared = samples.overlapping(pitch, onset, offset)
        order = np.argsort(-shared, kind="stable")
        _, first = np.unique(samples.sample[places[order]], return_index=True)
        chosen = places[order[first]]
        return samples.onset[chosen], samples.offset[chosen]


def _doubt(q: Floats, lags: Floats) -> Doubt:
    """The parts of the variance of the event, from its probability ``(draw, lag)``."""
    by_draw = q @ lags
    return Doubt(
        data=float(((q * (1 - q)) @ lags).mean()),
        network=float(by_draw.var()),
        clock=float((np.square(q) @ lags - np.square(by_draw)).mean()),
    )


def _logistic(p: float, slope: float, intercept: float) -> float:
    """``slope * logit(p) + intercept`` as a probability; the identity where it changes nothing."""
    if slope == 1.0 and intercept == 0.0:
        return p
    p = min(max(p, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-(slope * math.log(p / (1 - p)) + intercept)))


def _quantile(values: Floats, share: float) -> float:
    """``np.quantile``, to the last digit, which takes thirty times as long for one number."""
    if not values.size:
        return math.nan
    place = (values.size - 1) * share
    low = math.floor(place)
    rest = place - low
    ordered = np.sort(values)
    a, b = float(ordered[low]), float(ordered[min(low + 1, values.size - 1)])
    return b - (b - a) * (1 - rest) if rest >= 0.5 else a + (b - a) * rest


def _log_mean(log_probs: NDArray[np.float32]) -> Floats:
    """Logarithm of the mean probability over draws, ``(frame,)``."""
    mean: Floats = np.log(np.exp(log_probs.astype(np.float64)).mean(axis=0).clip(min=1e-30))
    return mean


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
