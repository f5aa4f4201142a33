"""How good a model is on recordings with references, with intervals from resampling recordings.

Recordings are predicted a few at a time and boiled down to additive counts, so that memory
does not grow with their number beyond those counts; from them come all scores, and all
resamples of them, at once.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.calibration import stages
from bayes_a2m.calibration.bootstrap import (
    Interval,
    intervals,
    intervals_by_class,
    resample_weights,
)
from bayes_a2m.calibration.conformal import SetCounts
from bayes_a2m.calibration.counts import FrameCounts, PerRecording
from bayes_a2m.calibration.findings import findings, trust
from bayes_a2m.calibration.inputs import Ints
from bayes_a2m.calibration.note_scores import NoteCounts
from bayes_a2m.calibration.places import by_level, by_run_length, level_of
from bayes_a2m.calibration.recalibrate import recalibrated
from bayes_a2m.calibration.scores import NAMES, PER_CLASS_NAMES
from bayes_a2m.calibration.selective import AcceptCounts, accept, realised
from bayes_a2m.calibration.tuned import Tuned
from bayes_a2m.datasets.dataset import Dataset, Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.music.notes import near_boundary
from bayes_a2m.prediction import FramePosterior, write_netcdf

if TYPE_CHECKING:
    import xarray

    from bayes_a2m.posteriors.posterior import Posterior

RESAMPLES = 1000
"""Of recordings, for each interval."""

ACCEPT_ERROR = 0.05
"""Share of accepted frames that may be wrong where nothing else is asked."""

ACCEPT_CONFIDENCE = 0.9
"""Chance, over tuning parts, that it is kept."""

Counts = TypeVar("Counts", bound=PerRecording)

Chunks = Iterable[tuple[Sequence[Recording], FramePosterior]]


@dataclass(frozen=True)
class Cost:
    """What the answer cost; None where it was not measured."""

    seconds_per_audio_second: float | None = None
    peak_memory_mb: float | None = None
    parameters: int | None = None
    training_seconds: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """Counts of every recording, and what follows from them.

    Attributes
    ----------
    frames, near, away
        Counts of all frames, of those within 50 ms of a change of label, and of the others.
    stages
        Of the two stages that any law over the classes has (silence or sound; which pitch, given
        sound): counts of the first over all frames, of the second over sounding ones.
    notes
        Counts of matched notes.
    conditions, takes
        Of every recording.
    seen_takes
        Takes that the model was fitted or tuned on.
    alarm
        A sentence, where draws were asked for and are one and the same.
    raw, raw_notes
        Counts of all frames and of notes before recalibration; None where nothing recalibrates.
    places
        Kind of place (run length, level) to place to the counts of its frames.
    tuned
        What the tuning part said: recalibration, conformal sets, accepted frames.
    sets
        Of each stored level, how often its sets hold the truth.
    accepted
        Counts of accepted frames.
    """

    ids: tuple[str, ...]
    conditions: tuple[str, ...]
    takes: tuple[str, ...]
    vocabulary: Vocabulary
    frames: FrameCounts
    near: FrameCounts
    away: FrameCounts
    stages: dict[str, FrameCounts]
    notes: NoteCounts
    draws: int
    seen_takes: tuple[str, ...] = ()
    alarm: str | None = None
    cost: Cost = field(default_factory=Cost)
    raw: FrameCounts | None = None
    raw_notes: NoteCounts | None = None
    places: dict[str, dict[str, FrameCounts]] = field(default_factory=dict)
    tuned: Tuned = field(default_factory=Tuned)
    sets: tuple[SetCounts, ...] = ()
    accepted: AcceptCounts | None = None

    def to_dict(
        self, *, resamples: int = RESAMPLES, seed: int = 0, accept_error: float = ACCEPT_ERROR
    ) -> dict[str, Any]:
        """The content of ``metrics.json``: every score with its 95 % interval.

        Parameters
        ----------
        resamples, seed
            Of the recordings; all scores see the same resamples.
        accept_error
            Share of accepted frames that may be wrong: what threshold keeps it, and does it?
        """
        everyone = np.ones(len(self.ids), dtype=bool)
        taken = np.array([bool(t) and t in self.seen_takes for t in self.takes], dtype=bool)
        scores = self._scores(everyone, resamples, seed)
        conditions = sorted(set(self.conditions) - {""})
        by_condition = {
            name: self._scores(np.array(self.conditions) == name, resamples, seed)
            for name in conditions
        }
        return {
            "format_version": 1,
            "recordings": len(self.ids),
            "frames": int(self.frames.frames.sum()),
            "draws": self.draws,
            "metrics": scores,
            "raw": scores if self.raw is None else self._raw_scores(resamples, seed),
            "per_class": self._per_class(resamples, seed),
            "per_condition": by_condition,
            "stages": self._stages(resamples, seed),
            "near_boundary": self._scores(everyone, resamples, seed, self.near),
            "away_from_boundary": self._scores(everyone, resamples, seed, self.away),
            "without_seen_takes": (
                self._scores(~taken, resamples, seed) if taken.any() and not taken.all() else None
            ),
            "by_place": self._by_place(resamples, seed),
            "calibration": {
                "recalibration": self.tuned.recalibration.name,
                "gain": self._gain(resamples, seed),
                "conformal": [self._coverage(i, resamples, seed) for i in range(len(self.sets))],
                "accept": self._accept(accept_error, resamples, seed),
                **findings(self.frames, self.vocabulary.names, resamples=resamples, seed=seed),
            },
            "confusion": self.frames.confusion.sum(axis=0).astype(int).tolist(),
            "cost": vars(self.cost),
        }

    def _scores(
        self,
        which: NDArray[np.bool_],
        resamples: int,
        seed: int,
        frames: FrameCounts | None = None,
    ) -> dict[str, Any]:
        """Scores of some recordings; of their notes, too, unless only some frames are asked for."""
        weights = resample_weights(int(which.sum()), resamples, np.random.default_rng(seed))
        found = intervals((frames or self.frames).select(which).metrics_of, weights)
        if frames is None:
            found |= intervals(self.notes.select(which).metrics_of, weights)
        return {name: _triple(found.get(name)) for name in NAMES}

    def _raw_scores(self, resamples: int, seed: int) -> dict[str, Any]:
        assert self.raw is not None
        assert self.raw_notes is not None
        weights = resample_weights(len(self.ids), resamples, np.random.default_rng(seed))
        found = intervals(self.raw.metrics_of, weights)
        found |= intervals(self.raw_notes.metrics_of, weights)
        return {name: _triple(found.get(name)) for name in NAMES}

    def _gain(self, resamples: int, seed: int) -> dict[str, Any] | None:
        """Recalibrated less raw, paired: below zero is better but for accuracy and the like."""
        if self.raw is None:
            return None
        raw = self.raw
        weights = resample_weights(len(self.ids), resamples, np.random.default_rng(seed))

        def difference(w: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
            after, before = self.frames.metrics_of(w), raw.metrics_of(w)
            return {name: after[name] - before[name] for name in after}

        found = intervals(difference, weights)
        return {name: _triple(one) for name, one in found.items()}

    def _coverage(self, i: int, resamples: int, seed: int) -> dict[str, Any]:
        """Of the sets of one level: how often they hold the truth, and how large they are."""
        sets, counts = self.tuned.sets[i], self.sets[i]

        def scores(which: NDArray[np.bool_]) -> dict[str, Any]:
            drawn = resample_weights(int(which.sum()), resamples, np.random.default_rng(seed))
            found = intervals(counts.select(which).metrics_of, drawn)
            return {name: _triple(one) for name, one in found.items()}

        everyone = np.ones(len(self.ids), dtype=bool)
        weights = resample_weights(len(self.ids), resamples, np.random.default_rng(seed))
        by_class = intervals_by_class(counts.per_class_of, weights)
        return {
            "level": sets.level,
            "way": sets.way,
            **scores(everyone),
            "per_class": {
                name: {score: _triple(one) for score, one in found.items()}
                for name, found in zip(self.vocabulary.names, by_class, strict=True)
            },
            "per_condition": {
                name: scores(np.array(self.conditions) == name)
                for name in sorted(set(self.conditions) - {""})
            },
            "warnings": sets.warnings(self.vocabulary.names),
        }

    def _accept(self, error: float, resamples: int, seed: int) -> dict[str, Any] | None:
        """The threshold the tuning part gives, and the error and share kept of these recordings."""
        if self.tuned.accepted is None or self.accepted is None:
            return None
        chosen = accept(self.tuned.accepted, error, confidence=ACCEPT_CONFIDENCE, resamples=10)
        wrong, kept = realised(self.accepted, chosen.threshold, resamples=resamples, seed=seed)
        return {
            "asked": error,
            "confidence": ACCEPT_CONFIDENCE,
            "threshold": chosen.threshold if chosen.threshold <= 1 else None,
            "error": _triple(wrong),
            "kept": _triple(kept),
            "promise": chosen.promise,
        }

    def _stages(self, resamples: int, seed: int) -> dict[str, Any]:
        """Scores of silence against sound, and of the pitch where there is sound."""
        weights = resample_weights(len(self.ids), resamples, np.random.default_rng(seed))
        return {
            name: _quick(counts, weights) if counts.frames.any() else None
            for name, counts in self.stages.items()
        }

    def _by_place(self, resamples: int, seed: int) -> dict[str, Any]:
        """Scores by run length, level and take; only those that are quick to resample."""
        weights = resample_weights(len(self.ids), resamples, np.random.default_rng(seed))
        scored = {
            kind: {
                place: _quick(counts, weights)
                for place, counts in places.items()
                if counts.frames.any()
            }
            for kind, places in self.places.items()
        }
        takes = sorted(set(self.takes) - {""})
        by_take = {}
        for take in takes:
            which = np.array(self.takes) == take
            drawn = resample_weights(int(which.sum()), resamples, np.random.default_rng(seed))
            by_take[take] = _quick(self.frames.select(which), drawn)
        return {**scored, "take": by_take}

    def _per_class(self, resamples: int, seed: int) -> dict[str, Any]:
        weights = resample_weights(len(self.ids), resamples, np.random.default_rng(seed))
        found = intervals_by_class(self.frames.per_class_of, weights)
        trusted = trust(self.frames, weights)
        return {
            name: {score: _triple(scores.get(score)) for score in PER_CLASS_NAMES}
            | {"trust": trusted[k]}
            for k, (name, scores) in enumerate(zip(self.vocabulary.names, found, strict=True))
        }


def evaluate(
    model: Posterior,
    data: Dataset,
    *,
    draws: int = 30,
    predictions: Path | None = None,
    draws_too: bool = False,
    progress: Callable[[int, int], None] | None = None,
    tap: Callable[[Chunks], Chunks] = lambda chunks: chunks,
) -> Evaluation:
    """Predict recordings, compare with their references, count.

    Parameters
    ----------
    model
        Fitted.
    data
        Recordings with references, over the model's vocabulary.
    draws
        For models that draw.
    predictions
        Where to write the predictions of all frames as NetCDF, if anywhere.
    draws_too
        Whether every draw is written there, too.
    progress
        Called with the number of recordings done, and of all.
    tap
        Given the chunks before they are counted, gives them on: for whoever wants to see each
        prediction, which is made once. Its time does not count as the model's.

    Raises
    ------
    InputError
        If the data have other pitches than the model knows, or a recording no reference.
    """
    if data.vocabulary.pitches != model.vocabulary.pitches:
        raise InputError(
            f"{data.name} has the pitches {', '.join(data.vocabulary.names[1:])}, the model knows "
            f"{', '.join(model.vocabulary.names[1:])}"
        )
    clock = _Clock()
    chunks = clock.timed(model.predict_chunks(data, draws, raw=True))
    evaluation = evaluate_chunks(
        tap(chunks),
        model.decoder,
        tuned=model.calibration,
        total=len(data),
        seen_takes=model.seen.takes,
        predictions=predictions,
        draws_too=draws_too,
        progress=progress,
    )
    sound = sum(r.duration for r in data)
    cost = Cost(
        clock.seconds / sound, _peak_memory_mb(), model.parameter_count, model.record.seconds
    )
    return Evaluation(**{**vars(evaluation), "cost": cost})


def evaluate_chunks(
    chunks: Chunks,
    decoder: Decoder,
    *,
    tuned: Tuned | None = None,
    total: int,
    seen_takes: Sequence[str] = (),
    predictions: Path | None = None,
    draws_too: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Count what any source of posteriors says of recordings with references.

    Posteriors come as they are before recalibration; that of ``tuned`` is applied here.
    """
    tuned = tuned or Tuned()
    members: list[Recording] = []
    frames, near, away, notes = [], [], [], []
    before: list[FrameCounts] = []
    notes_before: list[NoteCounts] = []
    sets: list[list[SetCounts]] = [[] for _ in tuned.sets]
    accepted: list[AcceptCounts] = []
    of_stages: dict[str, list[FrameCounts]] = {name: [] for name in stages.NAMES}
    places: dict[str, dict[str, list[FrameCounts]]] = {"run_length": {}, "level": {}}
    kept: list[xarray.Dataset] = []
    draws, vocabulary = 0, Vocabulary()
    alarm: str | None = None
    for recordings, raw in chunks:
        posterior = recalibrated(raw, tuned.recalibration)
        if not members:
            from bayes_a2m.posteriors.diagnosis import collapsed

            alarm = collapsed(raw)
        draws, vocabulary, grid = posterior.draws, posterior.vocabulary, posterior.grid
        labels = [r.labels(grid, vocabulary) for r in recordings]
        decoded = decoder.decode(posterior)
        for i, recording in enumerate(recordings):
            probs, truth = posterior.of(i), labels[i]
            close = near_boundary(truth, grid)
            frames.append(FrameCounts.of(probs, truth))
            near.append(FrameCounts.of(probs[close], truth[close]))
            away.append(FrameCounts.of(probs[~close], truth[~close]))
            for name, counted_stage in _of_stages(probs, truth).items():
                of_stages[name].append(counted_stage)
            notes.append(NoteCounts.of(recording.notes or (), decoded[i].notes, recording.duration))
            accepted.append(AcceptCounts.of(probs, truth))
            for of_level, kept_sets in zip(tuned.sets, sets, strict=True):
                kept_sets.append(SetCounts.of(of_level.sets(probs), truth))
            for kind, counted in _of_places(recording, probs, truth, grid).items():
                for place, one in counted.items():
                    places[kind].setdefault(place, []).append(one)
        if raw is not posterior:
            decoded = decoder.decode(raw)
            for i, recording in enumerate(recordings):
                before.append(FrameCounts.of(raw.of(i), labels[i]))
                found = NoteCounts.of(recording.notes or (), decoded[i].notes, recording.duration)
                notes_before.append(found)
        if predictions is not None:
            kept.append(posterior.to_xarray(labels, draws_too=draws_too))
        members.extend(recordings)
        if progress is not None:
            progress(len(members), total)
    if not members:
        raise InputError("no recording to evaluate")
    if predictions is not None:
        _write_predictions(predictions, kept)
    return Evaluation(
        ids=tuple(r.id for r in members),
        conditions=tuple(r.condition for r in members),
        takes=tuple(r.take for r in members),
        vocabulary=vocabulary,
        frames=_stacked(frames),
        near=_stacked(near),
        away=_stacked(away),
        stages={name: _stacked(parts) for name, parts in of_stages.items()},
        notes=_stacked(notes),
        draws=draws,
        seen_takes=tuple(seen_takes),
        alarm=alarm,
        raw=_stacked(before) if before else None,
        raw_notes=_stacked(notes_before) if notes_before else None,
        places={
            kind: {place: _stacked(parts) for place, parts in found.items()}
            for kind, found in places.items()
        },
        tuned=tuned,
        sets=tuple(_stacked(parts) for parts in sets),
        accepted=_stacked(accepted),
    )


