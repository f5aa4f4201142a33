"""Transcribe one held-out recording and say where it is least sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayes_a2m.demo.context import Outcome, Stage
from bayes_a2m.reporting import style
from bayes_a2m.reporting.html import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.music import Note, Vocabulary

NEAR = 0.1
"""Seconds within which a note's onset counts as found."""


def transcribe(stage: Stage) -> Outcome:
    """Write the MIDI, the table and the picture of the held-out recording that is in the middle.

    Of all held-out recordings, ordered by how sure the model is on average, the middle one:
    neither the prettiest nor the worst.
    """
    from bayes_a2m.reporting.transcription import transcription_figure

    model = stage.model
    recording = _middle(stage)
    posterior = model.predict([recording])
    found = model.decoder.decode(posterior)[0]
    name = f"voice_{recording.id}"
    folder = stage.folder / "transcription"
    found.write_midi(folder / f"{name}.mid")
    found.write_csv(folder / f"{name}.csv")
    spectrum = model.features_of(recording)
    figure = transcription_figure(posterior, found, spectrum, reference=recording.notes)
    style.save(figure, folder / f"{name}.png")
    notes = note_rows(found, recording.notes or ())
    least = min(notes, key=lambda note: float(note["frame_probability"]), default=None)
    facts: dict[str, Any] = {
        "id": recording.id,
        "condition": recording.condition,
        "sound": stage.file(recording),
        "files": {ending: f"transcription/{name}.{ending}" for ending in ("mid", "csv", "png")},
        "mean_confidence": float(posterior.confidence().mean()),
        "reference_notes": len(recording.notes or ()),
        "notes": notes,
        "least_sure": least,
        "missed": missed(recording.notes or (), found.notes, model.vocabulary),
    }
    words = f"{name}: {plural(len(notes), 'note')}"
    if least is not None:
        words += f", least sure of {least['name']} at {least['onset']:.2f} s"
    return Outcome(facts, words)


def note_rows(found: Transcription, reference: Sequence[Note]) -> list[dict[str, Any]]:
    """The notes found: where, what, how sure, and what the reference has there.

    ``reference`` is ``"match"`` where it has a note of this pitch with an onset within 0.1 s,
    ``"pitch only"`` where it has one that sounds meanwhile, else ``"none"``.
    """
    rows = []
    for note, probability in zip(found.notes, found.frame_probabilities, strict=True):
        same = [r for r in reference if r.pitch == note.pitch]
        overlapping = [r for r in same if r.onset < note.offset and note.onset < r.offset]
        nearest = min((abs(r.onset - note.onset) for r in same), default=None)
        matched = nearest is not None and nearest <= NEAR
        rows.append(
            {
                "onset": round(note.onset, 4),
                "offset": round(note.offset, 4),
                "name": found.vocabulary.pitch_name(note.pitch),
                "frame_probability": probability,
                "reference": "match" if matched else "pitch only" if overlapping else "none",
            }
        )
    return rows


def _middle(stage: Stage) -> Recording:
    """The held-out recording of middling mean confidence; one with notes, if there is any."""
    candidates = [r for r in stage.held_out if r.notes] or list(stage.held_out)
    sure = []
    with stage.watch.bar("listening") as update:
        for chunk, posterior in stage.model.predict_chunks(candidates):
            for i, recording in enumerate(chunk):
                sure.append((float(posterior.of(i).max(axis=1).mean()), recording.id))
            update(len(sure), len(candidates))
    chosen = sorted(sure)[len(sure) // 2][1]
    return next(r for r in candidates if r.id == chosen)


def missed(
    reference: Sequence[Note], found: Sequence[Note], vocabulary: Vocabulary
) -> list[dict[str, Any]]:
    """Notes of the reference without a found note of their pitch that begins within 0.1 s."""
    return [
        {"onset": note.onset, "offset": note.offset, "name": vocabulary.pitch_name(note.pitch)}
        for note in reference
        if not any(n.pitch == note.pitch and abs(n.onset - note.onset) <= NEAR for n in found)
    ]
