"""The state that every fitted model has, beside what its method learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.posteriors.novelty import NoveltyDetector
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen
from bayes_a2m.posteriors.weight_prior import WeightPrior

if TYPE_CHECKING:
    from bayes_a2m.decoding.note_decoder import NoteDecoder


@dataclass(frozen=True)
class Fitted:
    """The state of a fitted model; a posterior has one, or None before it is fitted.

    Attributes
    ----------
    vocabulary
        The classes that it tells apart.
    normalizer
        The scale of its features, from the fitting split.
    decoder
        Turns its frames into notes by the likeliest path; its settings are fitted on the tuning
        split.
    calibrator
        What the tuning split says of its probabilities: how they are recalibrated and why so,
        conformal sets, and what ``--accept-error`` needs.
    seen
        The recordings that it was fitted and tuned on.
    record
        How its training went.
    fingerprint
        The fingerprint of everything that decided it (:mod:`bayes_a2m.posteriors.fingerprint`);
        empty in models of 0.1.0.
    conditions
        The level, noise floor, bandwidth and clipping of the recordings that it learned from; None
        in models of 0.1.0.
    notes
        Turns its frames into notes with their probabilities, by a model of notes that is fitted on
        the tuning split; None in models of 0.1.0.
    novelty
        Tells recordings that sound unlike those that it learned from; None in models without a
        network, in older ones, and where there were too few recordings.
    prior
        How sharply its training determined every weight, for models that start from it; None of
        most.
    """

    vocabulary: Vocabulary
    normalizer: Normalizer
    decoder: Decoder
    calibrator: Calibrator
    seen: Seen
    record: TrainingRecord
    fingerprint: str = ""
    conditions: TrainingConditions | None = None
    notes: NoteDecoder | None = None
    novelty: NoveltyDetector | None = None
    prior: WeightPrior | None = None