def _of_places(
    recording: Recording, probabilities: NDArray[np.float32], labels: Ints, grid: FrameGrid
) -> dict[str, dict[str, FrameCounts]]:
    """Counts of the frames of one recording by the places they are at, without histograms."""
    level = level_of(recording.audio(grid.sample_rate), grid, labels.size)
    return {
        kind: {
            place: FrameCounts.of(probabilities[mask], labels[mask], fine=False)
            for place, mask in masks.items()
        }
        for kind, masks in (
            ("run_length", by_run_length(labels, grid)),
            ("level", by_level(level)),
        )
    }


def _of_stages(probabilities: NDArray[np.float32], labels: Ints) -> dict[str, FrameCounts]:
    """Counts of both stages of the law of one recording, without histograms."""
    parts = stages.parted(probabilities, labels)
    return {name: FrameCounts.of(*part, fine=False) for name, part in parts.items()}


def _stacked(parts: list[Counts]) -> Counts:
    """All recordings as one; the parts are let go, so that no two kinds are held twice."""
    whole = type(parts[0]).stack(parts)
    parts.clear()
    return whole


def _quick(counts: FrameCounts, weights: NDArray[np.int64]) -> dict[str, Any]:
    """Quick scores of a place, with how many frames and recordings it has."""
    found = intervals(counts.quick_metrics_of, weights)
    facts = {"frames": int(counts.frames.sum()), "recordings": int((counts.frames > 0).sum())}
    return {**facts, **{name: _triple(one) for name, one in found.items()}}


