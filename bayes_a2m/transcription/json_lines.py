"""Notes as JSON lines: one object a note, which other programs read as they come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.transcription.intonation import Intonation


def json_lines(
    transcription: Transcription, *, transpose: int = 0, intonation: Intonation | None = None
) -> str:
    """A line for each note: times in seconds, probabilities from 0 to 1, null where unknown."""
    lines = [
        json.dumps(row, ensure_ascii=False, allow_nan=False)
        for row in note_objects(transcription, transpose=transpose, intonation=intonation)
    ]
    return "".join(f"{line}\n" for line in lines)


def note_objects(
    transcription: Transcription, *, transpose: int = 0, intonation: Intonation | None = None
) -> list[dict[str, Any]]:
    """The notes and all that is known of each, as plain values."""
    vocabulary, objects = transcription.vocabulary, []
    for i, note in enumerate(transcription.notes):
        pitch = note.pitch + transpose
        one: dict[str, Any] = {
            "recording": transcription.id,
            "onset": round(note.onset, 6),
            "offset": round(note.offset, 6),
            "pitch": pitch,
            "name": vocabulary.pitch_name(pitch),
            "velocity": note.velocity,
            "probability": None,
            "frame_probability": round(transcription.frame_probabilities[i], 6),
        }
        if transcription.hypotheses is not None:
            known = transcription.hypotheses[i].to_dict()
            one |= {name: _rounded(known[name]) for name in _KNOWN}
            one["alternatives"] = {
                vocabulary.pitch_name(p + transpose): round(q, 6)
                for p, q in zip(vocabulary.pitches, known["alternatives"], strict=True)
            }
        if transcription.other_pitch:
            one["other_pitch_share"] = round(transcription.other_pitch[i], 6)
        if transcription.doubtful:
            one["doubtful"] = transcription.doubtful[i]
        if intonation is not None:
            one["cents"] = _rounded(intonation.cents[i])
        objects.append(one)
    return objects


_KNOWN = (
    "probability",
    "onset_median",
    "onset_interval",
    "offset_median",
    "offset_interval",
    "sounding",
    "doubt",
)


def _rounded(value: Any) -> Any:
    """Numbers to six decimals, within lists and objects, too."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return round(value, 6) if isinstance(value, float) else value
