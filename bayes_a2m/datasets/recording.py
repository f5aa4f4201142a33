"""Recordings: sound, and what is known about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio import fingerprint, io
from bayes_a2m.errors import InputError
from bayes_a2m.files import content_hash
from bayes_a2m.music import FrameGrid, Note, Vocabulary
from bayes_a2m.music.notes import clip, to_labels
from bayes_a2m.notebook import RollNote, Shown, roll
from bayes_a2m.repairs import Repair


@dataclass(frozen=True, repr=False)
class Recording(Shown):
    """Recording: where its sound is, and what is known about it.

    Sound is read when it is asked for and not kept, so a set of any size fits in memory.

    Attributes
    ----------
    id
        Its name within the set.
    path
        The sound file, or None where ``samples`` are given.
    samples, sample_rate
        Mono samples in memory and their rate, or None where a path is given.
    condition, take
        Condition it was recorded in, and the take it was cut from ("" where unknown).
    split
        The split it belongs to ("" where none is drawn yet).
    notes
        The reference notes, clipped to the recording, or None where there are none.
    """

    id: str
    path: Path | None = None
    samples: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    sample_rate: int | None = None
    condition: str = ""
    take: str = ""
    split: str = ""
    notes: tuple[Note, ...] | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.samples is None):
            raise InputError(f"recording {self.id}: give either a path or samples")
        if self.samples is not None and self.sample_rate is None:
            raise InputError(f"recording {self.id}: samples need their sample_rate")
        if self.samples is not None and not len(self.samples):
            raise InputError(f"recording {self.id}: there is no sample in it")
        if self.samples is not None and not np.isfinite(self.samples).all():
            raise InputError(f"recording {self.id}: samples are not finite numbers")

    def _shown(self) -> Mapping[str, object]:
        facts = {"id": self.id}
        if self.path is not None:
            facts["path"] = self.path.name
        known = {"condition": self.condition, "take": self.take, "split": self.split}
        facts |= {name: value for name, value in known.items() if value}
        if self.samples is not None and self.sample_rate is not None:
            facts["seconds"] = f"{len(self.samples) / self.sample_rate:.3f}"
        return facts | {"notes": "not known" if self.notes is None else str(len(self.notes))}

    def _html(self) -> str:
        if not self.notes:
            return ""
        pitches = range(min(n.pitch for n in self.notes), max(n.pitch for n in self.notes) + 1)
        drawn = [RollNote(n.onset, n.offset, n.pitch) for n in self.notes]
        names = {pitch: Vocabulary().pitch_name(pitch) for pitch in pitches}
        return roll(drawn, max(n.offset for n in self.notes), names)

    @cached_property
    def duration(self) -> float:
        """Seconds of what can be decoded; the header is believed where it can be."""
        if self.path is not None:
            return io.info(self.path).duration
        assert self.samples is not None and self.sample_rate is not None
        return len(self.samples) / self.sample_rate

    def audio(self, sample_rate: int = 16000) -> NDArray[np.float32]:
        """Read mono samples at ``sample_rate``, shape ``(samples,)``."""
        if self.path is not None:
            sound = io.sound(self.path, sample_rate)
            # known now: no need to decode it again when they are asked for
            self.__dict__.setdefault("duration", sound.duration)
            self.__dict__.setdefault("repairs", sound.repairs)
            return sound.samples
        assert self.samples is not None and self.sample_rate is not None
        return io.resample(self.samples, self.sample_rate, sample_rate)

    @cached_property
    def repairs(self) -> tuple[Repair, ...]:
        """Repairs made to the file or its sound while it was read."""
        return io.sound(self.path).repairs if self.path is not None else ()

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file, which stays when it is renamed, or of samples in memory."""
        if self.path is not None:
            return content_hash(self.path)
        assert self.samples is not None
        return hashlib.sha256(np.ascontiguousarray(self.samples).tobytes()).hexdigest()

    @property
    def sound_hash(self) -> str:
        """SHA-256 of the samples at the working rate: the same in every lossless format."""
        return self._fingerprint[0]

    @property
    def signature(self) -> str:
        """A few hundred letters by which a copy at another level or rate is known again."""
        return self._fingerprint[1]

    @cached_property
    def _fingerprint(self) -> tuple[str, str]:
        samples = self.audio(fingerprint.RATE)
        return fingerprint.sound_hash(samples), fingerprint.signature(samples)

    def labels(self, grid: FrameGrid, vocabulary: Vocabulary) -> NDArray[np.int64]:
        """Compute the class of every frame, shape ``(frames,)``.

        Raises
        ------
        InputError
            If the recording has no reference notes, or one outside the vocabulary.
        """
        if self.notes is None:
            raise InputError(f"recording {self.id} has no reference notes")
        frames = grid.frames_in(self.duration)
        return to_labels(clip(self.notes, self.duration), grid, frames, vocabulary)
