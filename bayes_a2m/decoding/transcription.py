"""Transcriptions: the notes of recordings, and files of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bayes_a2m.audio.io import EXTENSIONS
from bayes_a2m.errors import InputError
from bayes_a2m.files import write_text
from bayes_a2m.music import Note, Vocabulary, midi
from bayes_a2m.notebook import RollNote, Shown, roll
from bayes_a2m.prediction.posterior import FramePredictive

if TYPE_CHECKING:
    from bayes_a2m.decoding.note_posterior import NoteHypothesis, NotePosterior

COLUMNS = ("onset_seconds", "offset_seconds", "pitch", "name", "frame_probability")
"""Columns of a table of notes, whoever made them."""

NOTE_COLUMNS = (
    "probability",
    *("onset_median", "onset_low", "onset_high", "offset_median", "offset_low", "offset_high"),
    *("doubt_data", "doubt_network", "doubt_clock"),
    "alternatives",
)
"""Columns of notes whose probability is known: 90 % intervals in seconds, parts of ``p (1 - p)``,
and the other pitches that a note might have, each with the probability of its onset here."""

LEAST_ALTERNATIVE = 0.005
"""Probability below which another pitch is not named."""


@dataclass(frozen=True, repr=False)
class Transcription(Shown):
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
    vocabulary
        The classes that its notes are of.
    accepted
        For every note the share of its frames whose confidence reached a threshold; empty where
        none was asked for.
    posterior
        The posterior that the notes were chosen from, with their probabilities; None where a
        decoder of frames made them.
    threshold
        The probability below which a note is doubtful; None where none was asked for.
    other_pitch
        For every note the share of its sounding frames that lie at pitches outside of the
        vocabulary; empty where that was not looked at.
    """

    id: str
    notes: tuple[Note, ...]
    frame_probabilities: tuple[float, ...]
    vocabulary: Vocabulary
    accepted: tuple[float, ...] = ()
    posterior: NotePosterior | None = None
    threshold: float | None = None
    other_pitch: tuple[float, ...] = ()

    def _shown(self) -> Mapping[str, object]:
        if self.posterior is not None:
            return self.posterior._shown()
        return {"id": self.id, "notes": len(self.notes), "probabilities": "not known"}

    def _html(self) -> str:
        if self.posterior is not None:
            return self.posterior._html()
        drawn = [RollNote(n.onset, n.offset, n.pitch) for n in self.notes]
        names = {pitch: self.vocabulary.pitch_name(pitch) for pitch in self.vocabulary.pitches}
        return roll(drawn, max((n.offset for n in self.notes), default=1.0), names)

    @property
    def hypotheses(self) -> tuple[NoteHypothesis, ...] | None:
        """The statement of the posterior on every note; None where there is none."""
        return None if self.posterior is None else self.posterior.hypotheses

    @property
    def probabilities(self) -> tuple[float, ...] | None:
        """The probability of every note that it is right; None where that is not known."""
        return None if self.posterior is None else self.posterior.probabilities

    @property
    def doubtful(self) -> tuple[bool, ...]:
        """Whether each note is doubtful; empty where nothing was asked for that could tell.

        A note is doubtful if its probability does not reach the threshold or, where probabilities
        of notes are not known, if fewer than half of its frames were accepted; and if half of its
        sounding frames or more lie at other pitches, where that was looked at.
        """
        if self.threshold is not None and self.probabilities is not None:
            unsure = tuple(p < self.threshold for p in self.probabilities)
        else:
            unsure = tuple(share < 0.5 for share in self.accepted)
        if not self.other_pitch:
            return unsure
        elsewhere = tuple(share >= 0.5 for share in self.other_pitch)
        return tuple(a or b for a, b in zip(unsure or elsewhere, elsewhere, strict=True))

    def doubting(self, threshold: float) -> Self:
        """Mark the notes whose probability does not reach a threshold.

        Raises
        ------
        InputError
            If the probabilities of the notes are not known.
        """
        if self.probabilities is None:
            raise InputError(f"{self.id}: the probabilities of these notes are not known")
        return replace(self, threshold=threshold)

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

    def with_velocities(self, velocities: Sequence[int]) -> Self:
        """The same notes, each with its MIDI velocity."""
        moved = zip(self.notes, velocities, strict=True)
        return replace(self, notes=tuple(replace(note, velocity=v) for note, v in moved))

    def write_midi(self, path: str | Path, *, transpose: int = 0, **settings: Any) -> None:
        """Write a MIDI file, atomically; more settings are those of :func:`midi.write`.

        Doubtful notes have a track of their own, and every note its probability as a text.
        """
        own = {"probabilities": self.probabilities or (), "middle_c": self.vocabulary.middle_c}
        settings = {**own, **settings}
        midi.write(Path(path), self.notes, transpose=transpose, doubtful=self.doubtful, **settings)

    def to_csv(self, *, transpose: int = 0) -> str:
        """Convert to CSV, a line for each note: :data:`COLUMNS` and what is known besides.

        Where the note's probability is known, it, the medians and intervals of its times, the parts
        of the doubt and the pitches that it might have instead; where a threshold was asked for,
        whether it is doubtful.
        """
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, self._columns(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows(transpose=transpose))
        return buffer.getvalue()

    def rows(self, *, transpose: int = 0) -> list[dict[str, Any]]:
        """The rows of :meth:`to_csv`, by the names of the columns."""
        rows = []
        for i, (note, sure) in enumerate(zip(self.notes, self.frame_probabilities, strict=True)):
            pitch = note.pitch + transpose
            row: dict[str, Any] = {
                "onset_seconds": f"{note.onset:.4f}",
                "offset_seconds": f"{note.offset:.4f}",
                "pitch": pitch,
                "name": self.vocabulary.pitch_name(pitch),
                "frame_probability": f"{sure:.4f}",
            }
            if self.hypotheses is not None:
                row |= _described(self.hypotheses[i], self.vocabulary, transpose)
            elif self.accepted:
                row["accepted_share"] = f"{self.accepted[i]:.4f}"
            if self.other_pitch:
                row["other_pitch_share"] = f"{self.other_pitch[i]:.4f}"
            if self.doubtful:
                row["doubtful"] = int(self.doubtful[i])
            rows.append(row)
        return rows

    def _columns(self) -> tuple[str, ...]:
        share = ("accepted_share",) if self.accepted and self.posterior is None else ()
        known = () if self.posterior is None else NOTE_COLUMNS
        other = ("other_pitch_share",) if self.other_pitch else ()
        return (*COLUMNS, *known, *share, *other, *(("doubtful",) if self.doubtful else ()))

    def write_csv(self, path: str | Path, *, transpose: int = 0) -> None:
        """Write :meth:`to_csv`, atomically."""
        write_text(Path(path), self.to_csv(transpose=transpose))


