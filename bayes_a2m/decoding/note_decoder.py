"""Decoding by the posterior over transcriptions: notes that know how sure they are.

Two ways to turn frames into notes stand side by side, with the same verb:

- :class:`~bayes_a2m.decoding.decoder.Decoder`, the likeliest path of frames, repaired. It knows
  nothing of how probable a note is. Models of 0.1.0, and predictions of unknown origin, have it.
- :class:`NoteDecoder`: the transcription that maximises the expected F1 of its onsets
  (:mod:`bayes_a2m.decoding.minimum_risk`), every note with its probability and the
  :class:`~bayes_a2m.decoding.note_posterior.NotePosterior` it comes from.

Decoding is deterministic: the samples of a recording come from a fixed seed and its id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.note_posterior import TOLERANCE, NotePosterior, infer_notes
from bayes_a2m.decoding.transcription import Transcription, Transcriptions, frame_probabilities
from bayes_a2m.prediction.posterior import FramePosterior

SAMPLES = 300
"""Sampled transcriptions of a recording, about, shared out among the draws of the network."""

SEED = 0
"""The seed that the samples of every recording come from, with its id."""


class FramesToNotes(Protocol):
    """Anything that turns frames into notes."""

    def decode(
        self, posterior: FramePosterior, *, conditions: Sequence[str | None] | None = None
    ) -> Transcriptions:
        """Decode the notes of every recording, whose condition may be known."""
        ...


@dataclass(frozen=True)
class NoteDecoder:
    """Minimum-risk decoding with a model of notes.

    Attributes
    ----------
    model
        The model of notes.
    tolerance
        Seconds around an onset within which a note's event happens.
    """

    model: NoteModel
    tolerance: float = TOLERANCE

    def infer(
        self,
        posterior: FramePosterior,
        *,
        conditions: Sequence[str | None] | None = None,
        samples: int = SAMPLES,
    ) -> list[NotePosterior]:
        """The posterior over the notes of every recording.

        Parameters
        ----------
        posterior
            Frames of any number of recordings and draws.
        conditions
            The condition of every recording; None where it is not known.
        samples
            Sampled transcriptions of every recording, about.

        Raises
        ------
        InputError
            If the posterior is of other classes, holds what is not a number, or a condition is not
            known to the model.
        """
        (found,) = self.infer_at(
            (self.tolerance,), posterior, conditions=conditions, samples=samples
        )
        return found

    def infer_at(
        self,
        tolerances: Sequence[float],
        posterior: FramePosterior,
        *,
        conditions: Sequence[str | None] | None = None,
        samples: int = SAMPLES,
    ) -> list[list[NotePosterior]]:
        """The posteriors of :meth:`infer` at several tolerances, a list each, inferred once.

        Parameters
        ----------
        tolerances
            Seconds around an onset within which a note's event happens.
        posterior, conditions, samples
            Arguments of :meth:`infer`.

        Raises
        ------
        InputError
            As :meth:`infer` does.
        """
        inferred = infer_notes(
            posterior,
            self.model,
            np.random.default_rng(SEED),
            paths_per_draw=max(1, round(samples / posterior.draws)),
            conditions=conditions,
        )
        by_recording = [[one.at(tolerance) for tolerance in tolerances] for one in inferred]
        return [[notes[k] for notes in by_recording] for k in range(len(tolerances))]

    def decode(
        self, posterior: FramePosterior, *, conditions: Sequence[str | None] | None = None
    ) -> Transcriptions:
        """Decode the notes of every recording, with what is known of each.

        Parameters
        ----------
        posterior
            Frames of any number of recordings and draws.
        conditions
            The condition of every recording; one that the model has not met counts as not known,
            and so does "".

        Raises
        ------
        InputError
            If the posterior is of other classes, or holds what is not a number.
        """
        if conditions is not None:
            met = self.model.lag.conditions
            conditions = [one if one and one in met else None for one in conditions]
        return Transcriptions(
            tuple(
                Transcription(
                    one.id,
                    one.notes,
                    frame_probabilities(posterior, i, one.notes),
                    posterior.vocabulary,
                    posterior=one,
                )
                for i, one in enumerate(self.infer(posterior, conditions=conditions))
            )
        )

    def restricted(self, classes: Sequence[int]) -> NoteDecoder:
        """The same decoder for silence, 0, and some of its classes; see :class:`NoteModel`."""
        return replace(self, model=self.model.restricted(classes))

    def with_pitch_weights(self, weights: Sequence[float]) -> NoteDecoder:
        """The same decoder with another prior over the pitches of notes, positive weights."""
        return replace(self, model=self.model.with_pitch_weights(weights))

    def to_dict(self) -> dict[str, Any]:
        """Convert to what ``notes.json`` holds."""
        return {"tolerance": self.tolerance, "model": self.model.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NoteDecoder:
        """Restore from what ``notes.json`` holds.

        Raises
        ------
        InputError
            If the model of notes is of another version, or lacks something.
        KeyError, TypeError, ValueError
            If a value is missing or no number.
        """
        tolerance = float(values["tolerance"])
        if not 0 < tolerance < 10:
            raise ValueError(f"a tolerance of {tolerance} s")
        return cls(NoteModel.from_dict(values["model"]), tolerance)
