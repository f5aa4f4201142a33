"""Whether the probabilities of notes can be believed.

The event: a predicted note is **right** if the reference has a note of its pitch whose onset is
within the tolerance (50 ms, unless said otherwise), matched one to one by the rules of
:mod:`bayes_a2m.metrics.notes`; reference notes with less than 50 ms inside the recording are left
out there. A note's probability is to be that of this event.

Two questions, and neither alone is enough.

- **Of the notes predicted**: of those given 0.8, are eight in ten right? Reliability, the
  calibration
  error (ECE, in :data:`BINS` bins of equal width, closed on the right), and a test by recording. To
  predict only the surest note would answer this well.
- **Of the notes there are**: the Brier score per reference note,

      (sum over predicted notes of (p - right)^2 + reference notes that none matches) / reference

  A note that is missed counts one, as if it had been predicted to be impossible. To say little wins
  nothing.

**Debiasing.** The ECE takes absolute values, so chance alone makes it positive: 866 notes with true
probabilities have one of about 0.025. What chance gives is found by simulation (every note right
with its own probability, independently) and subtracted; the result may be below 0.

A missing confidence (a tool that gives none for a note) is unknown, not zero: such a note counts
for what is found and missed, and in no score of its probability; where a recording has one, its
Brier score is undefined, and so is that of any sum with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.cumulative import CalibrationTest, calibration_test
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.metrics.kernels import bin_of, ece_of_bins, error_auroc_of_blocks, ratio
from bayes_a2m.metrics.notes import audible, matched_pairs
from bayes_a2m.metrics.sufficient_statistics import SufficientStatistics
from bayes_a2m.music import Note

BINS = 10
"""Bins of the calibration error of notes, of which there are hundreds, not 100,000."""

FINE_BINS = 400
"""Bins from which the AUROC and the tests are read, of equal width in log-odds.