def frame_probabilities(
    posterior: FramePredictive, recording: int, notes: Iterable[Note]
) -> tuple[float, ...]:
    """The mean probability of its pitch over the frames of every note."""
    probs, grid, vocabulary = posterior.of(recording), posterior.grid, posterior.vocabulary
    sure = []
    for note in notes:
        start, end = grid.span(note.onset, note.offset)
        start = min(start, probs.shape[0] - 1)
        under = probs[start : max(end, start + 1), vocabulary.class_of(note.pitch)]
        sure.append(float(under.mean()))
    return tuple(sure)


def _described(
    note: NoteHypothesis, vocabulary: Vocabulary, transpose: int
) -> dict[str, str | float]:
    """The columns of what the posterior says of a note; empty where it says nothing."""
    times = (note.onset_median, *note.onset_interval, note.offset_median, *note.offset_interval)
    doubt = (note.doubt.data, note.doubt.network, note.doubt.clock)
    others = [
        f"{vocabulary.pitch_name(pitch + transpose)}:{p:.3f}"
        for pitch, p in zip(vocabulary.pitches, note.alternatives, strict=True)
        if pitch != note.pitch and p >= LEAST_ALTERNATIVE
    ]
    numbers = (note.probability, *times, *doubt)
    words = [f"{x:.4f}" if math.isfinite(x) else "" for x in numbers]
    return dict(zip(NOTE_COLUMNS, [*words, " ".join(others)], strict=True))


@dataclass(frozen=True, repr=False)
class Transcriptions(Shown):
    """Notes of several recordings, a sequence of :class:`Transcription`."""

    items: tuple[Transcription, ...]

    def _shown(self) -> Mapping[str, object]:
        return {"recordings": len(self), "notes": sum(len(one.notes) for one in self)}

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Transcription]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Transcription:
        return self.items[index]

    def write_midi(self, path: str | Path, *, transpose: int = 0, **settings: Any) -> None:
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
            self.items[0].write_midi(path, transpose=transpose, **settings)
        else:
            files = [path / f"{_stem(item.id)}.mid" for item in self.items]
            if len(set(files)) < len(files):
                twice = next(file for file in files if files.count(file) > 1)
                raise InputError(f"{twice}: two recordings are of this name; write them apart")
            for item, file in zip(self.items, files, strict=True):
                item.write_midi(file, transpose=transpose, **settings)


def _stem(name: str) -> str:
    """A recording's id without folder and sound ending; a dot within an id stays."""
    path = Path(name)
    return path.stem if path.suffix.lower() in EXTENSIONS else path.name
