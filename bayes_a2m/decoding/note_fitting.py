"""The note model of a fitted model: what is learned of notes from which recordings.

Durations, steps and shares are counted in the training notes. Four numbers, the power of a frame's
evidence, the bias of a note, and the mean and the spread of the label's clock, maximise the
conditional likelihood of the onsets of the tuning recordings
(:mod:`bayes_a2m.decoding.conditional_likelihood`): a tuning split of some 105 notes bears no more.
Where recordings are of several conditions, the clock of each is drawn towards the common one.
Evidence of an output of onsets counts as it is (``onset_power`` 1): unlike frames, which say for
half a second what sounds, it speaks of a note's start once. The numbers are drawn towards
:data:`TYPICAL`, or :data:`TYPICAL_WITH_ONSETS`, so that a handful of notes, all found, makes no
note sure; of no note at all they are just these.

Of note ends, which play no part in the probability of a note, the displacement is taken by moments
(:mod:`bayes_a2m.decoding.release`), and the intervals of both times are scaled until they hold what
they say (:mod:`bayes_a2m.decoding.note_intervals`), each where there are enough recordings for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bayes_a2m.decoding.conditional_likelihood import NumberPrior, Reference, fit_conditional
from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.decoding.note_intervals import fit_intervals
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.release import fit_release
from bayes_a2m.music import Note
from bayes_a2m.prediction.posterior import FramePosterior

TYPICAL = NumberPrior(
    power=0.11,
    power_spread=0.4,
    note_bias=3.0,
    note_bias_spread=1.5,
    lag_spread=0.02,
    lag_recordings=5.0,
)
"""What is believed before: such numbers had networks with half a second of context."""

TYPICAL_WITH_ONSETS = replace(TYPICAL, note_bias=1.0)
"""The same beside the evidence of an output of onsets."""

FLOOR_WITH_ONSETS = 0.35
"""The share of frames that may be labelled anyhow, beside an output of onsets; elsewhere none.

Not fitted: of 0, 0.1, 0.2 and 0.35 it was the best for the halves of five tuning splits that the
other halves did not fit (`reports/notes`): a frame that is sure outweighs no onset then.
"""


def fit_notes(
    base: NoteModel,
    posterior: FramePosterior,
    references: Sequence[Sequence[Note]],
    conditions: Sequence[str] | None = None,
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
    conditions
        The condition of every recording, "" where it has none; left out, all are of one.

    Raises
    ------
    InputError
        If there are not as many references as recordings, or a pitch is not in the vocabulary.
    """
    several = conditions is not None and len(set(conditions)) > 1
    known = list(conditions) if conditions is not None and several else None
    reference = Reference.of_notes(posterior, references, known)
    with_onsets = posterior.onset_log_probs is not None
    prior = TYPICAL_WITH_ONSETS if with_onsets else TYPICAL
    begin = replace(
        base,
        lag=LagPrior((LagComponent("", 1.0, 0.0, prior.lag_spread),)),
        power=prior.power,
        note_bias=prior.note_bias,
        floor=FLOOR_WITH_ONSETS if with_onsets else 0.0,
    )
    model = fit_conditional(begin, reference, prior=prior, by_condition=several)
    found = NoteDecoder(model).infer(posterior, conditions=known)
    model = fit_release(model, found, references)
    found = NoteDecoder(model).infer(posterior, conditions=known)
    return NoteDecoder(fit_intervals(model, found, references))
