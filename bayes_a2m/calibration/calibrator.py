"""Calibration of a model on the tuning split: ``recalibration.json``.

Three things, in this order: how to recalibrate pooled probabilities; thresholds of conformal sets
at 95 and 99 %; and counts of accepted frames, from which any ``--accept-error`` follows. The last
two come from the same recordings as the first. A temperature is one number learned from thousands
of frames, so what that flatters is far below what the choice of recordings moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bayes_a2m.calibration.conformal import ConformalSets, recordings_needed
from bayes_a2m.calibration.methods import Recalibration
from bayes_a2m.calibration.note_acceptance import TOLERANCES
from bayes_a2m.calibration.selection import Choice, choose
from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.inputs import Ints
from bayes_a2m.prediction.posterior import FramePredictive

LEVELS = (0.95, 0.99)
"""Levels of the conformal sets that are stored."""

ACCEPTED_NOTES = (
    "accepted_notes",
    "accepted_notes_100ms",
    "accepted_notes_conditioned",
    "accepted_notes_100ms_conditioned",
)
"""Counts of notes that are stored, at two onset tolerances."""

ACCEPTED = ("accepted", *ACCEPTED_NOTES)
"""Counts that are stored: of frames, and of notes."""


@dataclass(frozen=True)
class Calibrator:
    """Recalibration, conformal sets, and what ``--accept-error`` needs.

    Attributes
    ----------
    choice
        The recalibration, and why it was chosen.
    sets
        Conformal sets at each level of :data:`LEVELS`, those of a higher level around those of a
        lower one; none in models of older versions.
    accepted
        Counts of accepted frames of the tuning recordings, recalibrated; None in older models.
    accepted_notes, accepted_notes_100ms
        Counts of accepted notes of the tuning recordings, and of those of
        :func:`~bayes_a2m.cross_validation.acceptance.cross_fit`, right with an onset within 50 ms
        and within 100 ms; None in older models.
    accepted_notes_conditioned, accepted_notes_100ms_conditioned
        The same of the notes that are found where the condition of a recording is known; None where
        the model was not tuned on several.
    """

    choice: Choice = field(default_factory=Choice)
    sets: tuple[ConformalSets, ...] = ()
    accepted: AcceptStatistics | None = None
    accepted_notes: AcceptStatistics | None = None
    accepted_notes_100ms: AcceptStatistics | None = None
    accepted_notes_conditioned: AcceptStatistics | None = None
    accepted_notes_100ms_conditioned: AcceptStatistics | None = None

    def notes_accepted(
        self, tolerance: float, *, conditioned: bool = False
    ) -> AcceptStatistics | None:
        """Counts of accepted notes of the tuning recordings.

        Parameters
        ----------
        tolerance
            Seconds by which the onset of a right note may be off.
        conditioned
            Whether the notes are those that are found where the condition is known.

        Returns
        -------
        AcceptStatistics or None
            None where nothing was counted at this tolerance.
        """
        strict, loose = TOLERANCES
        known = {
            strict: (self.accepted_notes, self.accepted_notes_conditioned),
            loose: (self.accepted_notes_100ms, self.accepted_notes_100ms_conditioned),
        }
        unknown, given = known.get(tolerance, (None, None))
        return given if conditioned and given is not None else unknown

    def with_notes(self, counts: Mapping[str, AcceptStatistics | None]) -> Calibrator:
        """The same, with other counts of accepted notes, by name; those not named stay.

        Raises
        ------
        InputError
            If there are no counts of a name.
        """
        unknown = sorted(set(counts) - set(ACCEPTED_NOTES))
        if unknown:
            raise InputError(f"no counts of accepted notes are named {unknown[0]!r}")
        values: dict[str, Any] = dict(counts)
        return replace(self, **values)

    @property
    def recalibration(self) -> Recalibration:
        """The map of pooled probabilities."""
        return self.choice.recalibration

    @classmethod
    def fit(
        cls,
        posterior: FramePredictive,
        labels: Sequence[Ints],
        *,
        groups: Sequence[str] | None = None,
        methods: Sequence[str] | None = None,
        seed: int = 0,
        otherwise: Recalibration | None = None,
    ) -> Calibrator:
        """Choose and fit everything on tuning recordings.

        Parameters
        ----------
        posterior
            Predictions of the tuning recordings before recalibration.
        labels
            Class of every frame, an array a recording.
        groups, methods, seed, otherwise
            Arguments of :func:`~bayes_a2m.calibration.selection.choose`.

        Raises
        ------
        InputError
            If labels and recordings do not go together, or a method is unknown.
        """
        choice = choose(
            posterior, labels, groups=groups, methods=methods, seed=seed, otherwise=otherwise
        )
        distributions = [choice.recalibration.apply(posterior.of(i)) for i in range(len(posterior))]
        classes = range(distributions[0].shape[1])
        fewest = min(sum(bool((truth == k).any()) for truth in labels) for k in classes)
        sets: list[ConformalSets] = []
        for level in LEVELS:  # from the lowest
            # sets with every class in them help nobody: then the weaker promise, and a warning
            way = "recordings" if fewest >= recordings_needed(level) else "pooled"
            found = ConformalSets.calibrate(distributions, labels, level=level, way=way)
            sets.append(found.containing(sets[-1]) if sets else found)
        counts = [AcceptStatistics.of(p, y) for p, y in zip(distributions, labels, strict=True)]
        return cls(choice, tuple(sets), AcceptStatistics.stack(counts))

    def to_dict(self) -> dict[str, Any]:
        """Convert to what ``recalibration.json`` holds."""
        values = {**self.choice.to_dict(), "conformal": [sets.to_dict() for sets in self.sets]}
        kinds = {name: getattr(self, name) for name in ACCEPTED}
        # what older versions did not know stays away where there is nothing to say
        written = {k: one for k, one in kinds.items() if one is not None or k in ACCEPTED[:2]}
        return values | {k: None if one is None else one.to_dict() for k, one in written.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> Calibrator:
        """Restore from what ``recalibration.json`` holds.

        Parameters
        ----------
        values
            Contents of the file.
        source
            Name of the file in errors.

        Raises
        ------
        InputError
            If a method is unknown, or something is missing or of the wrong kind.
        """
        choice = Choice.from_dict(values, source)
        try:
            sets = tuple(ConformalSets.from_dict(part) for part in values.get("conformal", []))
            counts = {
                name: None
                if (stored := values.get(name)) is None
                else AcceptStatistics.from_dict(stored)
                for name in ACCEPTED
            }
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
        except TypeError as error:
            raise InputError(f"{source}: conformal must be a list: {error}") from error
        return cls(choice, sets, **counts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calibrator):
            return NotImplemented
        mine, theirs = self.to_dict(), other.to_dict()
        return bool(np.all([mine == theirs]))

    def __hash__(self) -> int:
        return hash((self.choice.reason, self.sets))
