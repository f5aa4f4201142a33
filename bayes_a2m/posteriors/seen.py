"""The recordings that a model has seen are known by their sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bayes_a2m.audio import fingerprint
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError

LISTED = 5
"""Ids named in a sentence, at most."""


@dataclass(frozen=True)
class Sound:
    """The marks by which a sound is known, whatever file it is in.

    Attributes
    ----------
    hash
        Of its samples at the working rate.
    signature
        What copies at another level or rate have nearly the same.
    """

    hash: str
    signature: str


@dataclass(frozen=True)
class Seen:
    """The recordings that a model was fitted and tuned on.

    Attributes
    ----------
    fit, tune
        Id to SHA-256 of the file.
    takes
        Takes that any of them was cut from.
    sounds
        SHA-256 of the file to the sound in it; empty in models of version 0.1.0, which know
        recordings by their files alone.
    excluded
        Id to SHA-256 of the recordings that were left out on purpose (``train --exclude``): they
        are no recordings to measure on, either.
    """

    fit: dict[str, str] = field(default_factory=dict)
    tune: dict[str, str] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    sounds: dict[str, Sound] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fit: Dataset, tune: Dataset) -> Seen:
        """Collect the recordings of the two parts of the training split."""
        takes = sorted({r.take for r in (*fit, *tune) if r.take})
        return cls(
            {r.id: r.hash for r in fit},
            {r.id: r.hash for r in tune},
            tuple(takes),
            {r.hash: Sound(r.sound_hash, r.signature) for r in (*fit, *tune)},
        )

    def and_also(self, other: Seen) -> Seen:
        """Join what either saw; what was fitted on counts for more than what was tuned on.

        Recordings are known by their sound: those of another folder may have the same ids.
        """
        fit = _together(self.fit, other.fit)
        known = set(fit.values())
        tune = {k: v for k, v in _together(self.tune, other.tune).items() if v not in known}
        takes = tuple(sorted({*self.takes, *other.takes}))
        excluded = _together(self.excluded, other.excluded)
        return Seen(fit, tune, takes, {**other.sounds, **self.sounds}, excluded)

    def leaving_out(self, recordings: Iterable[Recording]) -> Seen:
        """The same, with recordings that were left out on purpose."""
        return replace(self, excluded={r.id: r.hash for r in recordings})

    def fitted_on(self, recording: Recording) -> bool:
        """Whether the model was fitted on this sound, in whatever lossless file."""
        return self._is_among(recording, self.fit.values())

    def tuned_on(self, recording: Recording) -> bool:
        """Whether the model was tuned on this sound, in whatever lossless file."""
        return self._is_among(recording, self.tune.values())

    def knows(self, recording: Recording) -> bool:
        """Whether the model was fitted or tuned on this sound, in whatever lossless file."""
        return self._is_among(recording, (*self.fit.values(), *self.tune.values()))

    def is_to_measure_on(self, recording: Recording) -> bool:
        """Whether it was neither fitted nor tuned on, nor left out on purpose."""
        left_out = set(self.excluded.values())
        return not self.knows(recording) and not self._is_among(recording, left_out)

    def probable_copy_of(self, recording: Recording) -> str | None:
        """The id of the recording that this one is probably a copy of, or None.

        Copies that were resampled, made louder or quieter, or compressed are found; not those to
        which much was added. Recordings that the model knows outright are no copies.
        """
        if not self.sounds or self.knows(recording):
            return None
        ids = {digest: name for name, digest in (*self.tune.items(), *self.fit.items())}
        alike = (
            (fingerprint.similarity(recording.signature, sound.signature), digest)
            for digest, sound in self.sounds.items()
        )
        best, digest = max(alike)
        return ids.get(digest, digest[:8]) if best >= fingerprint.ALIKE else None

    def unseen(self, data: Dataset) -> Dataset:
        """The recordings to measure on: neither fitted nor tuned on, nor left out on purpose.

        Raises
        ------
        InputError
            If none is left.
        """
        left = data.where(self.is_to_measure_on)
        if not len(left):
            raise InputError(
                f"{data.name}: the model was fitted or tuned on every recording; give --split "
                "to see how it does on them all the same, or other data"
            )
        return left

    def cautions(self, data: Dataset) -> list[str]:
        """Cautions on scores of these recordings, a sentence for each reason.

        Examples
        --------
        >>> Seen().cautions(Dataset(()))
        []
        """
        fitted = sum(self.fitted_on(r) for r in data)
        tuned = sum(self.tuned_on(r) and not self.fitted_on(r) for r in data)
        told = []
        if fitted or tuned:
            told.append(
                f"the model was fitted on {fitted} and tuned on {tuned} of these {len(data)} "
                "recordings: their scores say how well it remembers, not how well it hears"
            )
        return [*told, *self.copies(data)]

    def copies(self, data: Dataset) -> list[str]:
        """A caution on probable copies among these recordings, if there are any."""
        copies = {r.id: of for r in data if (of := self.probable_copy_of(r)) is not None}
        if not copies:
            return []
        pairs = [f"{id_} of {of}" for id_, of in copies.items()]
        more = f" and {len(pairs) - LISTED} more" if len(pairs) > LISTED else ""
        return [
            f"{len(copies)} of these {len(data)} recordings are probably copies of what the "
            f"model was fitted or tuned on ({', '.join(pairs[:LISTED])}{more})"
        ]

    def to_dict(self) -> dict[str, Any]:
        """The content of ``seen.json``."""
        values: dict[str, Any] = {
            "fit": self.fit,
            "tune": self.tune,
            "takes": list(self.takes),
            "sounds": {digest: vars(sound) for digest, sound in self.sounds.items()},
        }
        return {**values, "excluded": self.excluded} if self.excluded else values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Seen:
        """Read the content of ``seen.json``; that of version 0.1.0 has no ``sounds``.

        Raises
        ------
        InputError
            If an id or a hash is no text.
        KeyError, TypeError, AttributeError
            If something is missing, or of another shape.
        """
        fit, tune, takes = dict(values["fit"]), dict(values["tune"]), tuple(values["takes"])
        excluded = dict(values.get("excluded", {}))
        words = (*fit.values(), *tune.values(), *takes, *excluded.values())
        if not all(isinstance(word, str) for word in words):
            raise InputError("ids, hashes and takes must be text; copy the model again")
        sounds = {
            str(digest): Sound(str(sound["hash"]), str(sound["signature"]))
            for digest, sound in values.get("sounds", {}).items()
        }
        return cls(fit, tune, takes, sounds, excluded)

    def _is_among(self, recording: Recording, digests: Iterable[str]) -> bool:
        known = set(digests)
        if recording.hash in known:
            return True
        sounds = {self.sounds[digest].hash for digest in known if digest in self.sounds}
        return bool(sounds) and recording.sound_hash in sounds


def _together(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Both by id; another sound under an id that is taken gets its hash's start beside it.

    >>> _together({"001": "aaa"}, {"001": "bbb", "002": "aaa", "003": "ccc"})
    {'001': 'aaa', '001@bbb': 'bbb', '003': 'ccc'}
    """
    result = dict(one)
    for name, digest in other.items():
        if digest not in result.values():
            result[f"{name}@{digest[:8]}" if name in result else name] = digest
    return result
