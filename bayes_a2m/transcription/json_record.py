"""A transcription as one JSON object: what is known of the recording, and of every note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayes_a2m.transcription.json_lines import note_objects

if TYPE_CHECKING:
    from bayes_a2m.transcription.transcribed import FileSettings, TranscribedRecording

FORMAT = 1
"""Version of the object."""


def json_record(one: TranscribedRecording, settings: FileSettings) -> dict[str, Any]:
    """Everything that is known, as plain values; None for what is not."""
    transcription = one.transcription
    known, tuning = transcription.posterior, one.reference_pitch
    key = None if one.choice is None else one.choice.key
    return {
        "format_version": FORMAT,
        "recording": transcription.id,
        "model": one.model.name,
        "seconds": round(one.samples.shape[0] / one.rate, 6),
        "pitches": list(transcription.vocabulary.pitches),
        "sounding_offset": transcription.vocabulary.sounding_offset,
        "transposed": settings.transpose,
        "key": None if key is None else key.name,
        "tuning": None if tuning is None else tuning.to_dict(),
        "other_pitches": None if one.check is None else _other_pitches(one),
        "unlike": list(one.unlike),
        "expected_f1": None if known is None or one.unlike else round(known.expected_f1, 6),
        "notes": note_objects(
            transcription, transpose=settings.transpose, intonation=one.intonation
        ),
    }


def _other_pitches(one: TranscribedRecording) -> dict[str, Any]:
    """How much sounds at other pitches than the vocabulary's; null where next to nothing sounds."""
    share = None if one.check is None else one.check.share
    return {
        "share": None if share is None else round(share, 6),
        "notes": sum(own >= 0.5 for own in one.transcription.other_pitch),
    }
