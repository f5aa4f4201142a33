"""Transcribe: one held-out recording, as ``bayes-a2m transcribe`` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.reporting.html import plural
from bayes_a2m.transcription import DEFAULT_FORMATS, transcription_of, write_transcription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.music import Note, Vocabulary

NEAR = 0.1
"""The seconds within which the onset of a note counts as found."""


def transcribe(context: DemoContext) -> Outcome:
    """Write the MIDI, the table and the picture of the held-out recording that is in the middle.

    Of all held-out recordings, ordered by how sure the model is on average, the middle one:
    neither the prettiest nor the worst.
    """
    model, recording = context.model, _middle(context)
    name, folder = f"voice_{recording.id}", context.folder / "transcription"
    posterior, transcription = transcription_of(model, recording)
    write_transcription(model, recording, posterior, transcription, folder, name=name)
    reference = recording.notes or ()
    notes = note_rows(transcription, reference)
    least = min(notes, key=lambda note: float(note["frame_probability"]), default=None)
    facts: dict[str, Any] = {
        "id": recording.id,
        "condition": recording.condition,
        "sound": context.file(recording),
        "files": {ending: f"transcription/{name}.{ending}" for ending in DEFAULT_FORMATS},
        "mean_confidence": float(posterior.confidence().mean()),
        "reference_notes": len(reference),
        "notes": notes,
        "least_sure": least,
        "missed": missed(reference, transcription.notes, model.vocabulary),
    }
    words = f"{name}: {plural(len(notes), 'note')}"
    if least is not None:
        words += f", least sure of {least['name']} at {least['onset']:.2f} s"
    return Outcome(facts, words)


def note_rows(transcription: Transcription, reference: Sequence[Note]) -> list[dict[str, Any]]:
    """The notes found, how sure each is, and what the reference has there.

    ``reference`` is ``"match"`` where it has a note of this pitch with an onset within 0.1 s,
    ``"pitch only"`` where it has one that sounds meanwhile, else ``"none"``.
    """
    rows = []
    for note, probability in zip(
        transcription.notes, transcription.frame_probabilities, strict=True
    ):
        same = [r for r in reference if r.pitch == note.pitch]
        overlapping = [r for r in same if r.onset < note.offset and note.onset < r.offset]
        nearest = min((abs(r.onset - note.onset) for r in same), default=None)
        matched = nearest is not None and nearest <= NEAR
        rows.append(
            {
                "onset": round(note.onset, 4),
                "offset": round(note.offset, 4),
                "name": transcription.vocabulary.pitch_name(note.pitch),
                "frame_probability": probability,
                "reference": "match" if matched else "pitch only" if overlapping else "none",
            }
        )
    return rows


def _middle(context: DemoContext) -> Recording:
    """The held-out recording of middling mean confidence; one with notes, if there is any."""
    statistics = context.evaluation.frames
    confidence = statistics.top_confidence.sum(axis=1) / statistics.frames
    by_id = dict(zip(context.evaluation.ids, confidence.tolist(), strict=True))
    candidates = [r for r in context.held_out if r.notes] or list(context.held_out)
    return sorted(candidates, key=lambda r: (by_id[r.id], r.id))[len(candidates) // 2]


def missed(
    reference: Sequence[Note], notes: Sequence[Note], vocabulary: Vocabulary
) -> list[dict[str, Any]]:
    """The reference notes without a found note of their pitch that begins within 0.1 s."""
    return [
        {"onset": note.onset, "offset": note.offset, "name": vocabulary.pitch_name(note.pitch)}
        for note in reference
        if not any(n.pitch == note.pitch and abs(n.onset - note.onset) <= NEAR for n in notes)
    ]
