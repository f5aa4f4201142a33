"""The note model of a fitted model: what is learned of notes from which recordings.

Durations, steps and shares are counted in the training notes. Four numbers, the power of a frame's
evidence, the bias of a note, and the mean and the spread of the label's clock, maximise the
conditional likelihood of the onsets of the tuning recordings
(:mod:`bayes_a2m.decoding.conditional_likelihood`): a tuning split of some 105 notes bears no more.
Evidence of an output of onsets counts as it is (``onset_power`` 1): unlike frames, which say for
half a second what sounds, it speaks of a note's start once. Of fewer than :data:`FEWEST` notes no
number is fitted, and they stay those of :data:`TYPICAL`, or :data:`TYPICAL_WITH_ONSETS`.

Of note ends, which play no part in the probability of a note, the displacement is taken by moments
(:mod:`bayes_a2m.decoding.release`), and the intervals of both times are scaled until they hold what
they say (:mod:`bayes_a2m.decoding.note_intervals`), each where there are enough recordings for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bayes_a2m.decoding.conditional_likelihood import Reference, fit_conditional
from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.decoding.note_intervals import fit_intervals
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.release import fit_release
from bayes_a2m.metrics.notes import audible
from bayes_a2m.music import Note
from bayes_a2m.prediction.posterior import FramePosterior

FEWEST = 20
"""Reference notes of the tuning recordings below which nothing is fitted to them."""

TYPICAL: Mapping[str, float] = MappingProxyType({"power": 0.11, "note_bias": 3.0})
"""Numbers of frame evidence that networks with half a second of context were found to have."""

TYPICAL_WITH_ONSETS: Mapping[str, float] = MappingProxyType({"power": 0.07, "note_bias": 0.5})
"""The same beside the evidence of an output of onsets."""

TYPICAL_LAG = LagPrior((LagComponent("", 1.0, 0.0, 0.02),))
"""The clock of labels where nothing is known of it."""


def fit_notes(
    base: NoteModel, posterior: FramePosterior, references: Sequence[Sequence[Note]]
) -> NoteDecoder:
    """Fit the note model's numbers on tuning recordings.

    Parameters
    ----------
    base
        Durations, steps and shares, from the training notes
        (:meth:`~bayes_a2m.decoding.note_model.NoteModel.from_labels`).
    posterior
        Recalibrated frames of recordings that neither the network nor ``base`` was fitted on.
    references
        The notes of every recording.

    Raises
    ------
    InputError
        If there are not as many references as recordings, or a pitch is not in the vocabulary.
    """
    reference = Reference.of_notes(posterior, references)
    seconds = [posterior.grid.seconds(int(frames)) for frames in posterior.lengths]
    known = sum(len(audible(own, s)) for own, s in zip(references, seconds, strict=True))
    typical = TYPICAL if posterior.onset_log_probs is None else TYPICAL_WITH_ONSETS
    if known < FEWEST:
        return NoteDecoder(replace(base, lag=TYPICAL_LAG, **typical))  # type: ignore[arg-type]
    model = fit_conditional(base, reference)
    model = fit_release(model, NoteDecoder(model).infer(posterior), references)
    return NoteDecoder(fit_intervals(model, NoteDecoder(model).infer(posterior), references))
