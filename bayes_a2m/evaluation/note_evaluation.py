"""Statistics of the probabilities of notes and of what came of them, recording by recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.metrics.inputs import Floats
from bayes_a2m.metrics.kernels import ratio
from bayes_a2m.metrics.note_calibration import (
    IntervalStatistics,
    NoteCalibrationStatistics,
    NoteOutcomes,
    rank_correlation,
)
from bayes_a2m.metrics.sufficient_statistics import SufficientStatistics
from bayes_a2m.music import Note

if TYPE_CHECKING:
    from bayes_a2m.decoding.transcription import Transcription

LEVEL = 0.9
"""Probability within the intervals of times and of the number of notes."""

TOLERANCE = 0.05
"""Seconds around an onset within which a note is right, where a posterior does not say."""


@dataclass(frozen=True, eq=False)
class ForecastStatistics(SufficientStatistics):
    """Forecasts of every recording and what came true; each ``(R,)``.

    Attributes
    ----------
    forecasts
        1 for a recording with a forecast.
    expected_notes, notes
        The expected number of notes and the true one.
    number_held
        1 where the central 90 % interval of the number holds the true one.
    expected_f1, f1
        The expected onset F1 and the true one, 0 each where there is no note at all.
    scored
        1 where there is a note, so that there is an F1.
    """

    forecasts: Floats
    expected_notes: Floats
    notes: Floats
    number_held: Floats
    expected_f1: Floats
    f1: Floats
    scored: Floats

    @classmethod
    def of(cls, transcription: Transcription, outcomes: NoteOutcomes) -> ForecastStatistics:
        """The forecasts of one recording; none where there is no posterior."""
        one = transcription.posterior
        if one is None:
            return cls(*np.zeros((7, 1)))
        true = outcomes.found.size
        distribution = one.number_of_notes()
        below = np.cumsum(distribution)
        low, high = np.searchsorted(below, [(1 - LEVEL) / 2 + 1e-9, (1 + LEVEL) / 2 - 1e-9])
        both = true + len(one.notes)
        values = (
            1.0,
            float(distribution @ np.arange(distribution.size)),
            float(true),
            float(low <= true <= high),
            one.expected_f1 if both else 0.0,
            2 * float(outcomes.right.sum()) / both if both else 0.0,
            float(both > 0),
        )
        return cls(*(np.array([value]) for value in values))

    def metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Scores of every row of weights ``(S, R)``, each ``(S,)``; nan where undefined.

        Returns
        -------
        dict
            ``expected_notes`` and ``notes``, the means over recordings; ``number_coverage``, how
            often the interval of the number holds it; ``expected_f1`` and ``f1``, the means over
            recordings with notes; ``rank_correlation`` of the two.
        """
        w = self.weights(weights)
        count, scored = w @ self.forecasts, w @ self.scored
        known = self.scored > 0
        ranks = rank_correlation(
            np.where(known, self.expected_f1, np.nan), np.where(known, self.f1, np.nan), w
        )
        return {
            "expected_notes": ratio(w @ self.expected_notes, count),
            "notes": ratio(w @ self.notes, count),
            "number_coverage": ratio(w @ self.number_held, count),
            "expected_f1": ratio(w @ self.expected_f1, scored),
            "f1": ratio(w @ self.f1, scored),
            "rank_correlation": ranks,
        }


Forecast: TypeAlias = Callable[[NoteOutcomes], ForecastStatistics]
"""Makes the forecasts of a recording, beside what came of its notes."""


@dataclass(frozen=True, eq=False)
class NoteEvaluation:
    """Statistics of the notes of every recording and of their probabilities.

    Attributes
    ----------
    calibration
        Notes predicted, their probabilities, and what came of them.
    onsets, offsets
        Intervals of times, and how often they held them.
    forecasts
        Forecasts of the number of notes and of the onset F1.
    accepted
        Accepted notes by threshold of their probability.
    """

    calibration: NoteCalibrationStatistics
    onsets: IntervalStatistics
    offsets: IntervalStatistics
    forecasts: ForecastStatistics
    accepted: AcceptStatistics

    @classmethod
    def of(cls, recording: Recording, transcription: Transcription) -> NoteEvaluation:
        """The statistics of one recording whose notes have probabilities."""
        sure = transcription.probabilities or ()
        tolerance = transcription.posterior.tolerance if transcription.posterior else TOLERANCE
        known = transcription.hypotheses or ()
        return cls.of_notes(
            recording,
            transcription.notes,
            sure,
            tolerance=tolerance,
            onsets=[one.onset_interval for one in known],
            offsets=[one.offset_interval for one in known],
            forecast=lambda outcomes: ForecastStatistics.of(transcription, outcomes),
        )

    @classmethod
    def of_notes(
        cls,
        recording: Recording,
        notes: Sequence[Note],
        probabilities: ArrayLike,
        *,
        tolerance: float = TOLERANCE,
        onsets: Sequence[tuple[float, float]] | None = None,
        offsets: Sequence[tuple[float, float]] | None = None,
        forecast: Forecast | None = None,
    ) -> NoteEvaluation:
        """The statistics of one recording's notes, of any origin.

        Parameters
        ----------
        recording
            With its reference.
        notes, probabilities
            The notes and the probability of each; nan where it is not known.
        tolerance
            Seconds around an onset within which a note is right.
        onsets, offsets
            The interval of each note's times; none unless given.
        forecast
            Makes the forecasts from what came of the notes; none unless given.
        """
        reference, duration = recording.notes or (), recording.duration
        outcomes = NoteOutcomes.of(reference, notes, probabilities, duration, tolerance=tolerance)
        nothing = [(np.nan, np.nan)] * len(notes)
        known = ~np.isnan(outcomes.probability)
        return cls(
            # the same simulated outcomes whatever the company and the order of the recording
            NoteCalibrationStatistics.of(outcomes, np.random.default_rng(0)),
            IntervalStatistics.of(reference, notes, onsets or nothing, duration, time="onset"),
            IntervalStatistics.of(reference, notes, offsets or nothing, duration, time="offset"),
            ForecastStatistics(*np.zeros((7, 1))) if forecast is None else forecast(outcomes),
            AcceptStatistics.of_outcomes(outcomes.probability[known], outcomes.right[known]),
        )

    def __len__(self) -> int:
        """Recordings."""
        return len(self.calibration)

    def select(self, indices: ArrayLike) -> Self:
        """Pick recordings by their indices, or where a mask is true, in that order."""
        return type(self)(**{f.name: getattr(self, f.name).select(indices) for f in fields(self)})

    @classmethod
    def stack(cls, parts: Sequence[NoteEvaluation]) -> NoteEvaluation:
        """The recordings of all parts, in order."""
        return cls(
            NoteCalibrationStatistics.stack([one.calibration for one in parts]),
            IntervalStatistics.stack([one.onsets for one in parts]),
            IntervalStatistics.stack([one.offsets for one in parts]),
            ForecastStatistics.stack([one.forecasts for one in parts]),
            AcceptStatistics.stack([one.accepted for one in parts]),
        )
