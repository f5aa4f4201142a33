"""Transcribe: a copy of a held-out recording with noise, as ``bayes-a2m transcribe`` writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from bayes_a2m.datasets.conditions import twins
from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.files.record import Record
from bayes_a2m.reporting.html import plural
from bayes_a2m.reporting.sound import write_flac
from bayes_a2m.transcription import transcription_of, write_transcription

if TYPE_CHECKING:
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.music import Note, Vocabulary

NEAR = 0.1
"""The seconds within which the onset of a note counts as found."""

RATE = 16000
"""The samples per second of the sound on the page."""

FORMATS = ("mid", "csv", "png")
"""The files that are written of the recording."""


class ReferenceNote(Record):
    """A note of the reference, times in seconds."""

    onset: float
    offset: float
    name: str


class PredictedNote(ReferenceNote):
    """A note predicted, and what the reference has there.

    Attributes
    ----------
    probability
        That the reference has it, with an onset within 50 ms.
    onset_low, onset_high
        The 90 % interval of its onset, seconds; None where no sample holds the note.
    reference
        ``match`` where the reference has a note of this pitch with an onset within 0.1 s,
        ``pitch only`` where it has one that sounds meanwhile, else ``none``.
    """

    probability: float
    onset_low: float | None
    onset_high: float | None
    reference: Literal["match", "pitch only", "none"]


class DemoTranscription(Record):
    """One recording, its notes and its reference.

    Attributes
    ----------
    degradation, severity
        What was done to the recording to bring it in doubt.
    sound, files
        Places within the demo's folder.
    duration
        Seconds.
    pitches
        Names of the pitches, the highest first.
    missed
        Reference notes of which no note predicted has pitch and, within 0.1 s, onset.
    least_sure
        The note of the lowest probability; None where there is no note.
    """

    id: str
    degradation: str
    severity: int
    sound: str
    files: dict[str, str]
    duration: float
    pitches: list[str]
    notes: list[PredictedNote]
    reference: list[ReferenceNote]
    missed: list[ReferenceNote]
    least_sure: PredictedNote | None


def transcribe(context: DemoContext) -> Outcome:
    """Write the files of the noisy copy of a held-out recording whose notes are most in doubt."""
    settings, model, vocabulary = context.settings, context.model, context.model.vocabulary
    held_out = context.held_out.pick(context.held_out.ids[: 2 * settings.degraded])
    kind, severity = (
        settings.degradations[0],
        sorted(settings.severities)[len(settings.severities) // 2],
    )
    found = []
    with context.watch.bar("decoding") as update:
        for done, copy in enumerate(twins(held_out, kind, severity, seed=settings.seed), start=1):
            found.append((copy, *transcription_of(model, copy)))
            update(done, len(held_out))
    recording, posterior, transcription = max(found, key=lambda one: doubt(one[2]))
    name, folder = f"voice_{recording.id}", context.folder / "transcription"
    write_transcription(
        model, recording, posterior, transcription, folder, name=name, formats=FORMATS
    )
    sound = f"transcription/{name}.flac"
    write_flac(context.folder / sound, recording.audio(RATE), RATE)
    reference = recording.notes or ()
    notes = predicted_notes(transcription, reference)
    least = min(notes, key=lambda note: note.probability, default=None)
    facts = DemoTranscription(
        id=recording.id,
        degradation=kind,
        severity=severity,
        sound=sound,
        files={ending: f"transcription/{name}.{ending}" for ending in FORMATS},
        duration=recording.duration,
        pitches=[vocabulary.pitch_name(pitch) for pitch in reversed(vocabulary.pitches)],
        notes=notes,
        reference=[_plain(note, vocabulary) for note in reference],
        missed=[_plain(n, vocabulary) for n in reference if not _found(n, transcription.notes)],
        least_sure=least,
    )
    words = f"{name}: {plural(len(notes), 'note')}"
    if least is not None:
        words += f", least sure of {least.name} at {least.onset:.2f} s ({least.probability:.2f})"
    return Outcome(facts, words)


def doubt(transcription: Transcription) -> float:
    """The doubt about the notes: the variance of being right, mean over the notes."""
    known = transcription.probabilities or ()
    return sum(p * (1 - p) for p in known) / max(len(known), 1)


def predicted_notes(transcription: Transcription, reference: Sequence[Note]) -> list[PredictedNote]:
    """The notes predicted, how sure each is, and what the reference has there."""
    rows = []
    for hypothesis in transcription.hypotheses or ():
        note = hypothesis.note
        same = [r for r in reference if r.pitch == note.pitch]
        meanwhile = any(r.onset < note.offset and note.onset < r.offset for r in same)
        bounds = [b if b == b else None for b in hypothesis.onset_interval]  # nan: not known
        rows.append(
            PredictedNote(
                onset=round(note.onset, 4),
                offset=round(note.offset, 4),
                name=transcription.vocabulary.pitch_name(note.pitch),
                probability=hypothesis.probability,
                onset_low=bounds[0],
                onset_high=bounds[1],
                reference="match" if _found(note, same) else "pitch only" if meanwhile else "none",
            )
        )
    return rows


def _found(note: Note, others: Sequence[Note]) -> bool:
    """Whether one of the others has this pitch and, within 0.1 s, this onset."""
    return any(n.pitch == note.pitch and abs(n.onset - note.onset) <= NEAR for n in others)


def _plain(note: Note, vocabulary: Vocabulary) -> ReferenceNote:
    name = vocabulary.pitch_name(note.pitch)
    return ReferenceNote(onset=note.onset, offset=note.offset, name=name)
