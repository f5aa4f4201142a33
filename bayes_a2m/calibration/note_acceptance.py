"""The choice of notes to accept: the probability from which on they keep an error rate.

The rule is that of frames (:mod:`bayes_a2m.calibration.selective`), on notes: a note is accepted
where its probability reaches a threshold, and is wrong where the reference has no note of its
pitch with its onset within the tolerance, matched one to one. The threshold comes from the notes of
the tuning recordings, tested by recording.

A promise is made only where one can be kept. There are few notes in a tuning split: of n accepted
notes, all right, one can say with a confidence c that less than a share e is wrong only if
``n >= ln(1 - c) / ln(1 - e)``, 45 at 5 % and 90 %. Where that is not so, where no threshold passes
the test, or where every note passes (then the threshold says nothing about which notes to doubt),
the threshold is one that promises nothing: the lowest at which the accepted notes of the tuning
split err by at most the share asked for, else the one above which notes have the accuracy asked
for by their own probability.

Thresholds are tested from the strictest down to the first that fails, which wants no correction for
their number (Angelopoulos et al. 2021, "Learn then test", https://arxiv.org/abs/2110.01052,
section 2.3). Where nearly all notes are right, the strictest keeps few of them, one of which is
wrong by chance, and the sequence ends before it began; so whether all notes may be accepted is
tested first, on a share of the chance of a broken promise (:data:`ALL_SHARE`) that the sequence
then lacks: a second start, as there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.calibration.selective import (
    AcceptStatistics,
    accept,
    all_pass,
    promise_words,
    thresholds,
)
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.note_calibration import NoteOutcomes
from bayes_a2m.music import Note

if TYPE_CHECKING:
    from bayes_a2m.decoding.note_decoder import NoteDecoder
    from bayes_a2m.decoding.note_posterior import NotePosterior
    from bayes_a2m.prediction.posterior import FramePosterior

TOLERANCES = (0.05, 0.1)
"""Onset tolerances in seconds at which a model counts its notes: MIREX's two."""

CONFIDENCE = 0.9
"""Chance, over tuning splits, that a promise is kept."""

ALL_SHARE = 0.2
"""Share of the chance of a broken promise that goes to accepting all notes."""


@dataclass(frozen=True)
class NoteThreshold:
    """The probability from which on notes are accepted.

    Attributes
    ----------
    threshold
        Notes of this probability and more are accepted.
    promised
        Whether something is promised of the accepted notes.
    words
        What is promised, or why nothing is, in a sentence.
    """

    threshold: float
    promised: bool
    words: str


def accepted_notes(
    posteriors: Sequence[NotePosterior], references: Sequence[Sequence[Note]]
) -> AcceptStatistics | None:
    """Count the accepted and the wrong notes of recordings at every threshold.

    Parameters
    ----------
    posteriors
        The notes of every recording.
    references
        The true notes of every recording.

    Returns
    -------
    AcceptStatistics or None
        None where no note is predicted.

    Raises
    ------
    InputError
        If there are not as many references as posteriors.
    """
    if len(posteriors) != len(references):
        raise InputError(f"{len(references)} references for {len(posteriors)} recordings")
    counts = []
    for one, truth in zip(posteriors, references, strict=True):
        found = NoteOutcomes.of(
            truth, one.notes, one.probabilities, one.duration, tolerance=one.tolerance
        )
        counts.append(AcceptStatistics.of_outcomes(found.probability, found.right))
    whole = AcceptStatistics.stack(counts)
    return whole if whole.frames.sum() else None


