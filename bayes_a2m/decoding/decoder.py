"""Viterbi decoding of frame probabilities to notes, with small repairs.

The path maximises ``sum_t w * (log p(c_t | x) - b * log p(c_t)) + log p(c_t | c_{t-1})``.
Frame outputs of a network share their context, so they count the same observation more than
once; the weight ``w`` < 1 takes that back. The transitions are counted in the training
labels; ``w``, ``b`` and the two lengths of the repairs are chosen on the tuning part.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.decoding.cleanup import drop_short, merge_gaps
from bayes_a2m.decoding.transcription import Transcription, Transcriptions, frame_probabilities
from bayes_a2m.decoding.viterbi import viterbi
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Note, Vocabulary
from bayes_a2m.music.notes import from_labels
from bayes_a2m.prediction.posterior import SMALLEST, FramePosterior


@dataclass(frozen=True)
class Decoder:
    """Viterbi decoding with learned transitions.

    Attributes
    ----------
    transitions
        Probability of going from class i to class j from one frame to the next.
    initial
        Probability of starting in a class.
    prior
        Share of every class among the training frames.
    weight, prior_power
        ``w`` and ``b`` of the module's formula.
    shortest_note, longest_gap
        Seconds: shorter notes are dropped, shorter gaps within a pitch closed.
    """

    transitions: tuple[tuple[float, ...], ...]
    initial: tuple[float, ...]
    prior: tuple[float, ...]
    weight: float = 0.3
    prior_power: float = 0.0
    shortest_note: float = 0.05
    longest_gap: float = 0.05

    def __post_init__(self) -> None:
        classes = len(self.prior)
        distributions = (self.prior, self.initial, *self.transitions)
        sizes = {len(one) for one in distributions}
        if len(self.transitions) != classes or sizes != {classes}:
            raise InputError("the decoder's transitions, initial and prior are of unlike sizes")
        for one in distributions:
            if not (all(0 <= p <= 1 for p in one) and abs(sum(one) - 1) < 1e-3):
                raise InputError(
                    "the decoder's transitions, initial and prior must be from 0 to 1 and sum to 1"
                )
        if min(self.prior) == 0:  # it is divided by
            raise InputError("the decoder's prior must be above 0 for every class")
        if not (0 < self.weight <= 100 and 0 <= self.prior_power <= 100):
            raise InputError(
                f"the decoder's weight {self.weight} and prior_power {self.prior_power} must lie "
                "between 0 and 100"
            )
        if not (0 <= self.shortest_note <= 60 and 0 <= self.longest_gap <= 60):
            raise InputError(
                f"the decoder's shortest_note {self.shortest_note} and longest_gap "
                f"{self.longest_gap} must lie between 0 and 60 s"
            )

    @classmethod
    def from_labels(cls, labels: Sequence[NDArray[np.int64]], classes: int) -> Decoder:
        """Count transitions in the training labels, each count started at one half.

        The half is the Jeffreys prior of a binomial: a step that was never seen is unlikely, not
        impossible.

        Parameters
        ----------
        labels
            Class of every frame, one array a recording.
        classes
            Number of classes.
        """
        steps = np.full((classes, classes), 0.5)
        first = np.full(classes, 0.5)
        share = np.full(classes, 0.5)
        for array in labels:
            np.add.at(steps, (array[:-1], array[1:]), 1)
            first[array[0]] += 1
            share += np.bincount(array, minlength=classes)
        steps /= steps.sum(axis=1, keepdims=True)
        return cls(
            tuple(tuple(float(x) for x in row) for row in steps),
            tuple(float(x) for x in first / first.sum()),
            tuple(float(x) for x in share / share.sum()),
        )

    def tuned(self, posterior: FramePosterior, references: Sequence[Sequence[Note]]) -> Decoder:
        """Choose the settings on the tuning split: best mean of onset F1 at 50 and 100 ms.

        Ties go to the settings listed first, which change the frames least. Without any
        reference note the settings stay as they are.

        Parameters
        ----------
        posterior
            Predictions of the tuning recordings.
        references
            Notes of every recording.
        """
        from bayes_a2m.metrics.notes import NoteStatistics

        if not any(references):
            return self
        best, best_score = self, -1.0
        lengths = list(itertools.product((0.05, 0.03, 0.07, 0.1), (0.05, 0.0, 0.03, 0.1)))
        for weight, power in itertools.product((1.0, 0.3, 0.1, 0.05), (0.0, 0.5)):
            path = replace(self, weight=weight, prior_power=power)
            raw = [path._raw_notes(posterior, i) for i in range(len(posterior))]
            for shortest, gap in lengths:
                candidate = replace(path, shortest_note=shortest, longest_gap=gap)
                counts = NoteStatistics.stack(
                    [
                        NoteStatistics.of(
                            references[i],
                            candidate._repaired(raw[i]),
                            posterior.grid.seconds(float(posterior.lengths[i])),
                        )
                        for i in range(len(raw))
                    ]
                )
                both = 2 * (counts.onset_50ms + counts.onset_100ms).sum()
                score = both / max(1, 2 * (counts.reference + counts.estimated).sum())
                if score > best_score + 1e-12:
                    best, best_score = candidate, score
        return best

    def decode(
        self, posterior: FramePosterior, *, conditions: Sequence[str | None] | None = None
    ) -> Transcriptions:
        """Decode the notes of every recording.

        Parameters
        ----------
        posterior
            Frames of any number of recordings.
        conditions
            Play no part here: the path of frames is that of every condition.

        Raises
        ------
        InputError
            If the posterior is of another number of classes.
        """
        return Transcriptions(tuple(self._transcribe(posterior, i) for i in range(len(posterior))))

    def _transcribe(self, posterior: FramePosterior, recording: int) -> Transcription:
        notes = self._repaired(self._raw_notes(posterior, recording))
        sure = frame_probabilities(posterior, recording, notes)
        return Transcription(posterior.ids[recording], tuple(notes), sure, posterior.vocabulary)

    def _raw_notes(self, posterior: FramePosterior, recording: int) -> list[Note]:
        return self._notes_of(posterior.of(recording), posterior.grid, posterior.vocabulary)

    def _notes_of(
        self, probs: NDArray[np.float32], grid: FrameGrid, vocabulary: Vocabulary
    ) -> list[Note]:
        """Notes of the Viterbi path, before repairs."""
        if probs.shape[1] != len(self.prior):
            raise InputError(
                f"the decoder knows {len(self.prior)} classes, the posterior {probs.shape[1]}"
            )
        log_probs = np.log(np.maximum(probs, SMALLEST)).astype(np.float64)
        scores = self.weight * (log_probs - self.prior_power * np.log(self.prior))
        path, _ = viterbi(scores, np.log(self.transitions), np.log(self.initial))
        return from_labels(path, grid, vocabulary)

    def _repaired(self, notes: Sequence[Note]) -> list[Note]:
        return drop_short(merge_gaps(notes, self.longest_gap), self.shortest_note)

    def restricted(self, classes: Sequence[int]) -> Decoder:
        """The same decoder for silence, 0, and some of its classes, where the others cannot be."""
        chosen = list(classes)
        return replace(
            self,
            transitions=tuple(
                _normalised([self.transitions[i][j] for j in chosen]) for i in chosen
            ),
            initial=_normalised([self.initial[i] for i in chosen]),
            prior=_normalised([self.prior[i] for i in chosen]),
        )

    def with_pitch_weights(self, weights: Sequence[float]) -> Decoder:
        """The same decoder with another prior over the pitches that a note begins with.

        Parameters
        ----------
        weights
            Positive, one a pitch. The probabilities of silence and of staying are kept.

        Raises
        ------
        InputError
            If there is not one a pitch.
        """
        factors = np.array([1.0, *weights])
        if factors.shape != (len(self.prior),) or not (factors > 0).all():
            raise InputError("a prior over pitches needs a positive weight for each of them")
        return replace(
            self,
            transitions=tuple(
                _reweighed(row, factors, kept=(0, i)) for i, row in enumerate(self.transitions)
            ),
            initial=_reweighed(self.initial, factors, kept=(0,)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Convert to what ``decoder.json`` holds."""
        return {"method": "viterbi", **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Decoder:
        """Restore from what ``decoder.json`` holds.

        Raises
        ------
        InputError
            If a setting is missing, unknown or no number, or the method is another.
        """
        try:
            given = dict(values)
            method = given.pop("method", "viterbi")
            if method != "viterbi":
                raise InputError(f"names a method this version lacks, {method!r}")
            return cls(
                transitions=tuple(tuple(float(p) for p in row) for row in given.pop("transitions")),
                initial=tuple(float(p) for p in given.pop("initial")),
                prior=tuple(float(p) for p in given.pop("prior")),
                **given,
            )
        except KeyError as error:
            raise InputError(f"decoder.json: lacks {error}") from error
        except (TypeError, ValueError) as error:
            raise InputError(f"decoder.json: {error}") from error


def _normalised(shares: Sequence[float]) -> tuple[float, ...]:
    total = sum(shares)
    return tuple(share / total for share in shares)


def _reweighed(
    shares: Sequence[float], factors: NDArray[np.float64], *, kept: tuple[int, ...]
) -> tuple[float, ...]:
    """Probabilities times factors, without changing those that are kept, nor the sum of others."""
    before = np.asarray(shares, dtype=np.float64)
    free = np.setdiff1d(np.arange(before.size), kept)
    after = before.copy()
    moved = before[free] * factors[free]
    if moved.sum() > 0:
        after[free] = moved * (before[free].sum() / moved.sum())
    return tuple(float(p) for p in after)