class _Clock:
    """Counts the seconds spent inside an iterator, not those of whoever consumes it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, chunks: Chunks) -> Iterator[tuple[Sequence[Recording], FramePosterior]]:
        source = iter(chunks)
        while True:
            start = time.perf_counter()
            chunk = next(source, None)
            self.seconds += time.perf_counter() - start
            if chunk is None:
                return
            yield chunk


def _triple(interval: Interval | None) -> dict[str, float | None] | None:
    """A score as ``metrics.json`` holds it; null where this version has no such score."""
    return None if interval is None else vars(interval)


def _write_predictions(path: Path, kept: Sequence[xarray.Dataset]) -> None:
    import xarray

    longest = max(d.sizes["frame"] for d in kept)
    classes = kept[0].sizes["class"]
    fill = {"label": -1, "time": np.nan, "log_probs": -np.log(classes)}
    widened = [d.pad(frame=(0, longest - d.sizes["frame"]), constant_values=fill) for d in kept]
    whole = xarray.concat(
        [d.drop_vars("time") for d in widened], dim="recording", combine_attrs="override"
    )
    times = next(d["time"] for d in kept if d.sizes["frame"] == longest)
    write_netcdf(path, whole.assign_coords(time=times))


def _peak_memory_mb() -> float:
    """Most memory this process ever held, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0)