def note_counts(
    decoder: NoteDecoder,
    posterior: FramePosterior,
    references: Sequence[Sequence[Note]],
    conditions: Sequence[str | None],
) -> dict[str, AcceptStatistics | None]:
    """Count accepted notes at both tolerances, where conditions are known and where they are not.

    Parameters
    ----------
    decoder
        What infers notes.
    posterior
        Recalibrated predictions of the recordings.
    references
        The true notes of every recording.
    conditions
        The condition of every recording; None where it is not known.

    Returns
    -------
    dict of str to AcceptStatistics or None
        By the names that a :class:`~bayes_a2m.calibration.calibrator.Calibrator` has for them;
        those of known conditions only where the decoder knows several.
    """
    names = ("accepted_notes", "accepted_notes_100ms")
    inferred = decoder.infer_at(TOLERANCES, posterior)
    found = {
        name: accepted_notes(notes, references) for name, notes in zip(names, inferred, strict=True)
    }
    met = decoder.model.lag.conditions
    if any(met):
        # of a new recording the condition may be known: its notes have other probabilities
        known = [one if one in met else None for one in conditions]
        inferred = decoder.infer_at(TOLERANCES, posterior, conditions=known)
        for name, notes in zip(names, inferred, strict=True):
            found[f"{name}_conditioned"] = accepted_notes(notes, references)
    return found


def note_threshold(
    counts: AcceptStatistics | None, error: float, *, confidence: float = CONFIDENCE
) -> NoteThreshold:
    """Choose the probability from which on notes keep an error rate, and say what is promised.

    Parameters
    ----------
    counts
        What :func:`accepted_notes` gave of tuning recordings.
    error
        Share of the accepted notes that may be wrong, above 0 and below 1.
    confidence
        Chance that a promise is kept.

    Raises
    ------
    InputError
        If the error is out of range.

    >>> sure = AcceptStatistics.of_outcomes([0.9, 0.5], [True, False])
    >>> found = note_threshold(AcceptStatistics.stack([sure] * 10), 0.05)
    >>> 0.5 < found.threshold <= 0.9, found.promised, found.words
    (True, False, 'nothing is promised: ... too uncertain to be kept with 0.9 confidence')
    """
    if not 0 < error < 1:
        raise InputError(f"an error rate must lie between 0 and 1, not {error:g}")
    own = 1 - error
    if counts is None or not counts.frames.sum():
        return NoteThreshold(own, False, "nothing is promised: the tuning split has no notes")
    broken = 1 - confidence
    everything = all_pass(counts, error, confidence=1 - ALL_SHARE * broken)
    sequence = 1 - (1 - ALL_SHARE) * broken
    tested = accept(counts, error, confidence=sequence, resamples=1, what="notes")
    plain = accept(counts, error, resamples=1, what="notes").threshold
    kept = _accepted(counts, tested.threshold)
    if everything or kept == counts.frames.sum():
        return NoteThreshold(
            own,
            False,
            f"all notes of the held-out recordings together are wrong less often than {error:g}, "
            "so that no threshold is needed, and none is promised to help: notes whose own "
            f"probability is below {own:g} are marked",
        )
    if tested.threshold <= 1:
        needed = math.ceil(math.log(1 - confidence) / math.log1p(-error))
        if kept >= needed:
            words = promise_words(error, confidence, len(counts), "notes")
            return NoteThreshold(tested.threshold, True, words)
        reason = f"{kept:.0f} accepted notes are too few, {needed} would be needed"
        return NoteThreshold(tested.threshold, False, f"nothing is promised: {reason}")
    if plain <= 1 and _accepted(counts, plain) < counts.frames.sum():
        return NoteThreshold(
            plain,
            False,
            f"nothing is promised: at most {error:g} of the accepted notes of the held-out "
            f"recordings are wrong, too uncertain to be kept with {confidence:g} confidence",
        )
    return NoteThreshold(
        own,
        False,
        f"nothing is promised: no threshold keeps an error of {error:g} on the held-out "
        f"recordings; notes whose own probability is below {own:g} are marked",
    )


def _accepted(counts: AcceptStatistics, threshold: float) -> float:
    """The number of notes that a threshold of the grid accepts."""
    if threshold > 1:
        return 0.0
    return float(counts.accepted[:, np.searchsorted(thresholds(), threshold - 1e-12)].sum())