Most notes are nearly sure: of those above 0.995, bins of probability would make one, and ties.
"""

LARGEST_LOG_ODDS = 12.0
"""Log-odds beyond which probabilities are told apart no more."""

SIMULATIONS = 200
"""Simulated outcomes a recording from which the bias of the ECE is taken."""


@dataclass(frozen=True, eq=False)
class NoteOutcomes:
    """The predicted notes of one recording and what came of them.

    Attributes
    ----------
    probability
        Of each predicted note, ``(note,)``; nan where none is known.
    right
        Whether each is, ``(note,)``.
    found
        Whether each reference note inside the recording is matched, ``(reference,)``.
    """

    probability: Floats
    right: NDArray[np.bool_]
    found: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        reference: Sequence[Note],
        predicted: Sequence[Note],
        probability: ArrayLike,
        duration: float,
        *,
        tolerance: float = 0.05,
    ) -> NoteOutcomes:
        """Match a recording's notes.

        Parameters
        ----------
        reference, predicted
            Notes, in any order.
        probability
            Of every predicted note, nan where it is not known.
        duration
            Seconds of the recording.
        tolerance
            Seconds between onsets.

        Raises
        ------
        InputError
            If there is not one probability a note, or one lies outside 0 to 1.

        >>> sung = [Note(0.5, 1.5, 60), Note(2.0, 3.0, 64)]
        >>> said = [Note(0.52, 1.5, 60), Note(2.2, 3.0, 64)]
        >>> one = NoteOutcomes.of(sung, said, [0.9, 0.4], 4.0)
        >>> one.right.tolist(), one.found.tolist()
        ([True, False], [True, False])
        """
        p = np.asarray(probability, dtype=np.float64)
        if p.shape != (len(predicted),):
            raise InputError(f"{len(predicted)} notes, but probabilities of shape {p.shape}")
        known = p[~np.isnan(p)]
        if known.size and not (known.min() >= 0 and known.max() <= 1):
            raise InputError(
                f"probabilities of notes must lie in 0 to 1, not {known.min():.4g} to "
                f"{known.max():.4g}"
            )
        truth = audible(reference, duration)
        right, found = np.zeros(len(predicted), dtype=bool), np.zeros(len(truth), dtype=bool)
        for i, j in matched_pairs(truth, predicted, onset_tolerance=tolerance):
            found[i] = right[j] = True
        return cls(p, right, found)


@dataclass(frozen=True, eq=False)
class NoteCalibrationStatistics(SufficientStatistics):
    """Sums over the notes of every recording; R recordings, B bins, F fine bins, M simulations.

    Attributes
    ----------
    reference, missed
        Reference notes, and those that no predicted note matches, ``(R,)``.
    notes, right
        Stated notes of known probability, and those that are right, ``(R,)``.
    unknown
        Stated notes without a probability, ``(R,)``.
    squared
        Sum of ``(p - right)^2``, ``(R,)``.
    bin_notes, bin_confidence, bin_right
        Notes, sums of their probabilities, and right ones, by bin, ``(R, B)``.
    simulated
        Right ones by bin were the probabilities true, ``(R, M, B)``.
    fine_right, fine_wrong, fine_gap
        Right ones, wrong ones, and the sum of ``p - right``, by fine bin, ``(R, F)``.
    """

    reference: Floats
    missed: Floats
    notes: Floats
    right: Floats
    unknown: Floats
    squared: Floats
    bin_notes: Floats
    bin_confidence: Floats
    bin_right: Floats
    simulated: Floats
    fine_right: Floats
    fine_wrong: Floats
    fine_gap: Floats

    @classmethod
    def of(
        cls,
        outcomes: NoteOutcomes,
        generator: np.random.Generator,
        *,
        simulations: int = SIMULATIONS,
    ) -> NoteCalibrationStatistics:
        """The sums of one recording; simulated outcomes come from the generator."""
        known = ~np.isnan(outcomes.probability)
        p, right = outcomes.probability[known], outcomes.right[known].astype(np.float64)
        coarse, fine = bin_of(p, BINS), _fine_bin_of(p)
        imagined = generator.random((simulations, p.size)) < p
        simulated = np.zeros((simulations, BINS))
        for b in range(BINS):
            simulated[:, b] = imagined[:, coarse == b].sum(axis=1)
        sums = (
            outcomes.found.size,
            (~outcomes.found).sum(),
            p.size,
            right.sum(),
            (~known).sum(),
            np.square(p - right).sum(),
            np.bincount(coarse, minlength=BINS),
            np.bincount(coarse, p, BINS),
            np.bincount(coarse, right, BINS),
            simulated,
            np.bincount(fine, right, FINE_BINS),
            np.bincount(fine, 1 - right, FINE_BINS),
            np.bincount(fine, p - right, FINE_BINS),
        )
        return cls(*(np.asarray(one, dtype=np.float64)[None] for one in sums))

    def metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """Scores of every row of weights.

        Parameters
        ----------
        weights
            How often each recording counts, shape ``(S, R)``.

        Returns
        -------
        dict
            Each ``(S,)``, nan where undefined: ``note_ece``; ``note_ece_by_chance``, the mean of
            simulations; ``note_ece_debiased``, the difference; ``note_brier`` per reference note;
            ``note_auroc``, the chance that a right note is surer than a wrong one;
            ``note_confidence`` and ``note_precision``, the mean probability and the share right;
            ``note_recall``.

        Raises
        ------
        InputError
            If the weights have another shape.
        """
        w = self.weights(weights)
        notes, reference = w @ self.notes, w @ self.reference
        predicted, right = w @ self.bin_confidence, w @ self.bin_right
        ece = ece_of_bins(predicted, right, notes)
        count, (_, simulations, bins) = w.shape[0], self.simulated.shape
        imagined = (w @ self.simulated.reshape(len(self), -1)).reshape(count, simulations, bins)
        chance = ece_of_bins(predicted[:, None], imagined, notes[:, None]).mean(axis=1)
        brier = ratio(w @ (self.squared + self.missed), reference)
        return {
            "note_ece": ece,
            "note_ece_by_chance": chance,
            "note_ece_debiased": ece - chance,
            "note_brier": np.where(w @ self.unknown > 0, np.nan, brier),
            "note_auroc": error_auroc_of_blocks(w @ self.fine_right, w @ self.fine_wrong),
            "note_confidence": ratio(predicted.sum(axis=1), notes),
            "note_precision": ratio(right.sum(axis=1), notes),
            "note_recall": ratio(w @ (self.reference - self.missed), reference),
        }

    def test(self, generator: np.random.Generator) -> CalibrationTest:
        """Are the probabilities true at every level? By flipping the signs of recordings.

        See :mod:`bayes_a2m.metrics.cumulative`.
        """
        return calibration_test(self.fine_gap, self.notes, generator)

    def reliability(self) -> dict[str, Floats]:
        """Reliability by bin, each ``(B,)``: ``notes``, mean ``confidence``, and ``accuracy``."""
        notes = self.bin_notes.sum(axis=0)
        return {
            "notes": notes,
            "confidence": ratio(self.bin_confidence.sum(axis=0), notes),
            "accuracy": ratio(self.bin_right.sum(axis=0), notes),
        }


@dataclass(frozen=True, eq=False)
class IntervalStatistics(SufficientStatistics):
    """Credible intervals of one kind of time, and how often they held it; each ``(R,)``.

    Attributes
    ----------
    intervals, held
        Stated notes that overlap a reference note of their pitch, and those whose interval
        holds its time.
    width
        Sum of the widths in seconds.
    """

    intervals: Floats
    held: Floats
    width: Floats

    @classmethod
    def of(
        cls,
        reference: Sequence[Note],
        predicted: Sequence[Note],
        intervals: ArrayLike,
        duration: float,
        *,
        time: str = "onset",
    ) -> IntervalStatistics:
        """The counts of one recording.

        Stated and reference notes are matched by pitch and overlap, with no tolerance on the
        onset: see :func:`overlap_pairs`.

        Parameters
        ----------
        reference, predicted
            Notes, in any order.
        intervals
            Low and high bound in seconds of every predicted note, ``(note, 2)``; nan where there is
            none, which is left out.
        duration
            Seconds of the recording.
        time
            ``onset`` or ``offset``.

        Raises
        ------
        InputError
            If there is not one interval a note, or another time is asked for.
        """
        bounds = np.asarray(intervals, dtype=np.float64).reshape(-1, 2)
        if bounds.shape[0] != len(predicted):
            raise InputError(f"{len(predicted)} notes, but {bounds.shape[0]} intervals")
        if time not in ("onset", "offset"):
            raise InputError(f"there are intervals of an onset or an offset, not of {time!r}")
        truth = audible(reference, duration)
        held = width = 0.0
        count = 0
        for i, j in overlap_pairs(truth, predicted):
            low, high = bounds[j]
            if np.isfinite([low, high]).all():
                count += 1
                held += low - 1e-4 <= getattr(truth[i], time) <= high + 1e-4
                width += high - low
        return cls(np.array([float(count)]), np.array([float(held)]), np.array([width]))

    def metrics_of(self, weights: ArrayLike) -> dict[str, Floats]:
        """``coverage`` and mean ``width`` in seconds of every row of weights ``(S, R)``."""
        w = self.weights(weights)
        count = w @ self.intervals
        return {"coverage": ratio(w @ self.held, count), "width": ratio(w @ self.width, count)}


def _fine_bin_of(p: Floats) -> Ints:
    """Bin of each probability among :data:`FINE_BINS`, by its log-odds."""
    with np.errstate(divide="ignore"):
        log_odds = np.log(p) - np.log1p(-p)
    inside = np.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
    return bin_of(0.5 + inside / (2 * LARGEST_LOG_ODDS), FINE_BINS)


def overlap_pairs(reference: Sequence[Note], predicted: Sequence[Note]) -> list[tuple[int, int]]:
    """Pairs of equal pitch that sound together, one to one, the longest together first.

    >>> sung = [Note(0.0, 1.0, 60), Note(1.0, 2.0, 60)]
    >>> overlap_pairs(sung, [Note(0.9, 1.9, 60), Note(0.1, 0.2, 62)])
    [(1, 0)]
    """
    together = [
        (min(a.offset, b.offset) - max(a.onset, b.onset), i, j)
        for i, a in enumerate(reference)
        for j, b in enumerate(predicted)
        if a.pitch == b.pitch
    ]
    pairs: list[tuple[int, int]] = []
    first, second = set(), set()
    for shared, i, j in sorted(together, key=lambda one: (-one[0], one[1], one[2])):
        if shared > 0 and i not in first and j not in second:
            first.add(i)
            second.add(j)
            pairs.append((i, j))
    return sorted(pairs)


def rank_correlation(forecast: ArrayLike, truth: ArrayLike, weights: ArrayLike) -> Floats:
    """Spearman's correlation of a forecast by recording with what came true.

    Parameters
    ----------
    forecast, truth
        One number a recording, ``(R,)``; recordings where either is nan are left out.
    weights
        How often each recording counts, whole numbers, ``(S, R)``.

    Returns
    -------
    ndarray, shape (S,)
        nan where one of the two does not vary.

    Raises
    ------
    InputError
        If shapes do not fit.

    >>> rank_correlation([0.1, 0.5, 0.9], [1.0, 2.0, 9.0], [[1, 1, 1]])
    array([1.])
    """
    x, y = np.asarray(forecast, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    w: Ints = np.asarray(weights).astype(np.int64)
    if x.ndim != 1 or x.shape != y.shape or w.ndim != 2 or w.shape[1] != x.size:
        raise InputError(
            f"forecasts {x.shape}, truths {y.shape} and weights {w.shape} do not go together"
        )
    known = np.isfinite(x) & np.isfinite(y)
    counted = w[:, known].astype(np.float64)
    n = counted.sum(axis=1)
    # twice the ranks and sums of them are whole numbers, so that what does not vary has variance 0
    a, b = (_twice_ranks(values[known], counted) - (n + 1)[:, None] for values in (x, y))
    covariance = (counted * a * b).sum(axis=1)
    variances = (counted * a**2).sum(axis=1) * (counted * b**2).sum(axis=1)
    found: Floats = np.full(w.shape[0], np.nan)
    np.divide(covariance, np.sqrt(variances), out=found, where=variances > 0)
    return found


def _twice_ranks(values: Floats, counts: Floats) -> Floats:
    """Twice the ranks ``(S, R)`` of values ``(R,)`` that count several times; ties share a mean."""
    below = (values[:, None] < values).astype(np.float64)
    same = (values[:, None] == values).astype(np.float64)
    ranks: Floats = counts @ (2 * below + same) + 1
    return ranks
