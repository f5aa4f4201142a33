"""Knowledge of a recording's pitches before it is heard: which of them can be, and its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.music.key import Key
from bayes_a2m.music.pitch_names import parse_pitch
from bayes_a2m.prediction.pitch_prior import reweighed
from bayes_a2m.prediction.restriction import places_of, restricted

if TYPE_CHECKING:
    from bayes_a2m.decoding.note_decoder import FramesToNotes
    from bayes_a2m.posteriors.posterior import Posterior
    from bayes_a2m.prediction.posterior import FramePosterior
    from bayes_a2m.runtime.model import RuntimeModel

Pitch: TypeAlias = str | int
"""A MIDI number, or a name such as ``C4``."""


@dataclass(frozen=True)
class PitchChoice:
    """The pitches that can be sung, and a key that makes some of them likelier.

    The others are impossible: what is left is renormalised. A key is a prior, no mask
    (:mod:`bayes_a2m.music.key` documents its weights); it counts once for every note.

    Attributes
    ----------
    pitches
        The pitches that can be, MIDI numbers or names as the model's vocabulary writes them; None
        for all that the model knows.
    lowest, highest
        The lowest and the highest of them; None for no such limit.
    key
        The key, such as ``"C major"``; None where it is not known.
    """

    pitches: Sequence[Pitch] | None = None
    lowest: Pitch | None = None
    highest: Pitch | None = None
    key: Key | None = None

    @classmethod
    def of(
        cls,
        pitches: str | Sequence[Pitch] | None = None,
        lowest: Pitch | None = None,
        highest: Pitch | None = None,
        key: str | Key | None = None,
    ) -> PitchChoice | None:
        """A choice as people give it: pitches in one text with commas, a key by its name.

        Returns
        -------
        PitchChoice or None
            None where nothing is given.

        Raises
        ------
        InputError
            If the key is none, or no pitch is named.
        """
        if pitches is None and lowest is None and highest is None and key is None:
            return None
        if isinstance(pitches, str):
            pitches = [name for name in (part.strip() for part in pitches.split(",")) if name]
        if pitches is not None and not len(pitches):
            raise InputError("pitches: names none; write some, such as C4,E4,G4")
        return cls(pitches, lowest, highest, Key.parse(key) if isinstance(key, str) else key)

    def vocabulary(self, known: Vocabulary) -> Vocabulary:
        """The pitches that are left of a model's.

        Raises
        ------
        InputError
            If one is no pitch, or not among those of the model, or none is left.
        """
        chosen = known.pitches
        if self.pitches is not None:
            chosen = tuple(sorted({_number(one, known, "pitches") for one in self.pitches}))
        low = 0 if self.lowest is None else _number(self.lowest, known, "lowest")
        high = 127 if self.highest is None else _number(self.highest, known, "highest")
        left = tuple(pitch for pitch in chosen if low <= pitch <= high)
        if not left:
            raise InputError(
                f"no pitch is left between {known.pitch_name(low)} and {known.pitch_name(high)}: "
                f"the model knows {known.names[1]} to {known.names[-1]}"
            )
        vocabulary = replace(known, pitches=left)
        places_of(vocabulary, known)
        return vocabulary

    def decoder(self, model: Posterior | RuntimeModel) -> FramesToNotes:
        """The model's decoder for these pitches.

        Raises
        ------
        InputError
            If a pitch is not among those of the model.
        """
        vocabulary = self.vocabulary(model.vocabulary)
        decoder = model.decoder
        if vocabulary != model.vocabulary:
            decoder = decoder.restricted(places_of(vocabulary, model.vocabulary))
        if self.key is None:
            return decoder
        return decoder.with_pitch_weights([self.key.weight(p) for p in vocabulary.pitches])

    def restrict(self, posterior: FramePosterior) -> FramePosterior:
        """The posterior given that only these pitches can be."""
        vocabulary = self.vocabulary(posterior.vocabulary)
        if vocabulary == posterior.vocabulary:
            return posterior
        return restricted(posterior, vocabulary)

    def with_key(self, posterior: FramePosterior) -> FramePosterior:
        """The posterior of single frames under the key; notes get it through the decoder."""
        if self.key is None:
            return posterior
        return reweighed(posterior, [self.key.weight(p) for p in posterior.vocabulary.pitches])


def _number(pitch: Pitch, known: Vocabulary, where: str) -> int:
    number = parse_pitch(str(pitch), known.middle_c)
    if number is None or not 0 <= number <= 127:
        raise InputError(f"{where}: {pitch!r} is no pitch; write names such as C4 or MIDI numbers")
    return number
