"""Transcriptions: the notes of recordings, and files of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from bayes_a2m.audio.io import EXTENSIONS
from bayes_a2m.errors import InputError
from bayes_a2m.files import write_text
from bayes_a2m.music import Note, Vocabulary, midi
from bayes_a2m.prediction.posterior import FramePredictive


@dataclass(frozen=True)
class Transcription:
    """Notes of one recording.

    Attributes
    ----------
    id
        The recording.
    notes
        In order of onset.
    frame_probabilities
        For every note the mean over its frames of the posterior predictive of its pitch.
        It says how sure the frames were; it is not the probability that the note is right.
    accepted
        For every note the share of its frames whose confidence reached a threshold; empty where
        none was asked for.
    """

    id: str
    notes: tuple[Note, ...]
    frame_probabilities: tuple[float, ...]
    vocabulary: Vocabulary
    accepted: tuple[float, ...] = ()

    @property
    def doubtful(self) -> tuple[bool, ...]:
        """Whether fewer than half of each note's frames were accepted."""
        return tuple(share < 0.5 for share in self.accepted)

    def accepting(self, posterior: FramePredictive, recording: int, threshold: float) -> Self:
        """Add the share of every note's frames whose confidence reaches a threshold.

        Parameters
        ----------
        posterior
            Predictions that the notes were decoded from.
        recording
            Index of the recording in them.
        threshold
            Confidence from which on a frame is accepted.
        """
        reached = posterior.confidence()[recording, : posterior.lengths[recording]] >= threshold
        spans = (posterior.grid.span(note.onset, note.offset) for note in self.notes)
        return replace(self, accepted=tuple(float(reached[a:b].mean()) for a, b in spans))

    def write_midi(self, path: str | Path, *, transpose: int = 0) -> None:
        """Write a MIDI file, atomically; ``transpose`` in semitones; "?" at doubtful notes."""
        midi.write(Path(path), self.notes, transpose=transpose, doubtful=self.doubtful)

    def to_csv(self, *, transpose: int = 0) -> str:
        """Convert to CSV, a line for each note: seconds, pitch, its name, mean frame probability.

        Where a threshold was asked for, also the share of its frames accepted, and whether the
        note is doubtful.
        """
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        header = ["onset_seconds", "offset_seconds", "pitch", "name", "frame_probability"]
        more: list[Any] = ["accepted_share", "doubtful"] if self.accepted else []
        writer.writerow([*header, *more])
        for i, (note, sure) in enumerate(zip(self.notes, self.frame_probabilities, strict=True)):
            pitch = note.pitch + transpose
            name = self.vocabulary.pitch_name(pitch)
            times = (f"{note.onset:.4f}", f"{note.offset:.4f}")
            more = [f"{self.accepted[i]:.4f}", int(self.doubtful[i])] if self.accepted else []
            writer.writerow([*times, pitch, name, f"{sure:.4f}", *more])
        return buffer.getvalue()

    def write_csv(self, path: str | Path, *, transpose: int = 0) -> None:
        """Write :meth:`to_csv`, atomically."""
        write_text(Path(path), self.to_csv(transpose=transpose))


@dataclass(frozen=True)
class Transcriptions:
    """Notes of several recordings, a sequence of :class:`Transcription`."""

    items: tuple[Transcription, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Transcription]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Transcription:
        return self.items[index]

    def write_midi(self, path: str | Path, *, transpose: int = 0) -> None:
        """Write the one recording's notes to a file, or each one's to ``<id>.mid`` in a folder.

        Raises
        ------
        InputError
            If there are several recordings and ``path`` ends like a MIDI file, or two of them
            would be written to one file.
        """
        path = Path(path)
        if path.suffix.lower() in (".mid", ".midi"):
            if len(self) != 1:
                raise InputError(f"{path}: {len(self)} recordings need a folder, not one file")
            self.items[0].write_midi(path, transpose=transpose)
        else:
            files = [path / f"{_stem(item.id)}.mid" for item in self.items]
            if len(set(files)) < len(files):
                twice = next(file for file in files if files.count(file) > 1)
                raise InputError(f"{twice}: two recordings are of this name; write them apart")
            for item, file in zip(self.items, files, strict=True):
                item.write_midi(file, transpose=transpose)


def _stem(name: str) -> str:
    """A recording's id without folder and sound ending; a dot within an id stays."""
    path = Path(name)
    return path.stem if path.suffix.lower() in EXTENSIONS else path.name
