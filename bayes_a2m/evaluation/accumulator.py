"""Recordings boiled down to sufficient statistics, one chunk after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.conformal import SetStatistics
from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.transcription import Transcriptions
from bayes_a2m.evaluation.evaluation import Evaluation
from bayes_a2m.evaluation.note_evaluation import NoteEvaluation
from bayes_a2m.metrics import stages
from bayes_a2m.metrics.inputs import Ints
from bayes_a2m.metrics.metric import registered
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.metrics.recording_statistics import RecordingStatistics
from bayes_a2m.metrics.slices import by_level, by_run_length, level_of
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics, SufficientStatistics
from bayes_a2m.music import FrameGrid, Note, Vocabulary
from bayes_a2m.music.notes import near_boundary
from bayes_a2m.prediction.posterior import FramePosterior

if TYPE_CHECKING:
    from bayes_a2m.decoding.note_decoder import FramesToNotes

Counts = TypeVar("Counts", bound=SufficientStatistics)

Chunks: TypeAlias = Iterable[tuple[Sequence[Recording], FramePosterior]]
"""A few recordings and their posterior, before recalibration."""


class Accumulator:
    """Sufficient statistics of the recordings seen so far.

    Parameters
    ----------
    decoder
        Turns frames into notes.
    tuned
        What the tuning split gave; its conformal sets are evaluated.
    """

    def __init__(self, decoder: FramesToNotes, tuned: Calibrator) -> None:
        self.decoder = decoder
        self.tuned = tuned
        self.recordings: list[Recording] = []
        self._draws, self._vocabulary = 0, Vocabulary()
        self._alarm: str | None = None
        self._frames: list[FrameStatistics] = []
        self._near: list[FrameStatistics] = []
        self._away: list[FrameStatistics] = []
        self._notes: list[NoteStatistics] = []
        self._raw: list[FrameStatistics] = []
        self._raw_notes: list[NoteStatistics] = []
        self._sure: list[NoteEvaluation] = []
        self._raw_sure: list[NoteEvaluation] = []
        self._accepted: list[AcceptStatistics] = []
        self._sets: list[list[SetStatistics]] = [[] for _ in tuned.sets]
        self._stages: dict[str, list[FrameStatistics]] = {name: [] for name in stages.NAMES}
        self._places: dict[str, dict[str, list[FrameStatistics]]] = {"run_length": {}, "level": {}}
        self._metrics = registered()
        self._other: dict[str, list[RecordingStatistics]] = {m.name: [] for m in self._metrics}
        self._raw_other: dict[str, list[RecordingStatistics]] = {m.name: [] for m in self._metrics}

    def update(
        self,
        recordings: Sequence[Recording],
        posterior: FramePosterior,
        raw: FramePosterior,
        transcriptions: Transcriptions,
    ) -> None:
        """Add a chunk of recordings.

        Parameters
        ----------
        recordings
            With references.
        posterior, raw
            Their posterior after and before recalibration; one and the same where nothing
            recalibrates.
        transcriptions
            The notes decoded from ``posterior``.

        Raises
        ------
        InputError
            If a recording has no reference.
        """
        if not self.recordings:
            from bayes_a2m.diagnostics import collapsed

            self._alarm = collapsed(raw)
        self._draws, self._vocabulary = posterior.draws, posterior.vocabulary
        labels = [r.labels(posterior.grid, posterior.vocabulary) for r in recordings]
        for i, recording in enumerate(recordings):
            self._count(recording, posterior.of(i), labels[i], posterior.grid)
            self._notes.append(_note_counts(recording, transcriptions[i].notes))
            if transcriptions[i].posterior is not None:
                self._sure.append(NoteEvaluation.of(recording, transcriptions[i]))
        self._add_others(self._other, posterior, labels)
        if raw is not posterior:
            conditions = [r.condition for r in recordings]
            raw_transcriptions = self.decoder.decode(raw, conditions=conditions)
            for i, recording in enumerate(recordings):
                self._raw.append(FrameStatistics.of(raw.of(i), labels[i]))
                self._raw_notes.append(_note_counts(recording, raw_transcriptions[i].notes))
                if raw_transcriptions[i].posterior is not None:
                    self._raw_sure.append(NoteEvaluation.of(recording, raw_transcriptions[i]))
            self._add_others(self._raw_other, raw, labels)
        self.recordings.extend(recordings)

    def _count(
        self, recording: Recording, probs: NDArray[np.float32], truth: Ints, grid: FrameGrid
    ) -> None:
        """Add everything that the frames of one recording are needed for."""
        close = near_boundary(truth, grid)
        self._frames.append(FrameStatistics.of(probs, truth))
        self._near.append(FrameStatistics.of(probs[close], truth[close]))
        self._away.append(FrameStatistics.of(probs[~close], truth[~close]))
        self._accepted.append(AcceptStatistics.of(probs, truth))
        for of_level, counts in zip(self.tuned.sets, self._sets, strict=True):
            counts.append(SetStatistics.of(of_level.sets(probs), truth))
        # stages and places are many: without histograms
        for stage, part in stages.parted(probs, truth).items():
            self._stages[stage].append(FrameStatistics.of(*part, fine=False))
        level = level_of(recording.audio(grid.sample_rate), grid, truth.size)
        masks = {"run_length": by_run_length(truth, grid), "level": by_level(level)}
        for kind, places in masks.items():
            for place, mask in places.items():
                one = FrameStatistics.of(probs[mask], truth[mask], fine=False)
                self._places[kind].setdefault(place, []).append(one)

    def _add_others(
        self,
        kept: dict[str, list[RecordingStatistics]],
        posterior: FramePosterior,
        labels: Sequence[Ints],
    ) -> None:
        """Add what the metrics of other packages want of every recording."""
        if not self._metrics:
            return
        for i, truth in enumerate(labels):
            alone = posterior.alone(i)
            for metric in self._metrics:
                kept[metric.name].append(RecordingStatistics.of(metric, alone, truth))

    def compute(self, seen_takes: Sequence[str] = ()) -> Evaluation:
        """The evaluation of all recordings together; the accumulator is empty then."""
        members = self.recordings
        return Evaluation(
            ids=tuple(r.id for r in members),
            conditions=tuple(r.condition for r in members),
            takes=tuple(r.take for r in members),
            vocabulary=self._vocabulary,
            frames=_stacked(self._frames),
            near=_stacked(self._near),
            away=_stacked(self._away),
            stages={name: _stacked(parts) for name, parts in self._stages.items()},
            notes=_stacked(self._notes),
            draws=self._draws,
            seen_takes=tuple(seen_takes),
            alarm=self._alarm,
            raw=_stacked(self._raw) if self._raw else None,
            raw_notes=_stacked(self._raw_notes) if self._raw_notes else None,
            sure=NoteEvaluation.stack(self._sure) if self._sure else None,
            raw_sure=NoteEvaluation.stack(self._raw_sure) if self._raw_sure else None,
            places={
                kind: {place: _stacked(parts) for place, parts in found.items()}
                for kind, found in self._places.items()
            },
            tuned=self.tuned,
            sets=tuple(_stacked(parts) for parts in self._sets),
            accepted=_stacked(self._accepted),
            other={name: _stacked(parts) for name, parts in self._other.items()},
            raw_other={name: _stacked(parts) for name, parts in self._raw_other.items() if parts},
        )


def _note_counts(recording: Recording, found: Sequence[Note]) -> NoteStatistics:
    return NoteStatistics.of(recording.notes or (), found, recording.duration)


def _stacked(parts: list[Counts]) -> Counts:
    """Stack all recordings; the parts are let go, so that no two kinds are held twice."""
    whole = type(parts[0]).stack(parts)
    parts.clear()
    return whole
